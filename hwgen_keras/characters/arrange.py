"""The operator of a character's parts, from KanjiVG's positions or from boxes."""

import functools

import numpy as np

# Pairs of KanjiVG's positions and their operator, outer part first.
_PAIRS = {
    ("left", "right"): "⿰",
    ("top", "bottom"): "⿱",
    ("⿵A", "⿵B"): "⿵",
    ("⿶1", "⿶2"): "⿶",
}
# The position kamae says that a part surrounds; its element says from which sides.
_FRAMES = {
    "⿴": "囗行",
    "⿵": "門冂几罒",
    "⿶": "凵",
    "⿷": "匚匸",
    "⿸": "厂𠂇",
    "⿹": "勹弋戈𢦏气丁",
}
_FRAME_OF = {name: frame for frame, names in _FRAMES.items() for name in names}
# Positions of a part that surrounds another on two or more sides.
OUTER = ("kamae", "tare", "nyo")
_CONTENT = ("kamaec", "tarec", "nyoc", None)
# Sides of its content that a surrounding part covers; most sides first.
_SIDES = {
    "left top right bottom": "⿴",
    "left top right": "⿵",
    "left right bottom": "⿶",
    "left top bottom": "⿷",
    "left top": "⿸",
    "top right": "⿹",
    "left bottom": "⿺",
}
# Largest overlap of neighbours' boxes, as a share of the smaller box.
_OVERLAP = 0.4


def arrange(children):
    """The arrangement of parts.

    Args:
        children: `Part`s in writing order, at least one.

    Returns:
        A single part, or (operator, operands): operands are parts or again such pairs,
        in the operator's order, not in the order of writing.
    """
    first, *rest = children
    if not rest:
        return first
    if len(rest) == 1:
        for outer, inner in ((first, *rest), (*rest, first)):
            if outer.position in OUTER and inner.position in _CONTENT:
                return _surround(outer, [inner])
            operator = _PAIRS.get((outer.position, inner.position))
            if operator:
                return operator, (outer, inner)
        return _divide(children)
    for child in children:
        if child.position in OUTER:
            return _surround(child, [other for other in children if other is not child])
    return _divide(children)


def _surround(outer, inner):
    # The element comes first: the positions of 凵 in 函 and 戈 in 戒 are too vague.
    operator = (
        _FRAME_OF.get(outer.name)
        or {"tare": "⿸", "nyo": "⿺"}.get(outer.position)
        or _frame(outer, inner)
        or _divide([outer, *inner])[0]
    )
    return operator, (outer, arrange(inner))


def _divide(parts):
    """Rows or columns where the boxes allow it, else an enclosure, else ⿻."""
    axis, groups = _gaps(parts)
    if groups:
        operands = tuple(map(arrange, groups))
        two, three = "⿰⿱"[axis], "⿲⿳"[axis]
        if len(operands) > 4:
            return _chain(two, operands)
        if len(operands) == 4:
            return two, (operands[0], (three, operands[1:]))
        return two if len(operands) == 2 else three, operands
    enclosures = []
    for outer in parts:
        rest = [other for other in parts if other is not outer]
        operator = _frame(outer, rest)
        if operator:
            enclosures.append((operator, outer, rest))
    if enclosures:
        frames = list(_SIDES.values())
        operator, outer, rest = min(enclosures, key=lambda e: frames.index(e[0]))
        return operator, (outer, arrange(rest))
    return _chain("⿻", parts)


def _chain(operator, operands):
    """Operands nested to the right: operator a (operator b c)."""
    return functools.reduce(
        lambda right, left: (operator, (left, right)), operands[::-1]
    )


def _gaps(parts):
    """The axis (0: a row, 1: a column) and the groups that gaps along it separate."""
    best: tuple = (_OVERLAP, None, None)
    for axis in (0, 1):
        ordered = sorted(parts, key=lambda part: sum(part.box)[axis])
        groups, worst = [[ordered[0]]], -np.inf
        for i in range(1, len(ordered)):
            overlap = _overlap(ordered[:i], ordered[i:], axis)
            if overlap < _OVERLAP:
                groups.append([])
                worst = max(worst, overlap)
            groups[-1].append(ordered[i])
        if len(groups) > 1 and worst < best[0]:
            best = worst, axis, groups
    return best[1:]


def _overlap(before, after, axis):
    """Overlap of two groups along an axis, as a share of the shorter group."""
    low_before, high_before = _extent(before, axis)
    low_after, high_after = _extent(after, axis)
    shorter = min(high_before - low_before, high_after - low_after)
    return (high_before - low_after) / max(shorter, 8.0)


def _extent(parts, axis):
    low = min(part.box[0][axis] for part in parts)
    return low, max(part.box[1][axis] for part in parts)


def _frame(outer, inner):
    """The surrounding operator by the sides of `inner` that `outer` covers."""
    points = np.concatenate([part.points for part in inner])
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    covered = []
    for i, side in enumerate(("left", "top", "right", "bottom")):
        axis, sign, edge = i % 2, (-1, 1)[i // 2], (low, high)[i // 2]
        outermost = (sign * outer.points[:, axis]).max()
        if outermost < sign * edge[axis]:
            continue
        # Beyond the quarter nearest the edge, so that slanted strokes count.
        limit = (edge[axis] + middle[axis]) / 2
        beyond = outer.points[sign * (outer.points[:, axis] - limit) > 0]
        other = 1 - axis
        inside = beyond[:, other]
        inside = inside[(inside >= low[other]) & (inside <= high[other])]
        span = np.ptp(inside) if len(inside) else 0.0
        if span >= 0.4 * max(high[other] - low[other], 1.0):
            covered.append(side)
    return _SIDES.get(" ".join(covered))
