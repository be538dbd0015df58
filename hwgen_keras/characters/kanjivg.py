"""Access to the SVG files of KanjiVG as installed by the PyPI package `kanjivg`.

KanjiVG is copyright Ulrich Apel, CC BY-SA 3.0, https://kanjivg.tagaini.net.
"""

import functools
import importlib.metadata
import pathlib
import xml.etree.ElementTree as ElementTree

from hwgen_keras.errors import InputError


@functools.cache
def folder():
    """The folder that holds `<code point>.svg` for each character."""
    return pathlib.Path(str(_distribution().locate_file("kanji")))


def version():
    """The version of the package `kanjivg`, the date of its strokes."""
    return _distribution().version


def _distribution():
    try:
        return importlib.metadata.distribution("kanjivg")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "The package kanjivg is not installed; run `pip install kanjivg`."
        ) from None


def has_character(character, variant=None):
    """Whether KanjiVG describes `character`, or its variant of that name."""
    return _file(character, variant).exists()


def stroke_group(character, variant=None):
    """The outermost `<g>` of a character: an element tree of groups and paths.

    Groups carry the attributes `element`, `position`, `part`, ...; paths carry
    their outline in `d` (a 109 x 109 box) and the kind of stroke in `type`.
    Attribute names are written `kvg_element`, `kvg_position`, ...

    Args:
        character: one character.
        variant: None for the usual form, or the name of a variant: "Kaisho" for
            careful handwriting, "Hyougai" for the printed form of kanji outside the
            official list, ...

    Raises:
        InputError: KanjiVG does not describe `character`, or not that variant.
    """
    file = _file(character, variant)
    if not file.exists():
        form = f" in the variant {variant}" if variant else ""
        raise InputError(
            f"KanjiVG has no strokes for the character {character!r}{form}."
        )
    # The prefix is bound to http in some files and to https in others: as plain
    # text in the attribute's name it is the same in all of them.
    text = file.read_text(encoding="utf-8").replace("kvg:", "kvg_")
    text = text[text.index("<svg") :]
    root = ElementTree.fromstring(text)
    outer = next(g for g in root if g.get("id", "").startswith("kvg_StrokePaths"))
    inner = outer[0] if len(outer) == 1 else outer
    return inner


def _file(character, variant):
    suffix = f"-{variant}" if variant else ""
    return folder() / f"{ord(character):05x}{suffix}.svg"
