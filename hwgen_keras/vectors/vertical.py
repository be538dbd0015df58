"""How characters of horizontal writing look in vertical writing."""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.images import SMALL_KANA
from hwgen_keras.vectors.outlines import Outline

CORNER, TURNED, MIRRORED, SMALL = "corner", "turned", "mirrored", "small"
# Marks that vertical writing has upright in the other corner.
CORNER_MARKS = frozenset("、。，．")
# Marks that lie along the line, besides brackets and dashes.
_ALONG = frozenset("～…‥：；＝")


def vertical_form(character: str) -> str | None:
    """What vertical writing does to a character.

    Args:
        character: a string of one character.

    Returns:
        None: it looks the same; `"corner"`: it moves to the upper right; `"small"`: a
        small kana, which does so, too; `"turned"`: it is turned by a quarter clockwise;
        `"mirrored"`: it runs down instead of to the right.
    """
    if character in SMALL_KANA:
        return SMALL
    if character in CORNER_MARKS:
        return CORNER
    if character == "ー":
        return MIRRORED
    if character in _ALONG or unicodedata.category(character) in ("Ps", "Pe", "Pd"):
        return TURNED
    return None


def vertical_outline(character: str, outline: Outline) -> Outline:
    """The outline that a character has in vertical writing.

    Args:
        character: a string of one character.
        outline: its `Outline` in horizontal writing.

    Returns:
        An `Outline`, the same one if nothing changes.
    """
    if vertical_form(character) is None or not outline.contours:
        return outline
    return outline.transformed(*vertical_move(character, outline))


def vertical_move(
    character: str, outline: Outline
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The matrix (2, 2) and the shift (2,) of `vertical_outline`.

    Args:
        character, outline: see `vertical_outline`.
    """
    form, still = vertical_form(character), np.eye(2)
    if form is None or not outline.contours:
        return still, np.zeros(2)
    if form == TURNED:
        return np.array([[0.0, -1], [1, 0]]), np.array([1.0, 0])
    if form == MIRRORED:
        return np.array([[0.0, 1], [1, 0]]), np.zeros(2)
    left, top, right, bottom = outline.bounds
    if form == CORNER:
        return still, np.array([1 - left - right, 1 - top - bottom])
    # As far from the right and the upper edge as it was from the lower one.
    return still, np.array([bottom - right, 1 - bottom - top])
