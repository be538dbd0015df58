"""The strokes of a character, in writing order, as polylines from KanjiVG."""

import functools

import numpy as np

from hwgen_keras.characters import kanjivg
from hwgen_keras.errors import InputError

# Straight pieces that replace a Bézier curve before it is resampled.
_PIECES = 24


def resample(points, count):
    """Points evenly spaced by arc length along a polyline.

    Args:
        points: float array (any number >= 1, 2 or more): x, y, and values that go along
            with them, such as a radius.
        count: number of points to return, at least 2.

    Returns:
        float array (count, as many columns) with the ends of `points`.
    """
    steps = np.hypot(*np.diff(points[:, :2], axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, length[-1], count)
    return np.stack([np.interp(wanted, length, column) for column in points.T], axis=1)


def resample_all(lines, count):
    """`resample` of many lines of as many points at once.

    Args:
        lines: float array (n, points, 2 or more).
        count: number of points of each to return, at least 2.

    Returns:
        float array (n, count, as many columns).
    """
    steps = np.diff(lines[..., :2], axis=1)
    length = np.zeros(lines.shape[:2])
    np.cumsum(np.hypot(steps[..., 0], steps[..., 1]), axis=1, out=length[:, 1:])
    wanted = np.linspace(0, 1, count) * length[:, -1:]
    behind = (length[:, None, 1:-1] <= wanted[..., None]).sum(-1)
    row = np.arange(len(lines))[:, None]
    start, run = length[row, behind], length[row, behind + 1] - length[row, behind]
    t = np.clip((wanted - start) / np.maximum(run, 1e-12), 0, 1)[..., None]
    return (1 - t) * lines[row, behind] + t * lines[row, behind + 1]


@functools.cache
def strokes(character, count=48):
    """The strokes of a character in writing order.

    Args:
        character: a string of one character.
        count: points per stroke, evenly spaced by arc length.

    Returns:
        read-only float array (strokes, count, 2) of x (to the right) and y (down);
        the character's box is [0, 1] x [0, 1].

    Raises:
        InputError: KanjiVG does not describe the character.
    """
    paths = [e for e in kanjivg.stroke_group(character).iter() if e.get("d")]
    if not paths:
        raise InputError(f"KanjiVG has no strokes for the character {character!r}.")
    lines = [kanjivg.stroke_points(path, _PIECES) / kanjivg.BOX for path in paths]
    result = np.stack([resample(line, count) for line in lines])
    result.setflags(write=False)
    return result
