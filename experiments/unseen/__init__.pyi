from .results import accuracies, draw, held_out, table
