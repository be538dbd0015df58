from .font_files import find_fonts as find_fonts
from .font_files import system_fonts as system_fonts
from .fonts import Font as Font
from .images import clean_image as clean_image
from .images import read_image as read_image
from .pen import PenWriter as PenWriter
