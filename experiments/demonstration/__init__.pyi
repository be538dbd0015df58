from .data import choose_fonts, write_by_hand
from .exported import write_in_new_hands
from .report import SIMULATED, write_report
