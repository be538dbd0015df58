"""Derives the packaged structure of 3,057 characters from KanjiVG.

    python -m hwgen_keras.characters.derive --output structure.tsv

KanjiVG groups the strokes of a character into named components and mostly says where
they lie. The rules that turn its groups into a prefix sequence:

- Pieces of one element (`kvg_part`) are joined. Strokes outside any group form a
  part without a name, written as the kinds of its strokes in one token.
- Labels give the operator; without labels the boxes of the strokes do (see
  `arrange`).
- A part is indivisible, and stands for itself, if it has no inner groups, if none of
  its parts has a name, or if it is only strokes added to a component without labels
  (末, 玉, 鳥).
- Depth: every character is opened once. Then components that occur in fewer than
  `RARE` characters are opened, and again what they consist of, until a component is
  common enough or indivisible, or the sequence would exceed `LONGEST` tokens.
- Characters that share a sequence after that are opened as far as possible; those
  that still share it stand for themselves, so no two characters have one sequence.
- Alternatives come from KanjiVG's other printed forms (`FORMS`), such as ⻌ for 辶.
- Kana stand for themselves.

With KanjiVG 20260714 this gives 790 tokens ([PAD], [UNK], [CLS] and [SEP] included)
and sequences of at most 13 tokens with [CLS] and [SEP], 5.5 on average. 41
characters have alternatives; 208 kanji stand for themselves; 95 tokens are strokes.

KanjiVG is copyright Ulrich Apel, CC BY-SA 3.0, https://kanjivg.tagaini.net; so the
output, which is derived from it, is CC BY-SA 3.0 too.
"""

import argparse
import collections
import os
import pathlib

from hwgen_keras.characters import kanjivg
from hwgen_keras.characters.arrange import OUTER, arrange
from hwgen_keras.characters.parts import character_parts
from hwgen_keras.characters.sets import HIRAGANA, KATAKANA, character_set
from hwgen_keras.errors import InputError

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
    """The sequences of each character.

    Args:
        characters: characters that KanjiVG describes.

    Returns:
        A dict from character to a tuple of alternatives, each a tuple of tokens. No
        sequence belongs to two characters.

    Raises:
        InputError: KanjiVG does not describe a character, or is not installed.
    """
    kana = set(HIRAGANA + KATAKANA)
    parts = {
        character: character_parts(character)
        for character in characters
        if character not in kana
    }
    opened: set = set()
    while True:
        sequences = {
            character: sequence(part, opened) for character, part in parts.items()
        }
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
            other = sequence(character_parts(character, form), opened)
            if len(other) > 1 and other not in taken:
                taken.add(other)
                structures[character].append(other)
    return {
        character: tuple(alternatives) for character, alternatives in structures.items()
    }


def sequence(part, opened):
    """The prefix sequence of a character.

    Args:
        part: the tree of parts of the character.
        opened: the names of the components to open; None opens all.

    Returns:
        A tuple of at most `LONGEST` tokens. Where all would be too long, the
        components that come last stay closed.
    """
    if _indivisible(part):
        return (part.name,)
    tokens = _flat(arrange(part.children))
    # Opens from the outside in, so that the length limit cuts the deepest level.
    while True:
        for position, token in enumerate(tokens):
            inner = _opening(token, opened)
            if inner and len(tokens) - 1 + len(inner) <= LONGEST:
                tokens[position : position + 1] = inner
                break
        else:
            return tuple(
                token if isinstance(token, str) else token.token for token in tokens
            )


def _opening(token, opened):
    """The tokens and parts that a part is opened to, or None if it stays closed."""
    if isinstance(token, str) or _indivisible(token):
        return None
    if token.name is not None and opened is not None and token.name not in opened:
        return None
    return _flat(arrange(token.children))


def _flat(arrangement):
    """An arrangement in prefix order, as a list of operators and parts.

    A row or column of three is written ⿲ or ⿳, however nameless groups pair it.
    """
    operator, operands = arrangement
    operands = [_nameless_arrangement(operand) for operand in operands]
    inner = [isinstance(o, tuple) and o[0] == operator for o in operands]
    if operator in _THREE and len(operands) == 2 and any(inner):
        position = inner.index(True)
        operands[position : position + 1] = operands[position][1]
        operator = _THREE[operator]
    tokens = [operator]
    for operand in operands:
        tokens.extend(_flat(operand) if isinstance(operand, tuple) else [operand])
    return tokens


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
        # Better open than a token of many strokes, if something known is inside.
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
    holders = collections.defaultdict(list)
    for character, tokens in sequences.items():
        holders[tokens].append(character)
    return [
        character
        for characters in holders.values()
        if len(characters) > 1
        for character in characters
    ]


def write_structures(path, structures):
    """Writes the tab-separated structure file, which appears only when complete.

    Args:
        path: the file to write.
        structures: dict from character to alternatives, each a tuple of tokens.

    Raises:
        InputError: the file cannot be written.
    """
    lines = [
        "\t".join([character, *(" ".join(tokens) for tokens in alternatives)]) + "\n"
        for character, alternatives in structures.items()
    ]
    text = _HEADER.format(version=kanjivg.version()) + "".join(lines)
    path = pathlib.Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(
            f"The structure file {path} cannot be written ({error.strerror}); choose "
            "another --output."
        ) from None


def main(arguments=None):
    """Runs the command; a user's mistake ends it with one sentence and status 2."""
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
