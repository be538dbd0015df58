from .page import Grid as Grid
from .page import draw_pages as draw_pages
from .page import lay_out as lay_out
from .page import save_pages as save_pages
from .text import load_hands as load_hands
from .text import write as write
