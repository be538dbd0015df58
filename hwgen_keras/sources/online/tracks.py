"""The track of an online sample, whose strokes were matched to KanjiVG's."""

import itertools

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.errors import check_number, check_whole
from hwgen_keras.sources.online.groups import affine_map, paired_points, runs
from hwgen_keras.sources.online.matching import Match
from hwgen_keras.sources.online.samples import OnlineSample, Unusable
from hwgen_keras.sources.strokes import resample, strokes
from hwgen_keras.sources.track import Track, straight_ways

# Lengths are shares of the side of the character's box.
# Between two strokes written for one, a gap of more is not drawn.
_GAP = 0.06
# A sample of a greater distance, or that lacks more of the length of the template, is
# another character, or its match is wrong.
_FARTHEST, _LACKING = 0.15, 0.4
# Points along each line that is cut: of KanjiVG's, of the written one.
_WANTED, _WRITTEN = 24, 48


def matched_track(
    sample: OnlineSample, match: Match, radius: float = 0.015, points: int = 24
) -> Track:
    """The strokes of a sample in the order and direction of KanjiVG's.

    The sample is scaled and moved, not bent, until it lies upon the template. Several
    of the template's strokes that were written as one are cut apart by dynamic time
    warping, and the ways between them have ink. A stroke that was left out is lifted,
    at the place where the written ones let it be expected.

    Args:
        sample: an `OnlineSample`.
        match: its `match_strokes` with `strokes(sample.character)`.
        radius: half the width of the line; the box of the character has a side of 1.
        points: points of each line, at least 2.

    Returns:
        A `Track`.

    Raises:
        InputError: KanjiVG lacks the character, or a number is out of range.
        Unusable: the sample has strokes that the template lacks, lacks much of it, or
            is far from it.

    Reference: Sakoe and Chiba, Dynamic programming algorithm optimization for spoken
    word recognition, 1978, whose path is here one that may leave written points out.
    """
    check_number(radius, "radius", "a share of the side above 0", least=1e-6)
    check_whole(points, "points", 2)
    template = strokes(sample.character)
    if match.added:
        raise Unusable(f"{len(match.added)} of its strokes are none of KanjiVG's")
    lengths = np.linalg.norm(np.diff(template, axis=1), axis=-1).sum(1)
    if lengths[match.left_out].sum() > _LACKING * lengths.sum():
        raise Unusable(f"it lacks {len(match.left_out)} of KanjiVG's strokes")
    if match.distance > _FARTHEST:
        raise Unusable(
            f"its strokes lie {match.distance:.2f} of its box from KanjiVG's"
        )
    written = _upon(template, sample.strokes, match.groups)
    fitted = paired_points(template, written, match.groups)
    expected = affine_map(*fitted)
    lines = np.stack([resample(s, points) for s in template @ expected[:2]])
    lines += expected[2]
    radii = np.full(lines.shape[:2], float(radius))
    radii[match.left_out] = 0.0
    joins: dict[int, NDArray] = {}
    for group in match.groups:
        line = runs(written, group.sample)
        if len(group.template) > 1:
            wanted = [
                run @ expected[:2] + expected[2]
                for run in runs(template, group.template)
            ]
            pieces, ways = _cut(np.concatenate(line), wanted, group.template)
            joins |= ways
            for i, piece in pieces.items():
                lines[i] = resample(piece, points)
        else:
            i = group.template[0][0]
            lines[i], lifted = _joined(line, points)
            radii[i][lifted] = 0.0
    ways, way_radii = straight_ways(lines), np.zeros((len(lines) - 1, points))
    for i, way in joins.items():
        ways[i], way_radii[i] = resample(way, points), radius
    return Track.of_strokes(sample.character, lines, radii, ways, way_radii)


def _upon(template, sample, groups):
    """The sample's strokes scaled and moved upon the template."""
    wanted, written = paired_points(template, sample, groups)
    middle, spread = written.mean(0), written.std(0)
    size = np.hypot(*wanted.std(0)) / max(np.hypot(*spread), 1e-9)
    return [wanted.mean(0) + (stroke - middle) * size for stroke in sample]


def _joined(line, points):
    """Strokes written for one, as one line, and which of its points lie in gaps."""
    lifted = np.zeros(points, bool)
    whole = np.concatenate(line)
    far = np.hypot(*np.diff(whole, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(far)])
    place = np.linspace(0, length[-1], points)
    lasts = np.cumsum([len(stroke) for stroke in line])[:-1] - 1
    for last in lasts:
        if far[last] > _GAP:
            lifted |= (place > length[last]) & (place < length[last + 1])
            # Where the points are far apart, the nearest one stands for the gap.
            middle = (length[last] + length[last + 1]) / 2
            lifted[np.abs(place - middle).argmin()] = True
    return resample(whole, points), lifted


def _cut(line, wanted, parts):
    """Cuts a written line where it passes the ends of the strokes it stands for.

    Args:
        line: (points, 2), as written.
        wanted: the strokes (points, 2) that it should consist of.
        parts: their (index, whether run through backwards).

    Returns:
        {index of a stroke: its piece} and {index of a way: its piece}, in the
        directions of the template. A piece between strokes that do not follow each
        other in the template belongs half to each of the two.
    """
    written = resample(line, _WRITTEN * len(wanted))
    ends = _ends(written, wanted)
    ways = {}
    for k, ((i, back), (j, back_too)) in enumerate(itertools.pairwise(parts)):
        between = written[ends[k, 1] : ends[k + 1, 0] + 1]
        if j == i + 1 and not (back or back_too):
            ways[i] = between
        elif i == j + 1 and back and back_too:
            ways[j] = between[::-1]
        else:
            ends[k, 1] = ends[k + 1, 0] = (ends[k, 1] + ends[k + 1, 0]) // 2
    pieces = {}
    for (i, back), (first, last) in zip(parts, ends, strict=True):
        piece = written[first : last + 1]
        pieces[i] = piece[::-1] if back else piece
    return pieces, ways


def _ends(written, wanted):
    """The indices (strokes, 2) of the written points where strokes begin and end."""
    evenly = np.concatenate([resample(stroke, _WANTED) for stroke in wanted])
    cost = np.linalg.norm(evenly[:, None] - written[None], axis=-1)
    cost[0, 1:] = cost[-1, :-1] = np.inf  # the first and the last point belong together
    total = np.empty_like(cost)
    total[0] = cost[0]
    for row in range(1, len(cost)):
        total[row] = cost[row] + np.minimum.accumulate(total[row - 1])
    path = np.empty(len(cost), int)
    path[-1] = len(written) - 1
    for row in range(len(cost) - 2, -1, -1):
        path[row] = total[row, : path[row + 1] + 1].argmin()
    return path.reshape(-1, _WANTED)[:, [0, -1]]
