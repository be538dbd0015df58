"""Few cubic Bézier curves in place of polygons of many points.

All pieces of all polygons are fitted at once. Those that fit badly are cut in two and
fitted again; neighbours that fit as one are joined in the end.
"""

import numpy as np

from hwgen_keras.vectors.samples import sample

# Newton's steps that move parameters to the nearest place on the curve.
_STEPS = 4
# A curve is tried again with better parameters if it is at most this far off.
_PROMISING = 8.0  # tolerances
# Fewer points are not cut in two.
_LEAST = 4
# Points of the longest pieces that are tried at first.
_LONG = 40


def fit(polygons, tolerance):
    """Closed paths of cubic curves along polygons, smooth but for inward corners.

    A union of discs has no outward corner: corners are where two bodies meet.

    Args:
        polygons: list of float arrays (n, 2) in units; the area of those around bodies
            is positive, of those around holes negative.
        tolerance: greatest distance of samples of a polygon from its curves, in units.

    Returns:
        list of float arrays (curves, 4, 2): start, two handles and end; each curve
        begins where the one before ends. The handles of a straight side are at thirds.

    Reference: P. Schneider, An Algorithm for Automatically Fitting Digitized Curves,
    Graphics Gems, 1990.
    """
    if not polygons:
        return []
    samples = sample(polygons)
    starts, ends = _begin(samples)
    found = []
    while len(starts):
        curves, apart, worst = _fit(samples, starts, ends, tolerance)
        bad = (apart > tolerance) & (ends - starts >= _LEAST)
        found.append((starts[~bad], ends[~bad], curves[~bad]))
        starts, middles, ends = starts[bad], worst[bad], ends[bad]
        starts, ends = np.append(starts, middles), np.append(middles, ends)
    starts, ends, curves = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(starts)
    starts, ends, curves = starts[order], ends[order], curves[order]
    for parity in (0, 1, 0, 1):
        starts, ends, curves = _join(samples, starts, ends, curves, parity, tolerance)
    contours = samples.contours[starts]
    return [curves[contours == number] for number in range(len(polygons))]


def _begin(samples):
    """First and last points of pieces from cut to cut, none of them long."""
    starts, ends = samples.cuts[:-1], samples.cuts[1:]
    # From the end of a polygon to the start of the next there is no piece.
    inside = samples.contours[starts] == samples.contours[ends]
    starts, ends = starts[inside], ends[inside]
    parts = -(-(ends - starts) // _LONG)
    number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    first, size, count = (np.repeat(a, parts) for a in (starts, ends - starts, parts))
    return first + size * number // count, first + size * (number + 1) // count


def _join(samples, starts, ends, curves, parity, tolerance):
    """Joins every other curve with the one after it where one curve fits both."""
    first = np.arange(parity, len(starts) - 1, 2)
    first = first[~np.isin(ends[first], samples.cuts)]
    joined, apart, _ = _fit(samples, starts[first], ends[first + 1], tolerance)
    good = apart <= tolerance
    first, joined = first[good], joined[good]
    ends, curves = ends.copy(), curves.copy()
    ends[first], curves[first] = ends[first + 1], joined
    kept = np.ones(len(starts), bool)
    kept[first + 1] = False
    return starts[kept], ends[kept], curves[kept]


def _fit(samples, starts, ends, tolerance):
    """The best curve of each piece, its greatest distance, and where that is.

    Args:
        samples: `Samples`.
        starts, ends: int (m,), the first and last point of each piece.

    Returns:
        Curves (m, 4, 2), distances (m,), and indices (m,) of points within the piece.
    """
    if not len(starts):
        return np.zeros((0, 4, 2)), np.zeros(0), starts
    number = np.arange((ends - starts).max() + 1)
    indices = np.minimum(starts[:, None] + number, ends[:, None])
    # Short pieces repeat their last point, which counts once.
    counts = (starts[:, None] + number <= ends[:, None]).astype(float)
    points = samples.points[indices]
    lengths = samples.places[indices] - samples.places[starts, None]
    t = lengths / lengths[:, -1:]
    tangents = samples.leaving[starts], samples.arriving[ends]
    curves, apart = _straight(points)
    straight = apart.max(1) < tolerance / 3
    active = np.flatnonzero(~straight)
    for _ in range(_STEPS):
        if not len(active):
            break
        p, now = points[active], t[active]
        fitted = _least_squares(p, counts[active], now, *(v[active] for v in tangents))
        curves[active] = fitted
        apart[active] = np.linalg.norm(_at(fitted, now) - p, axis=-1)
        off = apart[active].max(1)
        t[active] = _nearer(fitted, p, now)
        active = active[(off > tolerance) & (off < _PROMISING * tolerance)]
    worst = starts + np.clip(apart.argmax(1), 1, np.maximum(ends - starts - 1, 1))
    return curves, apart.max(1), worst


def _straight(points):
    """Straight sides from first to last points, and how far the others are away."""
    start, chord = points[:, :1], points[:, -1:] - points[:, :1]
    length = np.maximum(np.linalg.norm(chord, axis=-1), 1e-9)
    x, y = np.moveaxis(points - start, -1, 0)
    apart = np.abs(x * chord[..., 1] - y * chord[..., 0]) / length
    # A way that ends where it began has no such side.
    apart = np.where(length > 1e-6, apart, np.linalg.norm(points - start, axis=-1))
    return start + chord * np.arange(4)[:, None] / 3, apart


def _least_squares(points, counts, t, leaving, arriving):
    """Curves with given tangents whose handles' lengths fit best at parameters t."""
    start, end = points[:, 0], points[:, -1]
    b0, b1, b2, b3 = _weights(t)
    rest = points - (b0 + b1)[..., None] * start[:, None]
    rest = rest - (b2 + b3)[..., None] * end[:, None]
    first = b1[..., None] * leaving[:, None]
    second = -b2[..., None] * arriving[:, None]

    def product(u, v):
        return np.einsum("mn,mnk,mnk->m", counts, u, v)

    a, b, c = product(first, first), product(first, second), product(second, second)
    x, y = product(first, rest), product(second, rest)
    determinant = a * c - b * b
    reach = np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(1)
    solvable = determinant > 1e-9 * a * c
    handles = np.stack([x * c - y * b, a * y - b * x])
    handles = handles / np.where(solvable, determinant, 1.0)
    # Handles that point back, or reach too far, would make a loop.
    usable = solvable & (handles.min(0) > 0.02 * reach) & (handles.sum(0) < 1.6 * reach)
    handles = np.where(usable, handles, reach / 3)[..., None]
    inner = start + handles[0] * leaving, end - handles[1] * arriving
    return np.stack([start, *inner, end], axis=1)


def _nearer(curves, points, t):
    """Parameters moved towards the places on the curves nearest to the points."""
    first, second = 3 * np.diff(curves, axis=1), 6 * np.diff(curves, n=2, axis=1)
    u = t[..., None]
    s = 1 - u
    apart = _at(curves, t) - points
    slope = s**2 * first[:, None, 0] + 2 * s * u * first[:, None, 1]
    slope = slope + u**2 * first[:, None, 2]
    bend = s * second[:, None, 0] + u * second[:, None, 1]
    numerator = (apart * slope).sum(-1)
    denominator = (slope**2).sum(-1) + (apart * bend).sum(-1)
    steep = denominator > 1e-9
    moved = np.where(steep, t - numerator / np.where(steep, denominator, 1.0), t)
    return np.maximum.accumulate(np.clip(moved, 0, 1), axis=1)


def _at(curves, t):
    """The points (m, n, 2) of curves (m, 4, 2) at parameters (m, n)."""
    return np.einsum("kmn,mkd->mnd", _weights(t), curves)


def _weights(t):
    """The Bernstein polynomials of third degree: (4, ...)."""
    s = 1 - t
    return np.stack([s**3, 3 * t * s**2, 3 * t**2 * s, t**3])
