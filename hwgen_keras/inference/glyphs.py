"""The glyphs that a generator rewrites, drawn from fonts."""

import functools
import importlib.util
import pathlib

import numpy as np

from hwgen_keras.data.feed_python import moved, place
from hwgen_keras.data.forms import compare_forms, glyphs_place
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
        forms: slant and stretch, of `forms_of`.

    Returns:
        float32 (n, image_size, image_size, 1) in [-1, 1].

    Raises:
        InputError: there is no font, or none has a character.
    """
    drawn = draw(characters, fonts, image_size)
    missing = [c for c in dict.fromkeys(characters) if c not in drawn]
    if missing:
        raise InputError(
            f"fonts: no font draws {listed(missing)!r}; give one that does."
        )
    return place_glyphs(drawn, characters, image_size, forms)


def draw(characters, fonts, image_size):
    """Glyphs without margins, each of the first font with it.

    Args:
        characters, fonts, image_size: as of `glyphs`.

    Returns:
        {character: uint8 (image_size, image_size)}; what no font draws is missing.
    """
    fonts = font_list(fonts)
    drawn = {c: _draw(fonts, c, image_size) for c in dict.fromkeys(characters)}
    return {c: glyph for c, glyph in drawn.items() if glyph is not None}


def place_glyphs(drawn, characters, image_size, forms=(0.0, 0.0)):
    """Drawn glyphs in the place that they have in training, bent to a hand.

    Args:
        drawn: {character: uint8 (size, size)}, of `draw`.
        characters, image_size, forms: as of `glyphs`.

    Returns:
        float32 (n, image_size, image_size, 1) in [-1, 1].
    """
    images = np.stack([drawn[c] for c in characters])
    return moved(images, glyphs_place(images, characters, *forms), image_size)


def forms_of(hand, told, drawn, image_size):
    """How much more a hand leans and stretches characters than the fonts' glyphs do.

    Args:
        hand: float32 (n, image_size, image_size, 1) in [-1, 1], in their place.
        told: list of the n characters that they show, or None where that is unknown.
        drawn: {character: uint8 (size, size)}, of `draw`.
        image_size: side in pixels.

    Returns:
        (2,): slant and stretch, see `data.forms.compare_forms`.
    """
    rows = [row for row, c in enumerate(told) if c in drawn]
    if not rows:
        return np.zeros(2)
    printed = place(np.stack([drawn[told[row]] for row in rows]), image_size)
    return compare_forms(to_uint8(hand[rows]), to_uint8(printed))


def listed(characters):
    """Some characters, in words."""
    return "、".join(characters[:10]) + (" and others" if characters[10:] else "")


@functools.cache
def default_font():
    """IPAexGothic of the package matplotlib-fontja, or the first installed font.

    Raises:
        InputError: there is none.
    """
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
    """The fonts whose glyphs are rewritten, as a tuple; what it gives, it takes.

    Args:
        fonts: as of `glyphs`.

    Raises:
        InputError: there is no font.
    """
    if fonts is None:
        return (default_font(),)
    if isinstance(fonts, Font):
        return (fonts,)
    if not isinstance(fonts, list | tuple):
        fonts = [fonts]
    found = []
    for font in fonts:
        found += [font] if isinstance(font, Font) else find_fonts(font)
    if not found:
        raise InputError("fonts: the list is empty; give a font, or None.")
    return tuple(dict.fromkeys(found))


@functools.lru_cache(maxsize=1 << 13)
def _draw(fonts, character, image_size):
    for font in fonts:
        if font.covers(character):
            glyph, fault = font.try_render(character, image_size, margin=0.0)
            if fault is None:
                return glyph
    return None
