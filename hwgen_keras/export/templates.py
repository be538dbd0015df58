"""The templates of a stroke writer's characters, packed for an exported model."""

import numpy as np

from hwgen_keras.data import template_strokes
from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import keeps_place
from hwgen_keras.sources.strokes import has_strokes

# Coordinates of templates lie in [0, 1]. In 14 bits they are true to 3e-5, and take two
# bytes in the file of a graph, where larger integers take three.
UNIT = np.float32(1 / 16383)


def packed_templates(characters, points):
    """The strokes of KanjiVG that a stroke writer moves, one character after the other.

    Args:
        characters: list of characters.
        points: points of a stroke.

    Returns:
        A dict of `strokes`, uint16 (strokes of all characters, points, 2), in units of
        `UNIT`; and of each character `first`, int32, the number of its first stroke,
        `count`, int32, and `keeps_place`, bool.

    Raises:
        InputError: KanjiVG has no strokes for a character.
    """
    lacking = [character for character in characters if not has_strokes(character)]
    if lacking:
        raise InputError(
            f"KanjiVG has no strokes for {'、'.join(lacking[:5])}; give a set of "
            "--characters without."
        )
    templates = [template_strokes(character, points) for character in characters]
    count = np.array([len(template) for template in templates], np.int32)
    return {
        "strokes": np.round(np.concatenate(templates) / UNIT).astype(np.uint16),
        "first": np.cumsum(count, dtype=np.int32) - count,
        "count": count,
        "keeps_place": np.array([keeps_place(c) for c in characters], bool),
    }


def unpacked(strokes):
    """Strokes of `packed_templates` as a stroke writer takes them."""
    return strokes.astype(np.float32) * UNIT
