"""A character's tree of parts, from KanjiVG's groups, with the place of each part."""

import dataclasses
import itertools

import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from hwgen_keras.characters import kanjivg

_GROUP = "{http://www.w3.org/2000/svg}g"
_MINOR = "minor_piece"
_TIMES = np.linspace(0.0, 1.0, 9)[:, None]


@dataclasses.dataclass
class Part:
    """A component, or some strokes, of a character.

    Args:
        name: the character that the component is, or None.
        position: KanjiVG's `position` ("left", "tare", …) or None.
        strokes: the kind of each stroke ("㇐", …) in writing order.
        points: (n, 2) points of the strokes, x to the right and y down, in [0, 109].
        children: the parts it consists of; empty if it has no inner structure.
    """

    name: str | None
    position: str | None
    strokes: tuple
    points: np.ndarray
    children: tuple = ()

    @property
    def box(self):
        """The corners ((x, y), (x, y)) of the part: least, then greatest."""
        return self.points.min(axis=0), self.points.max(axis=0)

    @property
    def token(self):
        """How the part is written: its name, or the kinds of its strokes."""
        return self.name or "".join(self.strokes)


def character_parts(character, variant=None):
    """The tree of parts of a character.

    Args:
        character: one character.
        variant: None, or the name of a variant form in KanjiVG ("Hyougai", …).

    Raises:
        InputError: KanjiVG does not describe `character`, or not that variant.
    """
    group = kanjivg.stroke_group(character, variant)
    _mark_minor_pieces(group)
    part = _part([group])
    return dataclasses.replace(part, name=character, position=None)


def _mark_minor_pieces(group):
    """Marks each piece with at most two thirds of its element's strokes (衣 in 哀)."""
    strokes: dict[tuple, list] = {}
    for piece in group.iter(_GROUP):
        if piece.get("kvg_part") is not None:
            element = piece.get("kvg_element"), piece.get("kvg_number")
            count = sum(path.tag != _GROUP for path in piece.iter())
            strokes.setdefault(element, []).append((piece, count))
    for pieces in strokes.values():
        total = sum(count for _, count in pieces)
        for piece, count in pieces:
            if 3 * count <= 2 * total:
                piece.set(_MINOR, "true")


def _part(groups):
    """The part that one group, or several groups that are pieces of it, describe."""
    items = list(itertools.chain.from_iterable(groups))
    children: list = []
    for is_group, run in itertools.groupby(items, lambda item: item.tag == _GROUP):
        if is_group:
            children.extend([_unwrap(group)] for group in run)
        else:
            children.append(_loose(list(run)))
    children = _join_split(children)
    children = [
        _part(child) if isinstance(child, list) else child for child in children
    ]
    strokes = tuple(stroke for child in children for stroke in child.strokes)
    points = np.concatenate([child.points for child in children])
    name = groups[0].get("kvg_element")
    if name is not None and len(name) != 1:
        # Names such as CDP-8BC4 stand for components without a code point.
        name = None
    if len(groups) == 1 and groups[0].get(_MINOR):
        # The other pieces are in another group: this one is not the element.
        name = None
    position = groups[0].get("kvg_position")
    if len(children) == 1:
        # A group around one group adds only a name or a position.
        only = children[0]
        name, position = name or only.name, position or only.position
        children = only.children
    return Part(name, position, strokes, points, tuple(children))


def _unwrap(group):
    """The piece of a split element that a bare group around it would hide (術)."""
    while group.get("kvg_element") is None and len(group) == 1:
        if group[0].tag != _GROUP or group[0].get("kvg_part") is None:
            break
        group = group[0]
    return group


def _join_split(children):
    """Joins the pieces (`kvg_part` 1, 2, …) of one element into one list."""
    joined: list = []
    open_pieces: dict = {}
    for child in children:
        if isinstance(child, Part) or child[0].get("kvg_part") is None:
            joined.append(child)
            continue
        group = child[0]
        element = group.get("kvg_element"), group.get("kvg_number")
        piece = group.get("kvg_part")
        seen = open_pieces.get(element)
        if seen is None or piece in seen[1]:
            # A repeated number begins the next copy of the element, as in 弱.
            open_pieces[element] = child, {piece}
            joined.append(child)
        else:
            seen[0].append(group)
            seen[1].add(piece)
    return joined


def _loose(paths):
    kinds = tuple(_kind(path) for path in paths)
    points = np.concatenate([stroke_points(path.get("d")) for path in paths])
    return Part(None, None, kinds, points)


def _kind(path):
    # The first of several kinds, without the letter of its subkind.
    kind = path.get("kvg_type")[0]
    # A slip in KanjiVG: the rising stroke at the foot of 禺 is typed as a digit.
    return "㇀" if kind == "６" else kind


def stroke_points(outline):
    """Points along a stroke.

    Args:
        outline: the `d` attribute of an SVG path of curves and lines.

    Returns:
        float array of shape (n, 2): x and y in the units of the path.
    """
    pen = RecordingPen()
    parse_path(outline, pen)
    points: list = []
    for operation, operands in pen.value:
        if operation == "curveTo":
            start, (a, b, end) = points[-1][-1], np.asarray(operands)
            points.append(
                (1 - _TIMES) ** 3 * start
                + 3 * (1 - _TIMES) ** 2 * _TIMES * a
                + 3 * (1 - _TIMES) * _TIMES**2 * b
                + _TIMES**3 * end
            )
        elif operation == "lineTo":
            start, end = points[-1][-1], np.asarray(operands[0])
            points.append((1 - _TIMES) * start + _TIMES * end)
        elif operation == "moveTo":
            points.append(np.asarray(operands, "float64"))
    return np.concatenate(points)
