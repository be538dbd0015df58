"""Derives the packaged structure of 3,057 characters from KanjiVG.

    python -m hwgen_keras.characters.derive --output structure.tsv

KanjiVG groups the strokes of a character into components with names and, mostly,
positions. These rules turn its groups into a prefix sequence:

- Pieces of one element (`kvg_part`) are joined. Strokes outside any group form a
  part without a name; its token is the kinds of its strokes.
- Positions give the operator; without them the boxes of the strokes do (see `arrange`).
- A part is indivisible, and is its own token, if it has no inner groups, if none of
  its parts has a name, or if it is a component plus strokes without positions
  (末, 玉, 鳥).
- Depth: every character is opened once. Then components that occur in fewer than
  `RARE` characters are opened, level by level, until a component is common enough or
  indivisible, or the sequence would exceed `LONGEST` tokens.
- Characters that then share a sequence are opened as far as possible. Those that still
  share it are their own token, so no two characters have one sequence.
- Alternatives come from KanjiVG's other printed forms (`FORMS`), such as ⻌ for 辶.
- Kana are their own token.

With KanjiVG 20260714 this gives 790 tokens ([PAD], [UNK], [CLS] and [SEP] included)
and sequences of at most 13 tokens with [CLS] and [SEP], 5.5 on average. 41
characters have alternatives; 208 kanji are their own token; 95 tokens are strokes.

KanjiVG is copyright Ulrich Apel, CC BY-SA 3.0, https://kanjivg.tagaini.net. The output
is derived from it, and so has the same licence.
"""

import argparse
import collections
import errno
import os
import pathlib

from hwgen_keras.characters import kanjivg
from hwgen_keras.characters.arrange import OUTER, arrange
from hwgen_keras.characters.parts import character_parts
from hwgen_keras.characters.sets import HIRAGANA, KATAKANA, character_set
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text

RARE = 3
LONGEST = 11
# KanjiVG's variants that are other printed forms, not other stroke orders.
FORMS = ("Hyougai", "Jinmei", "Insatsu")
_THREE = {"⿰": "⿲", "⿱": "⿳"}

_HEADER = """\
# Structure of characters as prefix ideographic description sequences.
# One character a line: the character, a tab, its tokens separated by spaces; a
# further tab and tokens for each alternative.
# Derived from KanjiVG {version} by `python -m hwgen_keras.characters.derive`.
# KanjiVG is copyright (C) Ulrich Apel, https://kanjivg.tagaini.net, and released
# under the Creative Commons Attribution-Share Alike 3.0 licence; this file, an
# adaptation of it, is released under the same licence:
# https://creativecommons.org/licenses/by-sa/3.0/
"""


def derive_structures(characters):
    """The structures of characters, as `read_structures` returns them.

    Raises:
        InputError: KanjiVG does not describe a character, or is not installed.
    """
    kana = set(HIRAGANA + KATAKANA)
    parts = {c: character_parts(c) for c in characters if c not in kana}
    opened: set = set()
    while True:
        sequences = {c: sequence(part, opened) for c, part in parts.items()}
        rare = _rare_components(sequences)
        if rare <= opened:
            break
        opened |= rare
    for character in _shared(sequences):
        sequences[character] = sequence(parts[character], None)
    for character in _shared(sequences):
        sequences[character] = (character,)
    sequences.update((character, (character,)) for character in kana)
    structures = {character: [sequences[character]] for character in characters}
    taken = set(sequences.values())
    for character in parts:
        for form in FORMS:
            if not kanjivg.has_character(character, form):
                continue
            alternative = sequence(character_parts(character, form), opened)
            if len(alternative) > 1 and alternative not in taken:
                taken.add(alternative)
                structures[character].append(alternative)
    return {c: tuple(alternatives) for c, alternatives in structures.items()}


def sequence(part, opened):
    """The prefix sequence of a character.

    Args:
        part: the tree of parts of the character.
        opened: the names of the components to open; None opens all.

    Returns:
        A tuple of at most `LONGEST` tokens. If more are needed, the last components
        stay closed.
    """
    if _indivisible(part):
        return (part.name,)
    items = _flat(arrange(part.children))
    # Opens from the outside in, so that the length limit cuts the deepest level.
    while True:
        for position, item in enumerate(items):
            inner = _opening(item, opened)
            if inner and len(items) - 1 + len(inner) <= LONGEST:
                items[position : position + 1] = inner
                break
        else:
            return tuple(i if isinstance(i, str) else i.token for i in items)


def _opening(item, opened):
    """The operators and parts inside an item, or None if it stays closed."""
    if isinstance(item, str) or _indivisible(item):
        return None
    if item.name is not None and opened is not None and item.name not in opened:
        return None
    return _flat(arrange(item.children))


def _flat(arrangement):
    """An arrangement in prefix order, as a list of operators and parts.

    A row or column of three becomes ⿲ or ⿳, even if a nameless group holds two.
    """
    operator, operands = arrangement
    operands = [_nameless_arrangement(operand) for operand in operands]
    inner = [isinstance(o, tuple) and o[0] == operator for o in operands]
    if operator in _THREE and len(operands) == 2 and any(inner):
        position = inner.index(True)
        operands[position : position + 1] = operands[position][1]
        operator = _THREE[operator]
    items = [operator]
    for operand in operands:
        items.extend(_flat(operand) if isinstance(operand, tuple) else [operand])
    return items


def _nameless_arrangement(operand):
    if isinstance(operand, tuple) or operand.name or _indivisible(operand):
        return operand
    return arrange(operand.children)


def _indivisible(part):
    children = part.children
    if len(children) < 2 or not any(child.name for child in children):
        return True
    if all(child.position for child in children) or any(
        child.position in OUTER for child in children
    ):
        return False
    if part.name is None:
        # An open part with a named component is better than a token of many strokes.
        known = [bool(child.name) and len(child.strokes) > 1 for child in children]
        return not any(known) or not all(known) and arrange(children)[0] == "⿻"
    if any(child.name is None and not child.children for child in children):
        return True
    if any(len(child.strokes) == 1 for child in children):
        return len(children) == 2 or arrange(children)[0] == "⿻"
    return False


def _rare_components(sequences):
    counts = collections.Counter(
        token for tokens in sequences.values() for token in set(tokens)
    )
    return {token for token, count in counts.items() if count < RARE}


def _shared(sequences):
    """The characters whose sequence another character has, too."""
    counts = collections.Counter(sequences.values())
    return [c for c, tokens in sequences.items() if counts[tokens] > 1]


def write_structures(path, structures):
    """Writes a tab-separated structure file that appears only when it is complete.

    Raises:
        InputError: the file cannot be written.
    """
    lines = [
        "\t".join([character, *(" ".join(tokens) for tokens in alternatives)]) + "\n"
        for character, alternatives in structures.items()
    ]
    try:
        if pathlib.Path(path).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        write_text(path, _HEADER.format(version=kanjivg.version()) + "".join(lines))
    except OSError as error:
        raise InputError(
            f"The structure file {path} cannot be written ({error.strerror}); choose "
            "another --output."
        ) from None


def main(arguments=None):
    """Runs the command; an InputError ends it with one sentence and status 2."""
    parser = argparse.ArgumentParser(
        description="Derive the structure of 3,057 characters from KanjiVG."
    )
    parser.add_argument("--output", required=True, help="the file to write")
    options = parser.parse_args(arguments)
    try:
        write_structures(options.output, derive_structures(character_set("jis1")))
    except InputError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
