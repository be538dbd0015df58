"""Ink that no stroke covers: it lengthens a stroke, or the pen drew it on its way."""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.fitting.lines import lengths_along, smoothed
from hwgen_keras.sources.fitting.skeleton import Skeleton

# Lengths are shares of the side of the image.
# A piece lengthens a stroke whose end is so near.
_NEAR_END = 0.035
# A turn at the end of a stroke costs so much; a sharp one, by its cosine, more. A piece
# that leads straight back is what the stroke itself missed.
_TURN, _BACK, _SHARP, _STRAIGHT_BACK = 0.02, 0.05, -0.2, -0.85
# A way that leads from stroke to stroke ends so near to both; others to one.
_NEAR_BOTH, _NEAR_ONE = 0.05, 0.03
# Costs beside the distances: of a whole way, of a hook or an entry, of ink elsewhere.
_WHOLE, _HOOK, _ELSEWHERE = -0.03, 0.03, 0.06
_LONGER = -0.01
# What is shorter is no hook and no dot, but the rough edge of a line.
_SHORT = 0.03
# Points from which the direction of an end is measured.
_TIP = 5


def uncovered_pieces(skeleton: Skeleton, uncovered: NDArray) -> list[NDArray]:
    """The pixels that no stroke covers, as lines, the longest first.

    Args:
        skeleton: the `Skeleton`.
        uncovered: (n,), whether each of its points is.

    Returns:
        Lists of at least 2 indices of points. Where a line meets a covered point, that
        is its end.
    """
    left, found = uncovered.copy(), []
    while left.any():
        far, _ = _walk(skeleton, int(left.argmax()), left)
        last, before = _walk(skeleton, far, left)
        path = [last]
        while before[path[-1]] >= 0:
            path.append(before[path[-1]])
        left[path] = False
        if len(path) < 2:
            continue
        for end in (0, -1):
            near = skeleton.neighbours[path[end]]
            near = near[near >= 0]
            near = near[~uncovered[near]]
            if len(near):
                path.insert(0 if end == 0 else len(path), int(near[0]))
        found.append(np.array(path))
    return sorted(found, key=len, reverse=True)


def _walk(skeleton, start, allowed):
    """The farthest point from `start`, and the predecessor of each point."""
    before, queue = {start: -1}, [start]
    for point in queue:
        near = [n for n in skeleton.neighbours[point] if n >= 0 and n not in before]
        # Straight neighbours first: a way round a corner is no shorter.
        near.sort(key=lambda n: abs(skeleton.points[n] - skeleton.points[point]).sum())
        for n in near:
            if allowed[n]:
                before[n] = point
                queue.append(n)
    return queue[-1], before


class Course:
    """The strokes of a character and what the pen draws between them.

    Args:
        strokes: list of n arrays (m, 2).
        written: (n,), whether each stroke has ink.

    Attributes:
        strokes: lists of points, lengthened by pieces.
        ways: for each of the n - 1 ways the pieces that it draws.
        strange: length of the pieces that begin and end far from the way's ends.
    """

    def __init__(self, strokes: NDArray, written: NDArray[np.bool_]) -> None:
        self.strokes = list(strokes)
        self.written = written
        self.ways: list[list[NDArray]] = [[] for _ in strokes[1:]]
        self.strange = 0.0

    def add(self, piece: NDArray) -> None:
        """Gives a line (m, 2) to the stroke or the way that draws it most likely."""
        options = []
        for line in (piece, piece[::-1]):
            ends = self._lengthening(line, [s[::-1] for s in self.strokes])
            options.append((*_least(ends), "end", line))
            starts = self._lengthening(line[::-1], self.strokes)
            options.append((*_least(starts), "start", line))
            options.append((*_least(self._drawing(line)), "way", line))
        cost, index, kind, line = min(options, key=lambda option: option[0])
        if cost > _ELSEWHERE:
            self.strange += lengths_along(piece)[-1]
        if cost == np.inf:  # Nothing draws it.
            return
        if kind == "end":
            line = np.concatenate([self.strokes[index], smoothed(line, 1)])
            self.strokes[index] = line
        elif kind == "start":
            line = np.concatenate([smoothed(line, 1), self.strokes[index]])
            self.strokes[index] = line
        else:
            self.ways[index].append(smoothed(line, 2))

    def _lengthening(self, line, strokes):
        """Cost of going on from the first point of each stroke, seen backwards."""
        ends = np.array([stroke[0] for stroke in strokes])
        back = ends - [stroke[min(_TIP, len(stroke) - 1)] for stroke in strokes]
        onward = line[min(_TIP, len(line) - 1)] - line[0]
        size = np.hypot(*back.T) * np.hypot(*onward)
        cosine = back @ onward / np.maximum(size, 1e-9)
        gap = np.hypot(*(line[0] - ends).T)
        cost = gap + _LONGER + _TURN * (1 - cosine) + _BACK * (cosine < _SHARP)
        joined = self.written & (gap < _NEAR_END) & (cosine > _STRAIGHT_BACK)
        return np.where(joined, cost, np.inf)

    def _drawing(self, line):
        """Cost for each way to draw the line."""
        if not self.ways:
            return np.full(1, np.inf)
        ends = np.array([stroke[-1] for stroke in self.strokes[:-1]])
        starts = np.array([stroke[0] for stroke in self.strokes[1:]])
        before, after = np.hypot(*(line[0] - ends).T), np.hypot(*(line[-1] - starts).T)
        # A join can leave a stroke, or meet one, before its end.
        leaves = [_distance(line[0], s[len(s) // 2 :]) for s in self.strokes[:-1]]
        meets = [_distance(line[-1], s[: len(s) // 2]) for s in self.strokes[1:]]
        whole = np.maximum(leaves, meets) < _NEAR_BOTH
        nearer = np.minimum(before, after)
        detour = before + after - np.hypot(*(starts - ends).T) / 2
        elsewhere = _ELSEWHERE + np.maximum(detour, 0)
        cost = np.where(nearer < _NEAR_ONE, _HOOK + nearer, elsewhere)
        if lengths_along(line)[-1] < _SHORT:
            cost[:] = np.inf
        joining = (np.array(leaves) + np.array(meets)) / 2 + _WHOLE
        return np.where(whole, joining, cost)


def _distance(point, line):
    return np.hypot(*(line - point).T).min()


def _least(costs):
    return costs.min(), int(costs.argmin())
