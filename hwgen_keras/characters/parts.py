"""A character's tree of parts, from KanjiVG's groups, with the place of each part."""

import dataclasses
import itertools

import numpy as np

from hwgen_keras.characters import kanjivg

_GROUP = "{http://www.w3.org/2000/svg}g"
_MINOR = "minor_piece"
# Straight pieces that replace a Bézier curve.
_PIECES = 8


@dataclasses.dataclass
class Part:
    """A component of a character, or strokes without a name."""

    name: str | None  # the character that the component is
    position: str | None  # KanjiVG's `position` ("left", "tare", …)
    strokes: tuple  # the kind of each stroke ("㇐", …) in writing order
    points: np.ndarray  # (n, 2), x to the right and y down, in KanjiVG's box
    children: tuple = ()  # parts; empty if there is no inner structure

    @property
    def box(self):
        """The corners ((x, y), (x, y)) of the part: top left, bottom right."""
        return self.points.min(axis=0), self.points.max(axis=0)

    @property
    def token(self):
        """The token of the part: its name, or the kinds of its strokes."""
        return self.name or "".join(self.strokes)


def character_parts(character, variant=None):
    """The tree of parts of a character; see `kanjivg.stroke_group`."""
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
    items = itertools.chain.from_iterable(groups)
    children: list = []
    for is_group, run in itertools.groupby(items, lambda item: item.tag == _GROUP):
        if is_group:
            children.extend([_unwrap(group)] for group in run)
        else:
            children.append(_loose(list(run)))
    children = [
        _part(child) if isinstance(child, list) else child
        for child in _join_split(children)
    ]
    strokes = tuple(stroke for child in children for stroke in child.strokes)
    points = np.concatenate([child.points for child in children])
    name = groups[0].get("kvg_element")
    # Names such as CDP-8BC4 stand for components without a code point.
    coded = name is not None and len(name) != 1
    # The other pieces are in another group: this piece is not the element.
    if coded or (len(groups) == 1 and groups[0].get(_MINOR)):
        name = None
    position = groups[0].get("kvg_position")
    if len(children) == 1:
        # A group around one group adds only a name or a position.
        (child,) = children
        name, position = name or child.name, position or child.position
        children = child.children
    return Part(name, position, strokes, points, tuple(children))


def _unwrap(group):
    """The piece of a split element that a bare group around it would hide (術)."""
    while group.get("kvg_element") is None and len(group) == 1:
        (inner,) = group
        if inner.tag != _GROUP or inner.get("kvg_part") is None:
            break
        group = inner
    return group


def _join_split(children):
    """Joins the pieces (`kvg_part` 1, 2, …) of one element into one list."""
    joined: list = []
    open_pieces: dict = {}
    for child in children:
        if isinstance(child, Part) or child[0].get("kvg_part") is None:
            joined.append(child)
            continue
        (group,) = child
        element = group.get("kvg_element"), group.get("kvg_number")
        pieces = open_pieces.get(element)
        numbers = {piece.get("kvg_part") for piece in pieces or ()}
        if pieces is None or group.get("kvg_part") in numbers:
            # A repeated number begins the next copy of the element, as in 弱.
            open_pieces[element] = child
            joined.append(child)
        else:
            pieces.append(group)
    return joined


def _loose(paths):
    kinds = tuple(_kind(path) for path in paths)
    points = np.concatenate([kanjivg.stroke_points(path, _PIECES) for path in paths])
    return Part(None, None, kinds, points)


def _kind(path):
    # The first of several kinds, without the letter of its subkind.
    kind = path.get("kvg_type")[0]
    # KanjiVG gives the rising stroke at the foot of 禺 a digit by mistake.
    return "㇀" if kind == "６" else kind
