from .connecting import computing as computing
from .connecting import connected as connected
from .engine import DASK as DASK
from .engine import LOCAL as LOCAL
from .engine import Engine as Engine
from .jobs import Cluster as Cluster
from .machine import environments as environments
from .machine import visible_gpus as visible_gpus
