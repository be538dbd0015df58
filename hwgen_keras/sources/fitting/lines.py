"""Polylines: arrays (n, 2) of points that straight pieces join."""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.strokes import resample

# A corner that is cut by less, as a share of the box, is left as it is.
_FINE = 0.008
# Corners of one line that get a point of their own.
_CORNERS = 8
# Points lie closer in curves: by 1 + this x the root of the curvature, less that of the
# steps of pixels, which is measured over so much of the line.
_CLOSER, _STEPS, _SPAN = 0.35, 4.0, 0.1


def lengths_along(line: NDArray) -> NDArray[np.float64]:
    """Length from the start to each point of a line (n, 2): (n,)."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def lengths(lines: NDArray) -> NDArray[np.float64]:
    """The length of each of the lines (n, P, 2): (n,)."""
    return np.hypot(*np.moveaxis(np.diff(lines, axis=1), -1, 0)).sum(1)


def points_at(line: NDArray, along: NDArray, wanted: NDArray) -> NDArray[np.float64]:
    """Points of a line at the lengths `wanted`; `along` are its `lengths_along`."""
    return np.stack([np.interp(wanted, along, line[:, k]) for k in (0, 1)], axis=1)


def dense(starts: NDArray, ends: NDArray, gap: float) -> NDArray[np.float64]:
    """Points along straight pieces, in the middles of parts no longer than `gap`.

    Args:
        starts, ends: (pieces, 2).
        gap: greatest distance between two points.
    """
    counts = np.maximum(1, np.ceil(np.hypot(*(ends - starts).T) / gap)).astype(int)
    piece = np.repeat(np.arange(len(starts)), counts)
    number = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (number + 0.5) / counts[piece]
    return starts[piece] + share[:, None] * (ends - starts)[piece]


def smoothed(line: NDArray, rounds: int) -> NDArray[np.float64]:
    """A line without the steps of pixels; its ends stay."""
    line = np.array(line, float)
    for _ in range(rounds):
        line[1:-1] = line[:-2] / 4 + line[1:-1] / 2 + line[2:] / 4
    return line


def resample_with_corners(line: NDArray, count: int) -> NDArray[np.float64]:
    """Points along a line, closer in curves, of which one is at each corner.

    Evenly spaced points would cut loops and corners. The nearest point moves to where
    the line is cut most, again and again, as long as that helps.

    Args:
        line: (n, 2).
        count: points to return.
    """
    along = lengths_along(line)
    if along[-1] < _FINE:
        return resample(line, count)
    fine = np.linspace(0, along[-1], 6 * count)
    exact = points_at(line, along, fine)
    curvature = np.maximum(_curvature(line, along, fine) - _STEPS, 0)
    density = 1 + _CLOSER * np.sqrt(curvature)
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    places = np.interp(np.linspace(0, share[-1], count), share, fine)
    points = points_at(line, along, places)
    nearest, cut = _cuts(points, places, exact, fine)
    moved = np.zeros(count, bool)
    moved[[0, -1]] = True
    for _ in range(_CORNERS):
        worst = np.where(moved[nearest], 0, cut).argmax()
        if moved[nearest[worst]] or cut[worst] < _FINE:
            break
        changed = places.copy()
        changed[nearest[worst]] = fine[worst]
        moved[nearest[worst]] = True
        closer = points_at(line, along, changed)
        options = _cuts(closer, changed, exact, fine)
        if options[1].max() < cut.max():
            places, points, (nearest, cut) = changed, closer, options
    return points


def _curvature(line, along, places):
    """The turn of a line in radians at places, for each unit of its length."""
    here, before, after = (
        points_at(line, along, places + shift) for shift in (0, -_SPAN / 2, _SPAN / 2)
    )
    first, second = here - before, after - here
    across = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.abs(np.arctan2(across, (first * second).sum(1))) / (_SPAN / 2)


def _cuts(points, places, exact, fine):
    """For each exact point: the nearest point, and how far the line misses it."""
    before = np.clip(np.searchsorted(places, fine, "right") - 1, 0, len(places) - 2)
    piece = points[before + 1] - points[before]
    offset = exact - points[before]
    share = (offset * piece).sum(1) / np.maximum((piece**2).sum(1), 1e-12)
    cut = np.hypot(*(offset - np.clip(share, 0, 1)[:, None] * piece).T)
    return before + (fine - places[before] > places[before + 1] - fine), cut


def join_legs(
    legs: list[tuple[NDArray, bool]], count: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One line of legs that follow each other; the points where they meet are kept.

    Args:
        legs: (points (n, 2), whether the pen is down) of each leg. At most
            `count` - 1 of them have a length.
        count: points of the line.

    Returns:
        Points (count, 2), and whether the pen is down at each: (count,). Where a leg
        with ink meets one without, it is down.
    """
    measured = [(line, down, lengths_along(line)[-1]) for line, down in legs]
    measured = [leg for leg in measured if leg[2] > 1e-6]
    if not measured:
        return np.repeat(legs[0][0][:1], count, axis=0), np.zeros(count, bool)
    share = np.array([length for _, _, length in measured])
    pieces = np.maximum(1, np.floor(share / share.sum() * (count - 1))).astype(int)
    while pieces.sum() > count - 1:
        pieces[pieces.argmax()] -= 1
    while pieces.sum() < count - 1:
        pieces[(share / pieces).argmax()] += 1
    points = [measured[0][0][:1]]
    down = np.zeros(count, bool)
    at = 0
    for (line, inked, _), number in zip(measured, pieces, strict=True):
        points.append(resample(line, number + 1)[1:])
        down[at : at + number + 1] |= inked
        at += number
    return np.concatenate(points), down
