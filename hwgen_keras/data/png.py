"""Grey images as PNG files and back."""

import io

import numpy as np
from PIL import Image

# Pillow's errors for a file that is damaged or no image.
DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_RLE = 3  # zlib's Z_RLE, which Python does not name


def encode(image, **options):
    """A uint8 array (height, width) as a PNG file."""
    file = io.BytesIO()
    options = {"compress_level": 6} | options
    Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG", **options)
    return file.getvalue()


def encode_glyph(image):
    """Like `encode`; for the flat areas of glyphs smaller files in half the time."""
    return encode(image, compress_level=3, compress_type=_RLE)


def decode(png):
    """A PNG file as a uint8 array (height, width); may raise one of `DAMAGED`."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        return np.array(image if image.mode == "L" else image.convert("L"))
