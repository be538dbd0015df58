from .parts import match, simulate
from .report import report
from .sheets import write_sheets
