"""How the parts of a character lie: the operator from KanjiVG's labels, or boxes."""

import numpy as np

# KanjiVG's pairs of positions that stand for one operator, outer part first.
_PAIRS = {
    ("left", "right"): "⿰",
    ("top", "bottom"): "⿱",
    ("⿵A", "⿵B"): "⿵",
    ("⿶1", "⿶2"): "⿶",
}
# The label kamae says that a part surrounds, not from where: its element does.
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
# Which sides of its content a surrounding part covers.
_SIDES = {
    "left top right bottom": "⿴",
    "left top right": "⿵",
    "left right bottom": "⿶",
    "left top bottom": "⿷",
    "left top": "⿸",
    "top right": "⿹",
    "left bottom": "⿺",
}
# Boxes of neighbours overlap by up to this share of the smaller one.
_OVERLAP = 0.4


def arrange(children):
    """The arrangement of parts.

    Args:
        children: at least two `Part`s in writing order.

    Returns:
        (operator, operands): the operands are parts or again such pairs. The
        operands follow the operator's order, not the order of writing.
    """
    children = list(children)
    if len(children) == 2:
        return _pair(*children)
    for child in children:
        if child.position in OUTER:
            rest = [other for other in children if other is not child]
            return _surround(child, rest)
    return _divide(children)


def _pair(first, second):
    for outer, inner in ((first, second), (second, first)):
        if outer.position in OUTER and inner.position in _CONTENT:
            return _surround(outer, [inner])
        operator = _PAIRS.get((outer.position, inner.position))
        if operator:
            return operator, (outer, inner)
    return _divide([first, second])


def _surround(outer, inner):
    # The element comes first: the label of 凵 in 函 and of 戈 in 戒 says too little.
    operator = (
        _FRAME_OF.get(outer.name)
        or {"tare": "⿸", "nyo": "⿺"}.get(outer.position)
        or _frame(outer, inner)
        or _divide([outer, *inner])[0]
    )
    return operator, (outer, inner[0] if len(inner) == 1 else arrange(inner))


def _divide(parts):
    """Rows or columns where the boxes allow it, else an enclosure, else ⿻."""
    axis, groups = _gaps(parts)
    if groups:
        operands = tuple(g[0] if len(g) == 1 else arrange(g) for g in groups)
        if len(operands) > 3:
            operands = operands[0], ("⿲⿳"[axis], operands[-3:])
            if len(groups) > 4:
                return _chain("⿰⿱"[axis], groups)
        return ("⿰⿱" if len(operands) == 2 else "⿲⿳")[axis], operands
    enclosures = []
    for outer in parts:
        rest = [other for other in parts if other is not outer]
        operator = _frame(outer, rest)
        if operator:
            enclosures.append((operator, outer, rest))
    if enclosures:
        # _SIDES begins with the operators that cover most sides.
        frames = list(_SIDES.values())
        operator, outer, rest = min(enclosures, key=lambda e: frames.index(e[0]))
        return operator, (outer, rest[0] if len(rest) == 1 else arrange(rest))
    return _chain("⿻", [[part] for part in parts])


def _chain(operator, groups):
    first, *rest = (g[0] if len(g) == 1 else arrange(g) for g in groups)
    operand = rest[-1]
    for part in reversed(rest[:-1]):
        operand = operator, (part, operand)
    return operator, (first, operand)


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
    """How far two groups overlap along an axis, as a share of the shorter one."""
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
    for side, axis, sign in (
        ("left", 0, -1),
        ("top", 1, -1),
        ("right", 0, 1),
        ("bottom", 1, 1),
    ):
        edge = low if sign < 0 else high
        outermost = (sign * outer.points[:, axis]).max()
        if outermost < sign * edge[axis]:
            continue
        # Beyond the quarter nearest the edge, so that slanted strokes count.
        limit = (edge[axis] + middle[axis]) / 2
        beyond = outer.points[sign * (outer.points[:, axis] - limit) > 0]
        other = 1 - axis
        inside = beyond[
            (beyond[:, other] >= low[other]) & (beyond[:, other] <= high[other])
        ][:, other]
        span = np.ptp(inside) if len(inside) else 0.0
        if span >= 0.4 * max(high[other] - low[other], 1.0):
            covered.append(side)
    return _SIDES.get(" ".join(covered))
