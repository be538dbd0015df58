from .page import Grid, draw_pages, lay_out, save_pages
from .text import load_hands, write
