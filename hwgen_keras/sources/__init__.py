"""Where images come from: fonts, simulated pens, and pictures to be cleaned."""

from hwgen_keras.sources.font_files import find_fonts, system_fonts
from hwgen_keras.sources.fonts import Font
from hwgen_keras.sources.images import clean_image, read_image
from hwgen_keras.sources.pen import PenWriter

__all__ = [
    "Font",
    "PenWriter",
    "clean_image",
    "find_fonts",
    "read_image",
    "system_fonts",
]
