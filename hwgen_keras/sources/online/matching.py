"""Which strokes of a sample are which strokes of KanjiVG.

People write strokes in another order or direction, two as one, or one as two. A match
is a set of groups: some strokes of KanjiVG, written as some strokes of the sample, of
which one side has a single stroke. The cheapest set in which every stroke is in one
group is an integer program, which scipy's HiGHS solves.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csc_array

from hwgen_keras.sources.online.groups import (
    Group,
    Part,
    affine_map,
    group_of,
    lines_of,
    paired_points,
)
from hwgen_keras.sources.online.pieces import absorbed

# Lengths and distances are shares of the longer side of the character's box.
# Strokes that one stroke can stand for.
_MOST = 4
# Strokes that follow each other somewhere in one line may be this far apart, those that
# follow each other in the order of writing as far as they like.
_GAP = 0.2
# Of the strokes that are near enough, so many may follow.
_NEAREST = 3
# Costs: of a stroke that is in no group, for each unit of its length, and at least;
# of a stroke more in a group, so that single ones come first; of one written backwards.
_ALONE, _LEAST_ALONE = 1.0, 0.05
_JOINED = 0.02
_BACKWARDS = 0.1
# At this distance the cost of joined strokes is twice that of single ones.
_NEAR = 0.1
# With strokes of equal number, all of which lie nearer, no groups are looked for.
_SURE = 0.12
# Rounds of matching after the sample was moved upon the template.
_ROUNDS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """How a sample was written.

    Attributes:
        groups: a list of `Group`.
        left_out: indices of the template's strokes that the sample lacks.
        added: indices of the sample's strokes that the template lacks.
        ignored: indices of the sample's strokes that are specks, or drawn upon others.
    """

    groups: list[Group]
    left_out: list[int]
    added: list[int]
    ignored: list[int] = dataclasses.field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether each stroke is in a group, or ignored."""
        return not self.left_out and not self.added

    @property
    def distance(self) -> float:
        """Mean distance of the groups; infinite without one."""
        return float(np.mean([g.distance for g in self.groups] or [np.inf]))


def match_strokes(template: Sequence[NDArray], sample: Sequence[NDArray]) -> Match:
    """Matches the strokes of a sample to those of a template.

    Args:
        template: float arrays (points, 2), one or more, in writing order, such as
            `strokes` gives.
        sample: the same, in any unit.

    Returns:
        A `Match`. Distances are measured after an affine map of the whole sample upon
        the template.
    """
    wanted = _boxed([np.asarray(s, float) for s in template])
    written = _boxed([np.asarray(s, float) for s in sample])
    before = None
    for _ in range(_ROUNDS + 1):
        groups = _one_to_one(wanted, written) or _cheapest(wanted, written)
        parts = [(group.template, group.sample) for group in groups]
        if not groups or parts == before:
            break
        written, before = _moved(wanted, written, groups), parts
    groups, ignored = absorbed(groups, wanted, written)
    if groups:
        written = _moved(wanted, written, groups)
        groups = [group_of(wanted, written, g.template, g.sample) for g in groups]
    matched = {i for group in groups for i, _ in group.template}
    used = {i for group in groups for i, _ in group.sample}
    return Match(
        sorted(groups, key=lambda group: group.template),
        [i for i in range(len(template)) if i not in matched],
        [i for i in range(len(sample)) if i not in used | ignored],
        sorted(ignored),
    )


def _boxed(strokes):
    """Strokes moved and scaled so that the longer side of their box is 1."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    scale = max((high - low).max(), 1e-9)
    return [(stroke - (low + high) / 2) / scale for stroke in strokes]


def _one_to_one(template, sample):
    """Groups of single strokes, if all are near enough to be sure; else none."""
    if len(template) != len(sample):
        return []
    chains = [((i, False),) for i in range(len(template))]
    wanted, written = lines_of(template, chains), lines_of(sample, chains)
    forward, backward = (
        _distances(wanted, written),
        _distances(wanted, written[:, ::-1]),
    )
    cost = np.minimum(forward, backward + _BACKWARDS)
    groups = []
    for i, j in zip(*linear_sum_assignment(cost), strict=True):
        reverse = bool(backward[i, j] + _BACKWARDS < forward[i, j])
        distance = float(backward[i, j] if reverse else forward[i, j])
        groups.append(Group(((int(i), False),), ((int(j), reverse),), distance))
    return groups if max(group.distance for group in groups) < _SURE else []


def _distances(first, second):
    """Mean distances of the points of lines (n, p, 2) and (m, p, 2): (n, m)."""
    x, y = (first[:, None, :, axis] - second[None, :, :, axis] for axis in (0, 1))
    return np.sqrt(x * x + y * y).mean(-1)


def _cheapest(template, sample):
    """The groups of least cost in which each stroke is once, or is left alone."""
    alone = [[_alone(stroke) for stroke in s] for s in (template, sample)]
    own, others = _chains(template, backwards=False), _chains(sample, backwards=True)
    single_own, longer_own = _by_length(own)
    single, longer = _by_length(others)
    groups, costs = [], []
    for first, second in ((single_own, single + longer), (longer_own, single)):
        if not first:
            continue
        distances = _distances(lines_of(template, first), lines_of(sample, second))
        counts = [np.array([len(parts) for parts in c]) for c in (first, second)]
        most = np.maximum(counts[0][:, None], counts[1][None])
        # That strokes were joined is believed only where the line is near.
        cost = distances * most * np.where(most > 1, 1 + distances / _NEAR, 1)
        cost += np.array([_extra(parts) for parts in first])[:, None]
        cost += np.array([_extra(parts) for parts in second])[None]
        limits = [
            np.array([sum(single_cost[i] for i, _ in parts) for parts in chains])
            for single_cost, chains in zip(alone, (first, second), strict=True)
        ]
        # A group dearer than its strokes alone is in no cheapest cover.
        possible = cost < limits[0][:, None] + limits[1][None]
        for a, b in np.argwhere(possible):
            groups.append(Group(first[a], second[b], float(distances[a, b])))
        costs.extend(cost[possible])
    rows = [
        [*(i for i, _ in g.template), *(len(template) + i for i, _ in g.sample)]
        for g in groups
    ]
    return [groups[k] for k in _cover(rows, costs, np.concatenate(alone))]


def _by_length(chains):
    """The chains of one stroke, and the others."""
    return [c for c in chains if len(c) == 1], [c for c in chains if len(c) > 1]


def _extra(parts):
    """What a line costs beside its distance."""
    backwards = sum(reverse for _, reverse in parts)
    return _BACKWARDS * backwards + _JOINED * (len(parts) - 1)


def _alone(stroke):
    """What a stroke costs that is in no group."""
    length = np.hypot(*np.diff(stroke, axis=0).T).sum() if len(stroke) > 1 else 0.0
    return max(_ALONE * length, _LEAST_ALONE)


def _chains(strokes, backwards):
    """All lines of up to `_MOST` strokes, tuples of `Part`.

    `backwards` says whether single strokes may be run through backwards; in longer
    lines each may.
    """
    singles: list[tuple[Part, ...]] = [
        ((i, reverse),) for i in range(len(strokes)) for reverse in (False, True)
    ]
    chains = [chain for chain in singles if backwards or not chain[0][1]]
    followers = _followers(strokes)
    longer = singles
    for _ in range(_MOST - 1):
        longer = [
            (*chain, part)
            for chain in longer
            for part in followers[chain[-1]]
            if part[0] not in {i for i, _ in chain}
        ]
        chains += longer
    return chains


def _followers(strokes):
    """{part: the parts that may follow it in a line}."""
    parts = [(i, reverse) for i in range(len(strokes)) for reverse in (False, True)]
    first = np.array([strokes[i][-1 if reverse else 0] for i, reverse in parts])
    last = np.array([strokes[i][0 if reverse else -1] for i, reverse in parts])
    gaps = np.hypot(*(last[:, None] - first[None]).transpose(2, 0, 1))
    followers = {}
    for part, row in zip(parts, gaps, strict=True):
        near = [k for k in np.argsort(row, kind="stable") if parts[k][0] != part[0]]
        found = [parts[k] for k in near[:_NEAREST] if row[k] < _GAP]
        following = (part[0] + 1, False)
        if not part[1] and following in parts and following not in found:
            found.append(following)
        followers[part] = found
    return followers


def _cover(rows, costs, alone):
    """The columns of an exact cover of least cost; `alone` is the cost of each row."""
    columns = [np.full(len(row), c) for c, row in enumerate(rows)]
    place = np.concatenate([*rows, np.arange(len(alone))]).astype(int)
    column = np.concatenate([*columns, len(rows) + np.arange(len(alone))]).astype(int)
    matrix = csc_array((np.ones(len(place)), (place, column)))
    result = milp(
        np.concatenate([costs, alone]),
        constraints=LinearConstraint(matrix, 1, 1),
        integrality=np.ones(matrix.shape[1]),
        bounds=Bounds(0, 1),
    )
    return np.flatnonzero(result.x[: len(rows)] > 0.5)


def _moved(template, sample, groups):
    """The sample after the affine map that lays its groups upon the template."""
    matrix = affine_map(*paired_points(template, sample, groups)[::-1])
    return [stroke @ matrix[:2] + matrix[2] for stroke in sample]
