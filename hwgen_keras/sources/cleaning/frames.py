"""Finding and erasing ruled boxes and lines at the edges of an image.

A line is taken for ruled only where it cannot well be a stroke: characters such as 国
have boxes, and 一 is a line.
"""

import dataclasses
import math

import numpy as np
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.transform import hough_line

from hwgen_keras.sources.images import bounds, pieces

# How far from the edge a frame's line may lie, as a share of the side.
_ZONE = 0.22
# Lines that are looked at, at most, at each edge.
_CANDIDATES = 5
# The least darkness of a line, where paper is 0 and ink 1.
_LEAST_DARKNESS = 0.15
# The greatest angle of a line to the edges, degrees.
_TURN = 2.5
# The least share of a line that is there.
_LEAST_SEEN = 0.92
# The most that a line may be off a straight one, as a share of its length and in
# pixels: of a line that differs from ink by its weight, and of others.
_BENT, _BENT_PIXELS = 0.004, 0.4
_RULED, _RULED_PIXELS = 0.002, 0.2
# The greatest deviation of a line's weight, as a share of it.
_UNSTEADY = 0.25
# The weight of a line, which is its width times its darkness, as a share of that of
# the strokes, below which it is no stroke; and that of lines that do not meet.
_LIGHT, _VERY_LIGHT = 0.6, 0.45
# The most that one line of a frame may be heavier than another.
_UNEQUAL = 1.6
# The greatest width of a line, as a share of the side.
_WIDEST = 0.06
# The least side of what a box as heavy as strokes is around, as a share of the image's.
_LEAST_SIDE = 0.25
# Outlines run straight along rows and columns over this share of the side in print; and
# the share of these in all outlines.
_PRINTED_RUN, _PRINTED = 0.12, 0.25
# The greatest angle between opposite or adjacent sides of a box, off parallel and
# right, degrees.
_SKEW = 0.6
# The share of its length at which ink may touch a line, if nothing else tells it from
# a stroke.
_TOUCHED = 0.06


@dataclasses.dataclass(frozen=True)
class Line:
    """A straight line along the upper edge of an image that was turned so.

    Lengths are pixels. `first` and `last` are the columns in which it starts and ends.
    """

    offset: float  # its row at column 0
    slope: float
    weight: float  # width times darkness
    width: float  # at half of its darkness
    reach: float  # of its ink, from side to side
    bend: float  # root mean square distance from a straight line
    unsteady: float
    touched: float  # share of its middle part at which ink touches it
    first: int
    last: int
    length: int  # of the image's side

    def rows(self, columns):
        return self.offset + self.slope * columns

    def ruled(self, share, pixels):
        return self.bend <= max(pixels, share * (self.last - self.first))


def without_frame(image):
    """Erases a ruled box, or ruled lines, around a character.

    Args:
        image: uint8 (height, width), 0 ink, 255 paper.

    Returns:
        image: uint8 (height, width), the image itself if it has none.
        inside: (top, bottom, left, right) of the box; None unless all four sides of
            one were found.
    """
    if min(image.shape) < 24:
        return image, None
    darkness = 1 - image.astype(np.float32) / 255
    lines = [_line(np.rot90(darkness, side)) for side in range(4)]
    found = [line is not None for line in lines]
    if not any(found):
        return image, None
    cleared, within = _erased(darkness, lines)
    if not (cleared > _LEAST_DARKNESS).any():
        return image, None
    tone = np.percentile(cleared[cleared > _LEAST_DARKNESS], 80)
    rest = cleared > tone / 2
    length = max(1, np.count_nonzero(skeletonize(rest)))
    if not _are_ruled(lines, cleared.sum() / length, rest.sum() / length, rest):
        return image, None
    greys = np.where(cleared == darkness, image, np.rint(255 * (1 - cleared)))
    return greys.astype(np.uint8), _inside(within) if all(found) else None


def _are_ruled(lines, weight, width, rest):
    """Whether lines are ruled rather than strokes.

    Args:
        lines: one or None for each side.
        weight, width: of the other strokes.
        rest: bool (height, width), the ink without the lines.
    """
    there = [line for line in lines if line is not None]
    heaviest = max(line.weight for line in there)
    # Lines that the edge of the image cuts are lighter than the others.
    whole = [line.weight for line in there if line.offset > line.width / 2 + 1]
    if heaviest > _UNEQUAL * min(whole, default=heaviest):
        return False
    if any(line.unsteady > _UNSTEADY for line in there):
        return False
    thinness = min(heaviest / weight, max(line.width for line in there) / width)
    around = [(lines[k - 1], lines[k], lines[(k + 1) % 4]) for k in range(4)]
    if len(there) < 4:
        # Print has thin strokes to the edge, too: the last one of 工, say.
        corner = any(a is not None and b is not None for a, b, _ in around)
        return thinness <= (_LIGHT if corner else _VERY_LIGHT) and all(
            line.touched <= _TOUCHED and _reaches(line, before, after)
            for before, line, after in around
            if line is not None
        )
    if thinness <= _LIGHT:
        return all(_reaches(line, before, after) for before, line, after in around)
    # As heavy as strokes: a closed box of ruled lines around what a hand wrote.
    turns = [math.degrees(math.atan(line.slope)) for line in there]
    return (
        max(turns) - min(turns) <= _SKEW
        and all(
            line.ruled(_RULED, _RULED_PIXELS)
            and line.touched <= _TOUCHED
            and _closed(line, before, after)
            for before, line, after in around
        )
        and _is_much(rest)
        and _is_hand_drawn(rest)
    )


def _is_much(ink):
    """Whether ink is a character rather than what is left of a box, or dots."""
    if not ink.any():
        return False
    top, bottom, left, right = bounds(ink)
    return max(bottom - top, right - left) >= _LEAST_SIDE * max(ink.shape)


def _is_hand_drawn(ink):
    """Whether few outlines of ink run along the rows and columns, as those of print."""
    length = max(3, round(_PRINTED_RUN * max(ink.shape)))
    count = along = 0
    for turned in (ink, ink.T):
        outline = turned[1:] != turned[:-1]
        count += np.count_nonzero(outline)
        along += np.count_nonzero(
            ndimage.binary_opening(outline, np.ones((1, length), bool))
        )
    return along <= _PRINTED * count


def _reaches(line, before, after):
    """Whether a line goes on to the lines beside it, or to the edges of the image."""
    # The line before this side is that of the left edge, seen from this one.
    first = before.rows(before.length) if before else 0
    last = line.length - (after.rows(0) if after else 0)
    at_start, at_end = (
        1 if other is None else 2 + line.width + 0.01 * line.length
        for other in (before, after)
    )
    return line.first <= first + at_start and line.last >= last - at_end


def _closed(line, before, after):
    """Whether a line ends at the lines beside it, or all lines go on to the edges."""
    slack = 1.5 + 0.35 * max(before.width, after.width)
    start = before.rows(before.length) - before.width / 2
    end = line.length - (after.rows(0) - after.width / 2)
    closed = abs(line.first - start) <= slack and abs(line.last - end) <= slack
    return closed or (line.first <= 1 and line.last >= line.length - 1)


def _line(darkness) -> Line | None:
    """The outermost straight line along the upper edge."""
    ink = darkness > _LEAST_DARKNESS
    height, width = ink.shape
    zone = ink[: math.ceil(_ZONE * height)]
    # A look at whether there is a line at all.
    reach = 1 + 2 * math.ceil(width * math.tan(math.radians(_TURN)) / 4)
    if ndimage.maximum_filter1d(zone, reach, axis=0).mean(1).max() < 0.7:
        return None
    angles = np.deg2rad(90 + np.linspace(-_TURN, _TURN, 11))
    votes, angles, distances = hough_line(zone, angles)
    most = votes.max(1)
    deep = math.ceil(1.5 * len(zone))
    runs = _runs(ink[:deep])
    lines: list[Line | None] = []
    while len(lines) < _CANDIDATES and most.max() >= 0.6 * width:
        peak = most.argmax()
        angle = angles[votes[peak].argmax()]
        lines.append(_traced(darkness[:deep], runs, angle, distances[peak]))
        most[max(0, peak - 2) : peak + 3] = 0
    ruled = [x for x in lines if x is not None and x.ruled(_BENT, _BENT_PIXELS)]
    return min(ruled, key=lambda line: line.rows(width / 2), default=None)


def _runs(ink):
    """First and last row, exclusive, of the run down a column that a pixel is in."""
    height = len(ink)
    rows = np.arange(height)[:, None]
    start = np.maximum.accumulate(np.where(ink, -1, rows), axis=0) + 1
    end = np.minimum.accumulate(np.where(ink, height, rows)[::-1], axis=0)[::-1]
    return start, end


def _traced(darkness, runs, angle, distance) -> Line | None:
    """The line along a direction that the Hough transform found, measured."""
    height, width = darkness.shape
    columns = np.arange(width)
    rows = np.rint((distance - np.cos(angle) * columns) / np.sin(angle)).astype(int)
    near = np.clip(np.stack([rows, rows - 1, rows + 1]), 0, height - 1)
    seen = darkness[near, columns] > _LEAST_DARKNESS
    row = near[seen.argmax(0), columns]
    seen = seen.any(0)
    if seen.mean() < 0.6:
        return None
    start, end = (run[row, columns] for run in runs)
    length = np.where(seen, end - start, 0)
    usual = np.median(length[seen])
    plain = seen & (np.abs(length - usual) <= 1.5)
    if plain.sum() < 0.4 * width or usual > max(3, _WIDEST * width) + 1:
        return None
    total = np.pad(np.cumsum(darkness, 0), ((1, 0), (0, 0)))
    moment = np.cumsum(darkness * (np.arange(height)[:, None] + 0.5), 0)
    moment = np.pad(moment, ((1, 0), (0, 0)))
    weights = (total[end, columns] - total[start, columns])[plain]
    centres = (moment[end, columns] - moment[start, columns])[plain] / weights
    slope, offset = np.polyfit(columns[plain], centres, 1)
    first, last = np.flatnonzero(seen)[[0, -1]]
    if seen[first : last + 1].mean() < _LEAST_SEEN:
        return None
    # Other lines of the frame may cross it near its ends.
    inner = slice(math.ceil(_ZONE * width), width - math.ceil(_ZONE * width))
    weight = np.median(weights)
    peak = np.median(
        np.maximum.reduce([darkness[near[k], columns] for k in range(3)])[plain]
    )
    return Line(
        offset=float(offset),
        slope=float(slope),
        weight=float(weight),
        width=float(weight / peak),
        reach=float(usual),
        bend=float(np.std(centres - offset - slope * columns[plain])),
        unsteady=float(np.std(weights) / weight),
        touched=float(1 - plain[inner].sum() / max(1, seen[inner].sum())),
        first=int(first),
        last=int(last) + 1,
        length=width,
    )


def _erased(darkness, lines):
    """The darkness without lines and what is beyond them, and what is within them."""
    cleared = darkness.copy()
    within = np.ones(darkness.shape, bool)
    for side, line in enumerate(lines):
        if line is None:
            continue
        canvas, inner = np.rot90(cleared, side), np.rot90(within, side)
        rows, columns = np.indices(canvas.shape, sparse=True)
        middle, reach = line.rows(columns), line.reach / 2 + 1.5
        below = rows + 0.5 - middle
        inner &= below > reach
        band = np.abs(below) <= reach
        # A stroke that crosses the line goes on on both of its sides.
        ink = canvas > 0.5
        crossed = (ink & (below > reach) & (below <= reach + 2)).any(0)
        crossed &= (ink & (below < -reach) & (below >= -reach - 2)).any(0)
        canvas[band & ~crossed] = 0
    labels, areas = pieces(cleared > _LEAST_DARKNESS)
    kept = np.zeros(len(areas), bool)
    kept[np.unique(labels[within])] = True
    kept[0] = True
    cleared[~kept[labels] | ((labels == 0) & ~within)] = 0
    return cleared, within


def _inside(within) -> tuple[int, int, int, int]:
    """Bounds of the box as a rectangle that lies within it."""
    height, width = within.shape
    rows = np.flatnonzero(within[:, width // 2])
    columns = np.flatnonzero(within[height // 2])
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
