"""Samples of polygons, with tangents and corners, between which curves are fitted."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

# A corner turns inwards by more than this angle in radians, within this length.
_CORNER, _NEAR = 0.5, 2.0
# Distance between samples of a polygon, and what a tangent is measured on, in units.
_SPACING, _TANGENT = 6.0, 12.0


@dataclasses.dataclass(frozen=True)
class Samples:
    """Points along closed polygons; the last point of each repeats its first.

    Attributes:
        points: float (n, 2), in units.
        places: float (n,), the length of the way to each point.
        leaving, arriving: float (n, 2), unit vectors, the direction after and before
            each point; the two are one but at corners.
        cuts: int (k,), the indices of the ends of all polygons and of their corners.
        contours: int (n,), the number of the polygon of each point.
    """

    points: NDArray
    places: NDArray
    leaving: NDArray
    arriving: NDArray
    cuts: NDArray
    contours: NDArray


def sample(polygons):
    """`Samples` of polygons, a list of at least one float array (n, 2) in units.

    The area of those around bodies is positive, of those around holes negative.
    """
    sampled = [_sample(polygon) for polygon in polygons]
    points, places, leaving, arriving, cut = (
        np.concatenate(column) for column in zip(*sampled, strict=True)
    )
    counts = [len(columns[0]) for columns in sampled]
    contours = np.repeat(np.arange(len(counts)), counts)
    cuts = np.flatnonzero(cut)
    return Samples(points, places, leaving, arriving, cuts, contours)


def _sample(polygon):
    """The columns of `Samples` of one polygon."""
    corner = _corners(polygon)
    if corner.any():
        polygon = np.roll(polygon, -corner.argmax(), axis=0)
        corner = np.roll(corner, -corner.argmax())
    closed = np.concatenate([polygon, polygon[:1]])
    steps = np.diff(closed, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*steps.T) / _SPACING), 1).astype(int)
    segment = np.repeat(np.arange(len(steps)), pieces)
    first = np.cumsum(pieces) - pieces
    t = (np.arange(len(segment)) - first[segment]) / pieces[segment]
    points = np.concatenate([closed[segment] + t[:, None] * steps[segment], closed[:1]])
    places = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    cut = np.zeros(len(points), bool)
    cut[first[corner]] = True
    cut[[0, -1]] = True
    smooth = not corner.any()
    leaving = _tangents(points, places, cut, smooth)
    backwards = points[::-1], places[-1] - places[::-1], cut[::-1]
    arriving = -_tangents(*backwards, smooth)[::-1]
    inside = ~cut
    if smooth:
        inside[:] = True
        leaving[-1], arriving[0] = leaving[0], arriving[-1]
    mean = _normalised(leaving + arriving)
    leaving[inside] = arriving[inside] = mean[inside]
    return points, places, leaving, arriving, cut


def _tangents(points, places, cut, smooth):
    """The direction after each point, of a parabola through it and two that follow."""
    whole = places[-1]
    ends = places[cut]
    # Up to the next corner; a polygon without one goes round.
    nearest = ends[np.minimum(np.searchsorted(ends, places, "right"), len(ends) - 1)]
    reach = np.full(len(points), np.inf) if smooth else nearest - places
    reach = np.minimum(reach, min(_TANGENT, whole / 4))
    near, far = (_at(points, places, places + reach * part) for part in (0.5, 1.0))
    return _normalised(4 * near - far - 3 * points)


def _corners(polygon):
    """Whether each point is the sharpest of an inward turn within `_NEAR`."""
    closed = np.concatenate([polygon, polygon[:1]])
    places = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    place, whole = places[:-1], places[-1]
    arriving = polygon - _at(closed, places, place - _NEAR)
    leaving = _at(closed, places, place + _NEAR) - polygon
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    inward = -np.arctan2(cross, np.sum(arriving * leaving, axis=1))
    corner = inward > _CORNER
    for index in np.flatnonzero(corner):
        apart = np.abs(place - place[index])
        near = np.minimum(apart, whole - apart) < 2 * _NEAR
        corner[index] = inward[index] >= inward[near].max()
    return corner


def _at(points, places, where):
    """The points at lengths along a closed way."""
    where = where % places[-1]
    return np.stack([np.interp(where, places, points[:, k]) for k in (0, 1)], axis=-1)


def _normalised(vectors):
    return vectors / np.maximum(np.hypot(*vectors.T), 1e-9)[:, None]
