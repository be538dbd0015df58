"""A character as it was written with a pen that records its way."""

import dataclasses
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Larger coordinates are a mistake of the file.
_LARGEST = 1e7


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class OnlineSample:
    """One character, written by one person.

    Attributes:
        character: a string of one character.
        writer: name of the writer; empty if the file names none.
        strokes: a tuple of float arrays (points, 2), in the order of writing: x to the
            right and y down, in any unit. A dot has one point.
        name: the file and the place in it, for messages.
    """

    character: str
    writer: str
    strokes: tuple[NDArray[np.float64], ...]
    name: str


class Unusable(Exception):
    """A sample that cannot be used; its text says why."""


def checked_sample(
    character: str | None, writer: str, strokes: Iterable[Sequence], name: str
) -> OnlineSample:
    """An `OnlineSample` of numbers from a file; raises `Unusable`."""
    character = unicodedata.normalize("NFC", (character or "").strip())
    if len(character) != 1:
        raise Unusable(f"its label is {character!r}, not one character")
    arrays = []
    for number, stroke in enumerate(strokes, start=1):
        try:
            points = np.array([list(point)[:2] for point in stroke], np.float64)
        except (TypeError, ValueError, OverflowError):
            raise Unusable(
                f"stroke {number} is not a list of points of numbers"
            ) from None
        if points.size == 0:
            raise Unusable(f"stroke {number} has no point")
        if points.ndim != 2 or points.shape[1] != 2:
            raise Unusable(f"a point of stroke {number} has no x or no y")
        if not (np.abs(points) < _LARGEST).all():
            raise Unusable(f"stroke {number} has a coordinate that is no finite number")
        arrays.append(points)
    if not arrays:
        raise Unusable("it has no strokes")
    return OnlineSample(character, writer, tuple(arrays), name)
