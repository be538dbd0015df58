from . import fits as fits
from .licences import licence as licence
from .parts import match, simulate
from .report import report
from .sheets import write_sheets
