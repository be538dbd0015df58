"""The glyphs that a generator rewrites, drawn from fonts."""

import functools
import importlib.util
import pathlib

import numpy as np

from hwgen_keras.data.forms import compare_forms, glyphs_place
from hwgen_keras.data.placing import moved, place
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.sources import Font, find_fonts, system_fonts


def glyphs(characters, fonts, image_size, forms=(0.0, 0.0)):
    """Glyphs in the place that they have in training, each of the first font with it.

    Args:
        characters: list of characters.
        fonts: a font file, a folder of fonts, a `Font`, a list of these, or None for
            `default_font`.
        image_size: side in pixels.
        forms: slant and stretch, from `forms_of`.

    Returns:
        float32 (n, image_size, image_size, 1) in [-1, 1]; InputError without a font.
    """
    drawn = draw(characters, fonts, image_size)
    missing = [c for c in dict.fromkeys(characters) if c not in drawn]
    if missing:
        raise InputError(
            f"fonts: no font draws {listed(missing)!r}; give one that does."
        )
    return place_glyphs(drawn, characters, image_size, forms)


def draw(characters, fonts, image_size):
    """Glyphs without margins, {character: uint8 (image_size, image_size)}.

    Characters that no font draws are missing. For the arguments see `glyphs`.
    """
    fonts = font_list(fonts)
    drawn = {c: _draw(fonts, c, image_size) for c in dict.fromkeys(characters)}
    return {c: glyph for c, glyph in drawn.items() if glyph is not None}


def place_glyphs(drawn, characters, image_size, forms=(0.0, 0.0)):
    """Glyphs of `draw` in the place that they have in training, bent to a hand.

    See `glyphs` for the arguments and the result.
    """
    images = np.stack([drawn[c] for c in characters])
    return moved(images, glyphs_place(images, characters, *forms), image_size)


def forms_of(hand, shown, drawn, image_size):
    """A hand's slant and stretch beyond those of the fonts' glyphs `drawn`, (2,).

    `hand` has n images as of `prepare`, `shown` their characters or None.
    """
    rows = [row for row, c in enumerate(shown) if c in drawn]
    if not rows:
        return np.zeros(2)
    printed = place(np.stack([drawn[shown[row]] for row in rows]), image_size)
    return compare_forms(to_uint8(hand[rows]), to_uint8(printed))


def listed(characters):
    """The first ten of a list of characters, for a sentence."""
    return "、".join(characters[:10]) + (" and others" if characters[10:] else "")


@functools.cache
def default_font():
    """IPAexGothic of matplotlib-fontja, or an installed font; InputError without."""
    package = importlib.util.find_spec("matplotlib_fontja")
    if package is not None and package.origin:
        folder = pathlib.Path(package.origin).parent / "fonts"
        if folder.is_dir():
            return find_fonts(folder)[0]
    installed = system_fonts()
    if not installed:
        raise InputError(
            "No Japanese font is installed: give fonts=FILE_OR_FOLDER, or "
            "`pip install matplotlib-fontja`."
        )
    return installed[0]


def font_list(fonts):
    """The fonts of an argument of `glyphs`, a tuple; InputError if there are none."""
    if fonts is None:
        return (default_font(),)
    if isinstance(fonts, Font):
        return (fonts,)
    if not isinstance(fonts, list | tuple):
        fonts = [fonts]
    unique: dict[Font, None] = {}
    for font in fonts:
        found = [font] if isinstance(font, Font) else find_fonts([font])
        unique |= dict.fromkeys(found)
    if not unique:
        raise InputError("fonts: the list is empty; give a font, or None.")
    return tuple(unique)


@functools.lru_cache(maxsize=1 << 13)
def _draw(fonts, character, image_size):
    for font in fonts:
        if font.covers(character):
            glyph, fault = font.try_render(character, image_size, margin=0.0)
            if fault is None:
                return glyph
    return None
