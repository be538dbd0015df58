"""Groups: strokes of a template and of a sample that are the same writing."""

import dataclasses

import numpy as np

from hwgen_keras.sources.strokes import resample, resample_all

# Points of a line that is compared.
_POINTS = 24

# A stroke in a line: its index, and whether it is run through backwards.
Part = tuple[int, bool]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Strokes of a template and of a sample that are the same writing.

    Attributes:
        template: (index of a stroke, whether it is run through backwards) of each of
            the template's strokes, in the order of the line that they make.
        sample: the same of the sample's strokes, which make the same line.
        distance: mean distance of the points of the two lines, as a share of the
            character's box.
    """

    template: tuple[Part, ...]
    sample: tuple[Part, ...]
    distance: float


def group_of(template, sample, parts, other_parts):
    """The `Group` of strokes of a template and of a sample, its distance measured."""
    wanted, written = line_of(template, parts), line_of(sample, other_parts)
    distance = float(np.linalg.norm(wanted - written, axis=1).mean())
    return Group(parts, other_parts, distance)


def line_of(strokes, parts):
    """Strokes one after the other, and the pen's ways between, as `_POINTS` points."""
    return resample(np.concatenate(runs(strokes, parts)), _POINTS)


def lines_of(strokes, chains):
    """`line_of` of many chains at once: (chains, points, 2).

    Strokes are resampled before they are put together, which moves a point by less
    than half of its distance from the next.
    """
    evenly = np.stack([resample(stroke, _POINTS) for stroke in strokes])
    both = np.stack([evenly, evenly[:, ::-1]])
    counts = np.array([len(parts) for parts in chains])
    lines = np.empty((len(chains), _POINTS, 2))
    for count in np.unique(counts):
        chosen = np.flatnonzero(counts == count)
        parts = np.array([chains[k] for k in chosen]).reshape(-1, count, 2)
        joined = both[parts[..., 1], parts[..., 0]].reshape(len(chosen), -1, 2)
        lines[chosen] = resample_all(joined, _POINTS)
    return lines


def runs(strokes, parts):
    """The strokes of a line, each in the direction of the line."""
    return [strokes[i][::-1] if reverse else strokes[i] for i, reverse in parts]


def paired_points(template, sample, groups):
    """Points of the lines of groups: the template's (n, 2), the sample's (n, 2)."""
    wanted = [line_of(template, group.template) for group in groups]
    written = [line_of(sample, group.sample) for group in groups]
    return np.concatenate(wanted), np.concatenate(written)


def affine_map(points, targets):
    """The matrix (3, 2), two rows and a shift, that brings points nearest to targets.

    A weak prior keeps the map near to none where few strokes say little.
    """
    system = np.hstack([points, np.ones((len(points), 1))])
    prior = 0.05 * len(points) * np.diag([0.1, 0.1, 0.01])
    none = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    return np.linalg.solve(system.T @ system + prior, system.T @ targets + prior @ none)
