from .domain import Domain as Domain
from .knowledge import Encodes as Encodes
from .knowledge import Knowledge as Knowledge
from .sets import CharacterSet as CharacterSet
from .sets import character_set as character_set
from .structure import explain as explain
from .structure import read_structures as read_structures
from .tokenizer import StructureTokenizer as StructureTokenizer
