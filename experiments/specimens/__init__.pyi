from .page import Grid, draw_pages, lay_out, save_pages
from .strokes import draw_strokes, write_strokes
from .text import load_hands, write
from .vector_page import draw_vector_pages, save_animated_page, save_vector_pages
