"""The body of a line: the union of the discs along it, as polygons."""

import numpy as np

from hwgen_keras.errors import InputError

# All lengths here are in units, of which the box of a character has so many.
UNITS = 1000
# Steps of a unit in which polygons are joined, by whole numbers and so without fail.
_GRID = 256
# Points that lie at most this far from the straight way without them are left out.
_SLACK = 0.12
# Square units of a gap between two strokes, or of a dot, that nobody sees.
_SPECK = 6.0
# Greatest distance and turn in radians from one point of a smooth line to the next.
_STEP, _TURN = 12.0, 0.1
# The bend in radians from which a line has a corner (smooth up to half of it), and
# that from which a body is begun anew.
_CORNER, _BEND = 0.9, 0.25
# Arcs are polygons that lie at most this far from them, with at most this step.
_SAGITTA, _ARC_STEP = 0.08, 0.17
_LEAST = 1e-3


def union(points, radii):
    """The outline of all pen-down lines of a track, as polygons.

    Args:
        points: float array (lines, points, 2), the box is [0, 1] x [0, 1], y down.
        radii: float array (lines, points), 0 or less where the pen is lifted.

    Returns:
        list of float arrays (n, 2) in units, none closed by a repeated point; empty if
        no pen is down. The area of those around bodies is positive, of holes negative.

    Raises:
        InputError: pyclipper is not installed.
    """
    try:
        import pyclipper
    except ImportError:
        raise InputError(
            "Outlines need the package pyclipper, which is not installed; run "
            "`pip install 'hwgen_keras[font]'`."
        ) from None
    clipper = pyclipper.Pyclipper()
    bodies = [
        np.rint(body * _GRID).astype(int).tolist()
        for line in zip(points, radii, strict=True)
        for run in runs(*line)
        for body in _bodies(*run)
    ]
    if not bodies:
        return []
    clipper.AddPaths(bodies, pyclipper.PT_SUBJECT, True)
    filled = pyclipper.PFT_NONZERO
    polygons = clipper.Execute(pyclipper.CT_UNION, filled, filled)
    polygons = pyclipper.CleanPolygons(polygons, _SLACK * _GRID)
    polygons = [np.array(polygon) / _GRID for polygon in polygons if polygon]
    return [polygon for polygon in polygons if abs(_area(polygon)) > _SPECK]


def _area(polygon):
    x, y = polygon.T
    return (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2


def runs(line, width):
    """The parts of a line of a track in which the pen is down, each made smooth.

    Yields:
        Points (n, 2) and radii (n,) in units; a single point is a dot.
    """
    down = width > 0
    # A segment is drawn where both its ends are down.
    drawn = down[:-1] & down[1:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], drawn.astype(int), [0]])))
    for start, end in edges.reshape(-1, 2):
        yield _smooth(*(a[start : end + 1] * float(UNITS) for a in (line, width)))


def _smooth(points, radii):
    """A line with points at most `_STEP` apart, a smooth curve but for its corners."""
    points, radii = _distinct(points.astype(float), radii.astype(float))
    if len(points) < 2:
        return points, radii
    steps = np.diff(points, axis=0)
    bend = np.abs(_turns(np.arctan2(steps[:, 1], steps[:, 0])))
    lengths = np.hypot(*steps.T)[:, None]
    outer, inner = steps / lengths, np.zeros((0, 2))
    if len(steps) > 1:
        # Of a Catmull-Rom spline by length; at a corner it would swing out.
        inner = outer[:-1] * lengths[1:] + outer[1:] * lengths[:-1]
        inner *= np.clip(2 - 2 * bend / _CORNER, 0, 1)[:, None]
        inner /= lengths[:-1] + lengths[1:]
        # The ends bend on as their neighbours do.
        outer[[0, -1]] = 1.5 * outer[[0, -1]] - 0.5 * inner[[0, -1]]
    slopes = np.concatenate([outer[:1], inner, outer[-1:]])
    turns = np.convolve(np.pad(bend, 1), [0.5, 0.5], "valid")
    pieces = np.maximum(lengths[:, 0] / _STEP, turns / _TURN)
    pieces = np.ceil(np.maximum(pieces, 1)).astype(int)
    segment = np.repeat(np.arange(len(steps)), pieces)
    first = np.cumsum(pieces) - pieces
    t = ((np.arange(len(segment)) - first[segment]) / pieces[segment])[:, None]
    start, end = points[segment], points[segment + 1]
    leaving, arriving = slopes[segment], slopes[segment + 1]
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * leaving * lengths[segment]
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * arriving * lengths[segment]
    )
    between = radii[segment] + t[:, 0] * np.diff(radii)[segment]
    return _distinct(
        np.concatenate([curve, points[-1:]]), np.concatenate([between, radii[-1:]])
    )


def _bodies(points, radii):
    """Polygons that together are the body of a smooth line with radii at its points."""
    if len(points) < 2:
        yield _arc(points[0], radii[0], 0.0, 2 * np.pi)
        return
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    directions = np.arctan2(steps[:, 1], steps[:, 0])
    # The discs at both ends of a step have two common tangents, which touch them here.
    lean = np.arccos(np.clip((radii[:-1] - radii[1:]) / lengths, -0.98, 0.98))
    left, right = directions + lean, directions - lean
    turns = [np.abs(_turns(touch)) for touch in (left, right)]
    cut = np.concatenate([[True], np.maximum(*turns) > _BEND, [True]])
    sides = [
        points + radii[:, None] * _unit(_mean_angle(touch)) for touch in (left, right)
    ]
    # Where the inner side of a bend runs backwards, the body is not a simple band.
    folded = np.zeros(len(steps), bool)
    for side in sides:
        folded |= np.sum(np.diff(side, axis=0) * steps, axis=1) <= 0
    cut[:-1] |= folded
    cut[1:] |= folded
    cuts = np.flatnonzero(cut)
    for start, end in zip(cuts[:-1], cuts[1:], strict=True):
        last = end - 1
        inner = slice(start + 1, end)
        yield np.concatenate(
            [
                _arc(points[end], radii[end], right[last], left[last]),
                sides[0][inner][::-1],
                _arc(
                    points[start],
                    radii[start],
                    left[start],
                    right[start] + 2 * np.pi,
                ),
                sides[1][inner],
            ]
        )


def _arc(centre, radius, start, end):
    """Points of an arc from one angle to a greater one, its ends among them."""
    step = min(_ARC_STEP, 2 * np.arccos(1 - min(_SAGITTA / radius, 1.0)))
    count = int(np.ceil((end - start) / step)) + 1
    return centre + radius * _unit(np.linspace(start, end, max(count, 3)))


def _unit(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _turns(angles):
    """The turns in [-pi, pi] from each angle to the next."""
    return np.angle(np.exp(1j * np.diff(angles)))


def _mean_angle(angles):
    """At each of n + 1 points the angle between those of its two of n segments."""
    between = _turns(angles) / 2
    return np.concatenate([angles[:1], angles[:-1] + between, angles[-1:]])


def _distinct(points, radii):
    """Without points that repeat the one before; a disc keeps its greatest radius."""
    new = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > _LEAST])
    starts = np.flatnonzero(new)
    return points[starts], np.maximum.reduceat(radii, starts)
