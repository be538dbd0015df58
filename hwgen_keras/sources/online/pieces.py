"""What the cheapest groups leave over: pieces of strokes, and strokes drawn twice.

A short stroke costs less alone than in a group, where it makes the whole line dearer.
So people's touches, hooks and corrections are left over, though they belong to a line
beside them.
"""

import dataclasses
import itertools

import numpy as np
from scipy.spatial import cKDTree

from hwgen_keras.sources.online.groups import affine_map, line_of, runs

# Lengths and distances are shares of the longer side of the character's box.
# A stroke no point of which is farther from other strokes is drawn upon them; a shorter
# one is a speck.
_UPON, _SPECK = 0.05, 0.04
# A piece may begin so far from the end of its line, and if the line is more like the
# template's with it, so far.
_GAP, _GAP_BETTER = 0.12, 0.25
# It may make the line less like the template's by this share of its length, since all
# points beside it move along, but a long one by so much; a stroke of the template that
# was written with another one, by so much.
_WORSE_SHARE, _SHORT, _WORSE = 0.5, 0.3, 0.05
_WORSE_TEMPLATE = 0.03
# Points along a stroke where its distance from others is measured.
_SPACING = 0.01


def absorbed(groups, template, sample):
    """Adds to groups what is left over and belongs to their lines.

    Args:
        groups: list of `Group`.
        template: the template's strokes (points, 2).
        sample: the sample's, upon the template.

    Returns:
        The groups, whose distances are not measured again, and the set of indices of
        the sample's strokes that are specks or were drawn upon others.
    """
    groups = list(groups)
    for i in _left_over(template, [g.template for g in groups]) if groups else ():
        _put(groups, i, template, sample, "template", _WORSE_TEMPLATE)
    ignored = set()
    for i in _left_over(sample, [g.sample for g in groups]):
        length = _length(sample[i])
        worse = _WORSE_SHARE * length if length < _SHORT else _WORSE
        used = [sample[j] for group in groups for j, _ in group.sample]
        if not used:
            break
        if length < _SPECK or _is_upon(sample[i], used):
            ignored.add(i)
        else:
            _put(groups, i, template, sample, "sample", worse)
    return groups, ignored


def _left_over(strokes, lines):
    """Indices of strokes in no line, the longest first."""
    used = {i for parts in lines for i, _ in parts}
    others = [i for i in range(len(strokes)) if i not in used]
    return sorted(others, key=lambda i: -_length(strokes[i]))


def _length(stroke):
    return float(np.hypot(*np.diff(stroke, axis=0).T).sum())


def _is_upon(stroke, others):
    dense = [_dense(other) for other in others]
    return cKDTree(np.concatenate(dense)).query(_dense(stroke))[0].max() < _UPON


def _dense(stroke):
    """Points along a stroke that are close to each other."""
    if len(stroke) == 1:
        return stroke
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    counts = np.maximum(1, np.ceil(steps / _SPACING)).astype(int)
    place = np.repeat(np.arange(len(steps)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    t = ((np.arange(len(place)) - first) / counts[place])[:, None]
    along = stroke[place] + t * np.diff(stroke, axis=0)[place]
    return np.concatenate([along, stroke[-1:]])


def _put(groups, i, template, sample, side, worse):
    """Puts a stroke into the line that it makes least worse, if it may.

    Without the stroke the sample may be stretched to the place of the whole line, so
    all lines are compared after another affine map.
    """
    strokes = {"template": template, "sample": sample}[side]
    wanted = np.stack([line_of(template, group.template) for group in groups])
    written = np.stack([line_of(sample, group.sample) for group in groups])
    before, best = _misfit(wanted, written), None
    lines = {"template": wanted, "sample": written}[side]
    for number, group in enumerate(groups):
        parts, line = getattr(group, side), lines[number].copy()
        for place in range(len(parts) + 1):
            for reverse in (False, True):
                longer = (*parts[:place], (i, reverse), *parts[place:])
                gap = _gap(strokes, longer)
                if gap > _GAP_BETTER:
                    continue
                lines[number] = line_of(strokes, longer)
                growth = _misfit(wanted, written) - before
                allowed = worse if gap < _GAP else 0.0
                if growth < (allowed if best is None else min(allowed, best[0])):
                    best = growth, number, longer
        lines[number] = line
    if best is not None:
        _, number, longer = best
        groups[number] = dataclasses.replace(groups[number], **{side: longer})


def _misfit(wanted, written):
    """The sum of the mean distances of lines (n, points, 2), laid upon each other."""
    matrix = affine_map(written.reshape(-1, 2), wanted.reshape(-1, 2))
    moved = written @ matrix[:2] + matrix[2]
    return np.linalg.norm(moved - wanted, axis=-1).mean(-1).sum()


def _gap(strokes, parts):
    """The greatest distance between strokes that follow each other in a line."""
    pairs = itertools.pairwise(runs(strokes, parts))
    return max(float(np.hypot(*(after[0] - before[-1]))) for before, after in pairs)
