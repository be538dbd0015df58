"""The strokes of a character, in writing order, as polylines from KanjiVG."""

import functools

import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.svgLib.path import parse_path

from hwgen_keras.characters import kanjivg
from hwgen_keras.errors import InputError

# Side of the box in which KanjiVG draws.
_BOX = 109.0
# Straight pieces that stand for one Bézier curve before it is resampled.
_PIECES = 24


class _Flattener(BasePen):
    """Collects the points of a path, its curves cut into short straight pieces."""

    def __init__(self):
        super().__init__(None)
        self.points = []

    def _moveTo(self, point):
        self.points.append(point)

    def _lineTo(self, point):
        self.points.append(point)

    def _curveToOne(self, control_1, control_2, end):
        t = np.linspace(0, 1, _PIECES + 1)[1:, None]
        start, control_1, control_2, end = map(
            np.asarray, (self._getCurrentPoint(), control_1, control_2, end)
        )
        curve = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * control_1
        curve += 3 * (1 - t) * t**2 * control_2 + t**3 * end
        self.points.extend(map(tuple, curve))


def resample(points, count):
    """Points evenly spaced by arc length along a polyline.

    Args:
        points: float array (any number >= 1, 2).
        count: how many points to return, at least 2.

    Returns:
        float array (count, 2), beginning and ending where `points` does.
    """
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, length[-1], count)
    return np.stack(
        [np.interp(wanted, length, points[:, axis]) for axis in (0, 1)], axis=1
    )


@functools.cache
def strokes(character, count=48):
    """The strokes of a character in writing order.

    Args:
        character: a string of one character.
        count: points a stroke, evenly spaced by arc length.

    Returns:
        read-only float array (strokes, count, 2) of x (to the right) and y (down);
        the character's box is [0, 1] x [0, 1].

    Raises:
        InputError: KanjiVG does not describe the character.
    """
    paths = [e for e in kanjivg.stroke_group(character).iter() if e.get("d")]
    lines = []
    for path in paths:
        pen = _Flattener()
        parse_path(path.get("d"), pen)
        lines.append(resample(np.array(pen.points, float) / _BOX, count))
    if not lines:
        raise InputError(f"KanjiVG has no strokes for the character {character!r}.")
    result = np.stack(lines)
    result.setflags(write=False)
    return result
