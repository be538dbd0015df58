"""Draws the glyphs of one face of a font with FreeType."""

import contextlib
import functools
import io
import struct
import zlib

import brotli
import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageChops, ImageDraw, ImageFont

from hwgen_keras.errors import InputError

# The exceptions of fontTools and Pillow for damaged files.
BROKEN: tuple[type[Exception], ...] = (
    *(OSError, TTLibError, struct.error, zlib.error, brotli.error, AssertionError),
    *(ValueError, LookupError, OverflowError, AttributeError, TypeError),
    *(EOFError, MemoryError, NotImplementedError, RecursionError),
)


@contextlib.contextmanager
def open_face(path, index):
    """A face in fontTools; its use may raise any of `BROKEN`."""
    # TTFont leaves a file open that it opened itself when it fails.
    with open(path, "rb") as file, TTFont(file, fontNumber=index, lazy=True) as font:
        yield font


def draw(path, index, character, pixels):
    """A glyph at `pixels` per em, black on white, cropped to its ink.

    Args:
        path, index: a font file and the number of the face in it.
        character: a string of one character.
        pixels: side of the em in pixels.

    Returns:
        (PIL image, (left, top)), the place relative to the origin on the baseline;
        (None, None) if the glyph is blank.

    Raises:
        InputError: the font file, or this glyph of it, is damaged.
    """
    face = freetype(path, index, pixels)
    try:
        left, top, right, bottom = face.getbbox(character, anchor="ls")
        canvas = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
        drawing = ImageDraw.Draw(canvas)
        drawing.text((-left, -top), character, fill=255, font=face, anchor="ls")
    except (OSError, ValueError, MemoryError, Image.DecompressionBombError) as error:
        raise InputError(
            f"The font {path} is damaged at the character {character!r} "
            f"({error}); replace or remove it."
        ) from None
    box = canvas.getbbox()
    if box is None:
        return None, None
    return ImageChops.invert(canvas.crop(box)), (left + box[0], top + box[1])


def in_em_box(path, index, character, ink, place, pixels):
    """Puts the cropped ink of `draw` back to its place in the font's em box.

    Returns:
        PIL image of mode "L" with the side `pixels`, or that of larger ink.
    """
    _, (em_top, _) = tables(path, index)
    face = freetype(path, index, pixels)
    # A proportional glyph, narrower than the em, is centred in the box.
    left = place[0] + (pixels - face.getlength(character)) / 2
    top = place[1] + em_top * pixels
    # Ink outside of the box is moved into it.
    left = np.clip(round(left), 0, max(0, pixels - ink.width))
    top = np.clip(round(top), 0, max(0, pixels - ink.height))
    side = max(pixels, *ink.size)
    box = Image.new("L", (side, side), 255)
    box.paste(ink, (int(left), int(top)))
    return box


@functools.lru_cache(maxsize=256)
def _notdef(path, index, pixels):
    """The glyph of a face for characters that it lacks, from `draw`."""
    mapped, _ = tables(path, index)
    unmapped = next(c for c in range(0x10FFFF, 0, -1) if c not in mapped)
    return draw(path, index, chr(unmapped), pixels)


def is_notdef(path, index, ink, place, pixels):
    """Whether the ink and place from `draw` are those of the glyph .notdef."""
    tofu, tofu_place = _notdef(path, index, pixels)
    return tofu is not None and place == tofu_place and ink == tofu


@functools.lru_cache(maxsize=256)
def freetype(path, index, pixels):
    """A face in Pillow at `pixels` per em.

    Raises:
        InputError: FreeType cannot open the file.
    """
    settings = pixels, index, "", ImageFont.Layout.BASIC
    try:
        try:
            return ImageFont.truetype(path, *settings)
        except OSError:
            # FreeType may be built without zlib or Brotli.
            unpacked = _unpacked(path)
            if unpacked is None:
                raise
            return ImageFont.truetype(unpacked, *settings)
    except BROKEN as error:
        raise InputError(
            f"The font {path} cannot be opened ({error}); replace or remove it."
        ) from None


def _unpacked(path):
    """A WOFF or WOFF2 file as a plain font in memory; None for other files."""
    with open(path, "rb") as file:
        if file.read(4) not in (b"wOFF", b"wOF2"):
            return None
        file.seek(0)
        font = TTFont(file)
        font.flavor = None
        unpacked = io.BytesIO()
        font.save(unpacked, reorderTables=None)
    unpacked.seek(0)
    return unpacked


@functools.lru_cache(maxsize=256)
def tables(path, index):
    """Mapped code points, and the em box's (top, bottom) above the baseline in em.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with open_face(path, index) as font:
            cmap = font.getBestCmap() or {}
            mapped = frozenset(c for c, glyph in cmap.items() if glyph != ".notdef")
            # Not parsed, since fontTools warns of unusual dates in this table.
            (units,) = struct.unpack_from(">H", font.reader["head"], 18)
            top, bottom = 0.88, -0.12
            if "OS/2" in font:
                ascender = font["OS/2"].sTypoAscender / units
                descender = font["OS/2"].sTypoDescender / units
                # They are the em box only if they span one em.
                if abs(ascender - descender - 1) < 0.01:
                    top, bottom = ascender, descender
    except BROKEN + (ZeroDivisionError,) as error:
        raise InputError(
            f"{path} is not a readable font ({error}); replace or remove it."
        ) from None
    return mapped, (top, bottom)
