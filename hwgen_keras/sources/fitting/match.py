"""Snaps strokes to the pixels of a skeleton, as map matching snaps a car to roads.

Reference: Newson and Krumm, Hidden Markov map matching through noise and sparseness,
2009.
"""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.fitting.deform import doubled_directions
from hwgen_keras.sources.fitting.lines import dense, lengths, smoothed
from hwgen_keras.sources.fitting.skeleton import Skeleton
from hwgen_keras.sources.strokes import resample

# Lengths are shares of the side of the image.
# Points of a stroke, as many as the longest stroke needs; pixels each may snap to.
_LEAST_POINTS, _MOST_POINTS, _SPACING, _CANDIDATES = 36, 100, 0.028, 48
# A cost of 1: a pixel so far off; a step that differs by half its length and so much.
_OFF, _STEP, _LEAST_STEP = 0.035, 0.5, 0.006
# No pixel costs more for its distance.
_MOST_OFF = 30.0
# A step whose middle lies so far from the skeleton crosses paper; its cost has a bound.
_BESIDE, _MOST_BESIDE = 0.012, 48.0
# A stroke is on other strokes' ink where they are so near; if less of it is its own,
# it was not written.
# Nearness is counted in cells, of which the image's side has so many.
_GRID = 100
_SAME, _LEAST_OWN = 2, 0.2


def snap(strokes: NDArray, skeleton: Skeleton) -> NDArray[np.float64]:
    """The likeliest course of each stroke through the skeleton's pixels.

    Args:
        strokes: (n, P, 2), near to where they are in the skeleton.
        skeleton: the `Skeleton`.

    Returns:
        (n, m, 2), points of the skeleton, a little smoothed.
    """
    longest = lengths(strokes).max()
    points = int(np.clip(longest / _SPACING, _LEAST_POINTS, _MOST_POINTS))
    lines = np.stack([resample(stroke, points) for stroke in strokes])
    count = len(lines)
    wanted = min(_CANDIDATES, len(skeleton.points))
    off, pixels = skeleton.tree.query(lines, k=np.arange(1, wanted + 1))
    there = skeleton.points[pixels]
    angle = (doubled_directions(lines)[:, :, None] * skeleton.directions[pixels]).sum(
        -1
    )
    own = np.minimum((off / _OFF) ** 2, _MOST_OFF) + 1 - angle
    step = np.diff(lines, axis=1)
    scale = _STEP * np.hypot(step[..., 0], step[..., 1]) + _LEAST_STEP
    beside = np.minimum((skeleton.distances / _BESIDE) ** 2, _MOST_BESIDE)
    cost, before = own[:, 0], np.zeros(pixels.shape, int)
    for i in range(1, points):
        old, new = there[:, i - 1, :, None], there[:, i, None]
        middle = ((old + new) * (skeleton.side / 2)).astype(np.int32)
        change = new - old - step[:, i - 1, None, None]
        moving = (change**2).sum(-1) / scale[:, i - 1, None, None] ** 2
        moving += beside[middle[..., 1], middle[..., 0]] + cost[:, :, None]
        before[:, i] = moving.argmin(1)
        cost = moving.min(1) + own[:, i]
    path = np.zeros((count, points), int)
    every, state = np.arange(count), cost.argmin(1)
    for i in range(points - 1, -1, -1):
        path[:, i] = pixels[every, i, state]
        state = before[every, i, state]
    return np.stack([smoothed(line, 1) for line in skeleton.points[path]])


def written(snapped: NDArray, expected: NDArray) -> NDArray[np.bool_]:
    """Whether each stroke has ink of its own.

    Of strokes that lie on each other's ink the one goes that is farthest from where
    it was expected, until each has ink of its own.

    Args:
        snapped: (n, m, 2), strokes in the skeleton.
        expected: (n, P, 2), where they were expected.

    Returns:
        (n,).
    """
    lines = np.stack([resample(line, snapped.shape[1]) for line in expected])
    strayed = np.hypot(*np.moveaxis(snapped - lines, -1, 0)).mean(1)
    fine = [dense(line[:-1], line[1:], 1 / _GRID) for line in snapped]
    cells = [np.round(line * _GRID).astype(int) + _SAME for line in fine]
    disc = np.mgrid[-_SAME : _SAME + 1, -_SAME : _SAME + 1].reshape(2, -1).T
    disc = disc[(disc**2).sum(1) <= _SAME**2]
    covers = np.zeros((len(fine), _GRID + 2 * _SAME + 1, _GRID + 2 * _SAME + 1), bool)
    for cover, cell in zip(covers, cells, strict=True):
        around = cell[:, None] + disc
        cover[around[..., 1], around[..., 0]] = True
    kept = np.ones(len(fine), bool)
    while kept.sum() > 1:
        deep = covers[kept].sum(0)
        own = [(deep[cell[:, 1], cell[:, 0]] == 1).mean() for cell in cells]
        lost = np.flatnonzero(kept & (np.array(own) < _LEAST_OWN))
        if not len(lost):
            break
        kept[lost[strayed[lost].argmax()]] = False
    return kept
