"""The structure of characters as prefix ideographic description sequences (IDS).

A sequence is either one component, or an operator (such as ⿰, left and right)
followed by the sequences of its operands. Reference: The Unicode Standard, chapter
18.2, "Ideographic Description Characters".
"""

import json
import pathlib
import unicodedata
from collections.abc import Mapping, Sequence

from hwgen_keras.characters.sets import (
    LATIN,
    MARKS,
    OTHER_KANA,
    check_character,
    read_text,
)
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath, as_path

# {character: alternatives}, each a tuple of tokens.
Structures = Mapping[str, tuple[tuple[str, ...], ...]]

# The roles of each operator's operands.
OPERATORS = {
    "⿰": ("left", "right"),
    "⿱": ("above", "below"),
    "⿲": ("left", "middle", "right"),
    "⿳": ("above", "middle", "below"),
    "⿴": ("surround", "inside"),
    "⿵": ("surround from above", "inside"),
    "⿶": ("surround from below", "inside"),
    "⿷": ("surround from left", "inside"),
    "⿸": ("surround from upper left", "inside"),
    "⿹": ("surround from upper right", "inside"),
    "⿺": ("surround from lower left", "inside"),
    "⿻": ("first", "overlaid"),
}
# Unicode's combining marks of kana, and the same marks alone.
_KANA_MARKS = {"\u3099": "゛", "\u309a": "゜"}
PACKAGED = pathlib.Path(__file__).parent / "data" / "structure.tsv"


def read_structures(
    path: StrPath | None = None,
) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Reads the structures of characters from a file.

    Args:
        path: None for the packaged file (the 3,057 characters of jis1, derived from
            KanjiVG; `StructureTokenizer.for_characters` adds the others of
            `japanese`); a `.json` file `{character: ["⿰ 女 圭", …]}`; or any other
            name for a tab-separated file, one character a line: the character, then
            one or more alternatives. The tokens of an alternative are separated by
            spaces. Lines of the tab-separated file that start with `#` are comments.

    Returns:
        A dict from character to a tuple of alternatives, each a tuple of tokens.

    Raises:
        InputError: the file cannot be read, or an entry is not a character with at
            least one well-formed sequence.

    Example:
        >>> hw.read_structures()["好"]
        (('⿰', '女', '子'),)
    """
    path = PACKAGED if path is None else as_path(path, "The structure file")
    entries = _json_entries if path.suffix.lower() == ".json" else _table_entries
    structures = {}
    for where, character, alternatives in entries(path, read_text(path, "structure")):
        if len(character) != 1:
            raise InputError(f"{where}: {character!r} is not one character.")
        if character in structures:
            raise InputError(f"{where}: the character {character} occurs twice.")
        if not alternatives:
            raise InputError(f"{where}: the character {character} has no structure.")
        structures[character] = tuple(
            _tokens(where, character, alternative) for alternative in alternatives
        )
    if not structures:
        raise InputError(f"The structure file {path} contains no character.")
    return structures


def other_structures() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The structures of the characters that `japanese` has beyond jis1.

    A kana with a mark is the kana and, to its right, the mark (が: ⿰ か ゛), any other
    character its own token.
    """
    structures: dict[str, tuple[tuple[str, ...], ...]] = {}
    for character in OTHER_KANA + MARKS + LATIN:
        kana, *mark = list(unicodedata.normalize("NFD", character))
        tokens = ("⿰", kana, _KANA_MARKS[mark[0]]) if mark else (character,)
        structures[character] = (tokens,)
    return structures


def explain(character: str, structures: Structures | None = None) -> str:
    """Describes the structure of a character as indented text.

    Args:
        character: one character.
        structures: structures from `read_structures`; None for those of all of
            `japanese`.

    Returns:
        For each alternative, a line with the character and its sequence, then a line
        per component, indented by its depth.

    Raises:
        InputError: `structures` does not contain `character`.

    Example:
        >>> print(hw.explain("好"))
        好  ⿰ 女 子
          left: 女
          right: 子
    """
    check_character(character)
    if structures is None:
        structures = read_structures() | other_structures()
    if character not in structures:
        raise InputError(
            f"The structures do not contain the character {character!r}; add it to "
            "the structure file."
        )
    lines = []
    for tokens in structures[character]:
        lines.append(f"{character}  {' '.join(tokens)}")
        lines += list(_explain_operands(iter(tokens), 0))
    return "\n".join(lines)


def fault(tokens: Sequence[str]) -> str | None:
    """What is wrong with a prefix sequence, or None if it is well formed."""
    if not tokens:
        return "is empty"
    missing = 1
    for position, token in enumerate(tokens):
        if missing == 0:
            return f"continues after its end, at {' '.join(tokens[position:])!r}"
        missing += len(OPERATORS.get(token, ())) - 1
    if missing:
        return f"lacks {missing} component{'s' if missing > 1 else ''} at its end"
    return None


def _explain_operands(tokens, depth, label=""):
    """Yields the lines of the sequence that `tokens` continues with."""
    token = next(tokens)
    if depth:
        yield f"{'  ' * depth}{label}: {token}"
    for role in OPERATORS.get(token, ()):
        yield from _explain_operands(tokens, depth + 1, role)


def _tokens(where, character, alternative):
    if not isinstance(alternative, str):
        raise InputError(
            f"{where}: a structure of {character} is {alternative!r}; write text "
            'such as "⿰ 女 圭".'
        )
    tokens = tuple(alternative.split())
    problem = fault(tokens)
    if problem:
        raise InputError(
            f"{where}: the structure {alternative!r} of {character} {problem}; "
            "correct it."
        )
    return tokens


def _table_entries(path, text):
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        character, *alternatives = line.split("\t")
        yield f"{path}, line {number}", character, alternatives


def _json_entries(path, text):
    try:
        # A dict would hide a repeated character.
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The structure file {path} is not valid JSON ({error})."
        ) from None
    if not isinstance(pairs, _Pairs):
        raise InputError(
            f"The structure file {path} does not hold an object "
            '{character: ["⿰ 女 圭", …]}.'
        )
    for character, alternatives in pairs:
        if type(alternatives) is not list:
            raise InputError(
                f"{path}: the structures of {character} are not a list such as "
                '["⿰ 女 圭"].'
            )
        yield str(path), character, alternatives


class _Pairs(list):
    """The (key, value) pairs of a JSON object, repeated keys included."""
