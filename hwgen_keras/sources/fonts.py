"""Glyphs of TrueType and OpenType fonts as images."""

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hwgen_keras.characters.sets import check_character
from hwgen_keras.errors import InputError
from hwgen_keras.sources import glyphs
from hwgen_keras.sources.images import check_layout, keeps_place, place_in_square

# Least size of a glyph before it is reduced: hinting bends the outlines of small ones.
_LEAST_PIXELS = 192
# Size in pixels of a glyph that is only tested.
TEST_PIXELS = 64
# Mean darkness from which strokes are indistinguishable.
_FULLEST = 0.9


@dataclasses.dataclass(frozen=True)
class Font:
    """One face of a font file. Small, hashable and picklable: files open lazily.

    Attributes:
        path: the font file.
        index: number of the face in a collection, 0 in a plain font.
        name: family and style; unique among the fonts that `find_fonts` returns.

    Example:
        >>> font = hw.find_fonts("fonts")[0]
        >>> font.covers("あ"), font.render("あ", image_size=32).shape
        (True, (32, 32))
    """

    path: str
    index: int
    name: str

    def covers(self, character: str) -> bool:
        """Whether the font has a glyph of `character`.

        The character must be in the cmap, its outline must not be blank, and it must
        not be the outline of .notdef, the substitute for missing glyphs.

        Args:
            character: a string of one character.

        Raises:
            InputError: it is no string, or the file is damaged.
        """
        _check_text(character)
        return _covers(self, character)

    def draw(
        self, character: str, pixels: int
    ) -> tuple[Image.Image | None, tuple[int, int] | None, str | None]:
        """Draws the glyph of a character at a given size of the em.

        Args:
            character: a string of one character.
            pixels: side of the em in pixels.

        Returns:
            (PIL image, (left, top), None), black on white, cropped to the ink, with
            its place relative to the origin on the baseline; or (None, None, fault):
            `"missing"` from the cmap, `"blank"`, or `"notdef"`, the substitute for
            missing glyphs.

        Raises:
            InputError: it is no string, or the file is damaged.
        """
        _check_text(character)
        mapped, _ = glyphs.tables(self.path, self.index)
        if len(character) != 1 or ord(character) not in mapped:
            return None, None, "missing"
        ink, place = glyphs.draw(self.path, self.index, character, pixels)
        if ink is None:
            return None, None, "blank"
        if glyphs.is_notdef(self.path, self.index, ink, place, pixels):
            return None, None, "notdef"
        return ink, place, None

    def render(
        self, character: str, image_size: int, margin: float = 0.08
    ) -> NDArray[np.uint8]:
        """Draws one character, centred, filling the square, aspect ratio kept.

        Small kana, punctuation and lower-case letters keep their size and place in
        the em box instead.

        Args:
            character: a string of one character.
            image_size: side of the square in pixels, at least 8.
            margin: empty border on each side as a fraction of the side, in [0, 0.4].

        Returns:
            uint8 array (image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: the font lacks the character, its outline is blank or fills
                the box, a value is out of range, or the file is damaged.
        """
        image, fault = self.try_render(character, image_size, margin)
        if image is not None:
            return image
        problem = f"lacks the character {character!r}"
        if fault == "full":
            problem = f"draws {character!r} as an almost full box"
        raise InputError(
            f"The font {self.path} ({self.name}) {problem}; leave one of the two out."
        )

    def try_render(
        self, character: str, image_size: int, margin: float = 0.08
    ) -> tuple[NDArray[np.uint8] | None, str | None]:
        """Draws one character, or returns its fault.

        Args:
            character, image_size, margin: as for `render`.

        Returns:
            (image, None) with the image of `render`, or (None, fault) with a fault of
            `draw` or `"full"`, an almost full box.

        Raises:
            InputError: it is no string, a value is out of range, or the file is
                damaged.
        """
        check_layout(image_size, margin)
        pixels = max(2 * image_size, _LEAST_PIXELS)
        ink, place, fault = self.draw(character, pixels)
        if ink is None:
            return None, fault
        if keeps_place(character):
            ink = glyphs.in_em_box(self.path, self.index, character, ink, place, pixels)
        image = place_in_square(ink, image_size, margin, Image.Resampling.HAMMING)
        if (255 - image).mean() > _FULLEST * 255 * (1 - 2 * margin) ** 2:
            return None, "full"
        return image, None


def _check_text(character):
    """Raises InputError unless it is a string; no font has one of two characters."""
    if not isinstance(character, str):
        check_character(character)


@functools.lru_cache(maxsize=1 << 17)
def _covers(font, character):
    return font.draw(character, TEST_PIXELS)[2] is None
