from .images import choose_fonts, write_by_hand, write_in_new_hands
from .parts import announced
from .report import SIMULATED, write_report
