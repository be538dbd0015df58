"""Moves the strokes of a template towards a skeleton, smoothly and without breaks.

The displacement is a Gaussian process over the points of the strokes: what is near in
the plane moves alike, what is near along a stroke still more so. Skeleton and strokes
are two sets of points, of which one is a sample of a mixture around the other; the
mixture's deviation falls from round to round.

Reference: Myronenko and Song, Point set registration: coherent point drift, 2010.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from hwgen_keras.sources.fitting.lines import lengths
from hwgen_keras.sources.fitting.skeleton import Skeleton
from hwgen_keras.sources.strokes import resample

# Lengths are shares of the side of the image.
# The deviation of the mixture, from the first round to the last, and the rounds.
_WIDEST, _NARROWEST, _ROUNDS = 0.09, 0.012, 26
# Points that are compared: of a stroke, as many as the longest stroke needs, but of all
# strokes no more than so many, unless each has the fewest; of a way; of the skeleton.
_FEWEST, _MOST, _ALL, _SPACING = 12, 32, 300, 0.07
_PER_WAY, _PER_SKELETON = 6, 320
# Ink that no line explains, and a point of a way beside one of a stroke.
_OUTLIERS, _WAY_WEIGHT = 0.08, 0.25
# What a line across costs a point: the logarithm of its weight falls by twice this.
_ACROSS = 1.5
# Standard deviations of the displacement: of the whole plane as an affine map; of
# regions of the plane, by their radius; of a stroke; of parts of a stroke, by their
# share of it.
_AFFINE, _REGIONS = 0.1, ((0.08, 0.3), (0.03, 0.12))
_STROKE, _PARTS = 0.035, ((0.035, 0.5), (0.012, 0.18))
# Sides of a template that are shorter than this share of the other keep their scale.
_FLAT = 0.15


def placed(template: NDArray, points: NDArray) -> NDArray[np.float64]:
    """A template (n, P, 2), moved and scaled into the box of `points` (m, 2)."""
    low, high = template.min((0, 1)), template.max((0, 1))
    size, wanted = high - low, np.ptp(points, axis=0)
    whole = wanted.max() / size.max()
    scale = np.clip(wanted / np.maximum(size, 1e-6), whole / 2, whole * 2)
    scale = np.where(size < _FLAT * size.max(), whole, scale)
    middle = (points.min(0) + points.max(0)) / 2
    return (template - (low + high) / 2) * scale + middle


def doubled_directions(lines: NDArray) -> NDArray[np.float64]:
    """Cosine and sine of twice the angle of lines (n, P, 2) at each point."""
    step = np.gradient(lines, axis=1)
    cosine, sine = (
        step[..., 0] ** 2 - step[..., 1] ** 2,
        2 * step[..., 0] * step[..., 1],
    )
    size = np.maximum(np.hypot(cosine, sine), 1e-12)
    return np.stack([cosine, sine], axis=-1) / size[..., None]


def deform(strokes: NDArray, skeleton: Skeleton) -> NDArray[np.float64]:
    """The strokes, moved to where the skeleton lets them be expected.

    Args:
        strokes: (n, P, 2), a template in the box of the skeleton.
        skeleton: the `Skeleton`.

    Returns:
        (n, P, 2).
    """
    count = len(strokes)
    long = lengths(strokes)
    per_stroke = min(long.max() / _SPACING, _MOST, _ALL / count)
    per_stroke = max(int(per_stroke), _FEWEST)
    first = np.concatenate([resample(stroke, per_stroke) for stroke in strokes])
    prior = _kernel(first, first, count)
    share = np.repeat(long / per_stroke, per_stroke)
    share = np.maximum(share, 0.002) / np.maximum(share, 0.002).sum()
    ink, directions = skeleton.points, skeleton.directions
    if len(ink) > _PER_SKELETON:
        some = np.random.default_rng(0).permutation(len(ink))[:_PER_SKELETON]
        ink, directions = ink[some], directions[some]
    per_point = _PER_SKELETON / 2 / len(ink)
    moved = first
    for deviation in np.geomspace(_WIDEST, _NARROWEST, _ROUNDS):
        now = moved.reshape(count, per_stroke, 2)
        weights = _density(now, share, ink, directions, deviation)
        total = weights.sum(0) + _outliers(deviation)
        if count > 1:
            ways, on_way = _ways(now, long.sum())
            total += _density(ways, on_way, ink, directions, deviation).sum(0)
        weights /= total
        mass = weights.sum(1)
        pull = weights @ ink / np.maximum(mass, 1e-9)[:, None] - first
        noise = deviation**2 / np.maximum(mass * per_point, 1e-4)
        solution = cho_solve(cho_factor(prior + np.diag(noise)), pull)
        moved = first + prior @ solution
    everywhere = _kernel(strokes.reshape(-1, 2), first, count)
    return strokes + (everywhere @ solution).reshape(strokes.shape)


def _kernel(first, second, count):
    """Covariances of the displacements of points of `count` strokes each."""
    stroke, along = zip(
        *(_positions(len(p), count) for p in (first, second)), strict=True
    )
    same = stroke[0][:, None] == stroke[1]
    apart = (along[0][:, None] - along[1]) ** 2
    squared = ((first[:, None] - second) ** 2).sum(-1)
    kernel = _AFFINE**2 * (1 + 4 * (first - 0.5) @ (second - 0.5).T)
    for size, radius in _REGIONS:
        kernel += size**2 * np.exp(-squared / (2 * radius**2))
    within = np.full(same.shape, _STROKE**2)
    for size, part in _PARTS:
        within += size**2 * np.exp(-apart / (2 * part**2))
    return kernel + same * within


def _positions(points, count):
    """The stroke of each point, and its place along it from 0 to 1."""
    each = points // count
    return np.repeat(np.arange(count), each), np.tile(np.linspace(0, 1, each), count)


def _density(lines, share, ink, directions, deviation):
    """The weight of each skeleton point (columns) around each point of lines (rows)."""
    points, along = lines.reshape(-1, 2), doubled_directions(lines).reshape(-1, 2)
    squared = (points**2).sum(1)[:, None] + (ink**2).sum(1) - 2 * points @ ink.T
    across = _ACROSS * (along @ directions.T - 1)
    return np.exp(across - squared / (2 * deviation**2)) * share[:, None]


def _outliers(deviation):
    return _OUTLIERS * 2 * np.pi * deviation**2 * np.exp(-_ACROSS / 2)


def _ways(strokes, length):
    """Points on the straight ways between strokes, and their shares in the mixture."""
    t = np.linspace(0, 1, _PER_WAY + 2)[1:-1, None]
    ends, starts = strokes[:-1, -1:], strokes[1:, :1]
    gaps = np.hypot(*(starts - ends)[:, 0].T)
    share = _WAY_WEIGHT / length * np.repeat(gaps / _PER_WAY, _PER_WAY)
    return ends * (1 - t) + starts * t, share
