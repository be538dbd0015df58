"""Strokes and groups of characters from the PyPI package `kanjivg`.

KanjiVG is copyright Ulrich Apel, CC BY-SA 3.0, https://kanjivg.tagaini.net.
"""

import functools
import importlib.metadata
import pathlib
import xml.etree.ElementTree as ElementTree

import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from hwgen_keras.characters.sets import check_character
from hwgen_keras.errors import InputError

LICENCE = "CC BY-SA 3.0 (KanjiVG)"
# Side of the box in which KanjiVG draws.
BOX = 109.0


@functools.cache
def _distribution():
    try:
        return importlib.metadata.distribution("kanjivg")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "The package kanjivg is not installed; run `pip install kanjivg`."
        ) from None


def version():
    """The version of the package `kanjivg`, which is the date of its strokes."""
    return _distribution().version


def has_character(character, variant=None):
    """Whether KanjiVG describes `character`, or its variant of that name."""
    return _file(character, variant).exists()


def stroke_group(character, variant=None):
    """The outermost `<g>` of a character: an element tree of groups and paths.

    Groups have the attributes `element`, `position`, `part`, ...; paths have their
    outline in `d` and the kind of stroke in `type`. Attribute names begin with
    `kvg_`, as in `kvg_element`.

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
    # Files bind the prefix to http or to https: as plain text it is the same in all.
    text = file.read_text(encoding="utf-8").replace("kvg:", "kvg_")
    root = ElementTree.fromstring(text[text.index("<svg") :])
    outer = next(g for g in root if g.get("id", "").startswith("kvg_StrokePaths"))
    return outer[0] if len(outer) == 1 else outer


def stroke_points(path, pieces):
    """Points along a stroke: float array (n, 2), x to the right, y down, in `BOX`.

    Args:
        path: the `<path>` of the stroke, which consists of Bézier curves.
        pieces: straight pieces that replace a curve.
    """
    pen = RecordingPen()
    parse_path(path.get("d"), pen)
    t = np.linspace(0, 1, pieces + 1)[1:, None]
    points: list = []
    for operation, operands in pen.value:
        operands = np.asarray(operands, float)
        if operation == "curveTo":
            start, (first, second, end) = points[-1][-1], operands
            curve = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first
            operands = curve + (3 * (1 - t) * t**2 * second + t**3 * end)
        if len(operands):
            points.append(operands)
    return np.concatenate(points)


def stroke_curves(path):
    """The Bézier curves of a stroke: float array (3 curves + 1, 2) in `BOX`.

    The first point, then of each curve its two handles and its end; a straight line is
    a curve, too.

    Args:
        path: the `<path>` of the stroke.
    """
    pen = RecordingPen()
    parse_path(path.get("d"), pen)
    points: list = []
    for operation, operands in pen.value:
        operands = list(np.asarray(operands, float))
        if operation == "lineTo":
            start, end = points[-1], operands[0]
            operands = [(2 * start + end) / 3, (start + 2 * end) / 3, end]
        points += operands
    return np.array(points)


def _file(character, variant):
    check_character(character)
    suffix = f"-{variant}" if variant else ""
    name = f"kanji/{ord(character):05x}{suffix}.svg"
    return pathlib.Path(str(_distribution().locate_file(name)))
