"""The strokes of a character, in writing order, as polylines from KanjiVG.

The marks of `japanese` that KanjiVG lacks are drawn here, in its box.
"""

import functools

import numpy as np

from hwgen_keras.characters import kanjivg
from hwgen_keras.errors import InputError

# Straight pieces that replace a Bézier curve before it is resampled.
_PIECES = 24
# Paths of SVG in a box of 109, as in KanjiVG; where marks stand in horizontal writing.
_DOT = "M{x},51c-2,0 -3.5,1.5 -3.5,3.5c0,2 1.5,3.5 3.5,3.5c2,0 3.5,-1.5 3.5,-3.5"
_OWN = {
    "「": ("M93,14L63,14L63,66",),
    "」": ("M46,43L46,95L16,95",),
    "『": ("M93,12L60,12L60,68", "M93,12L93,24L73,24L73,68L60,68"),
    "』": ("M49,41L49,97L16,97", "M49,41L36,41L36,85L16,85L16,97"),
    "（": ("M90,9C62,33 62,76 90,100",),
    "）": ("M19,9C47,33 47,76 19,100",),
    "？": (
        "M34,34C36,20 44,14 56,14C69,14 77,22 77,35C77,52 54,54 54,76",
        "M54,88c-1,0 -2,1 -2,2c0,1 1,2 2,2c1,0 2,-1 2,-2c0,-1 -1,-2 -2,-2",
    ),
    "〜": ("M13,61C25,40 40,42 54,54C68,67 83,68 96,48",),
    "…": tuple(_DOT.format(x=x) for x in (20, 54.5, 89)),
}


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


def has_strokes(character):
    """Whether `strokes` knows a character, a string of one character."""
    return kanjivg.has_character(character) or character in _OWN


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
        InputError: KanjiVG does not describe the character, and it is no mark of
            `japanese`.
    """
    paths = _paths(character)
    lines = [kanjivg.stroke_points(path, _PIECES) / kanjivg.BOX for path in paths]
    result = np.stack([resample(line, count) for line in lines])
    result.setflags(write=False)
    return result


def bezier_curves(character):
    """The strokes of a character in writing order, as they are drawn.

    Args:
        character: a string of one character.

    Returns:
        A list of float arrays (3 curves + 1, 2) in `kanjivg.BOX`: the first point,
        then of each curve its two handles and its end.

    Raises:
        InputError: see `strokes`.
    """
    return [kanjivg.stroke_curves(path) for path in _paths(character)]


def _paths(character):
    """What has the outline of each stroke in `d`; InputError if there is none."""
    if character in _OWN:
        return [{"d": path} for path in _OWN[character]]
    paths = [e for e in kanjivg.stroke_group(character).iter() if e.get("d")]
    if not paths:
        raise InputError(f"KanjiVG has no strokes for the character {character!r}.")
    return paths
