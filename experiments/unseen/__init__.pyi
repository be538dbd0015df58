from .results import accuracies as accuracies
from .results import draw as draw
from .results import held_out as held_out
from .results import table as table
