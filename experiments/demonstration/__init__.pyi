from .data import choose_fonts as choose_fonts
from .data import write_by_hand as write_by_hand
from .exported import write_in_new_hands as write_in_new_hands
from .report import SIMULATED as SIMULATED
from .report import write_report as write_report
