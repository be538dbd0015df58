"""Twins: characters of one handwritten shape, where size and place are lost.

Only characters that people write alike stand here. Not ミ and 三 (slanting and level),
チ and 千 (a bent and a straight end), ヌ and 又 (a short and a long crossing line), k
and K (low and full arms), u and U (with and without a stem), ば and ぱ (two marks).
"""

from typing import NamedTuple

from hwgen_keras.characters.sets import check_character


class Twins(NamedTuple):
    """Characters of one shape.

    Attributes:
        characters: all of them, a string.
        reason: why they are written alike, a phrase.
    """

    characters: str
    reason: str


_SCRIPTS = "hiragana and katakana of one shape"
_KANJI = "a katakana has the shape of a kanji"
_SMALL = "a small kana has the shape of the large one"
_LETTERS = "the small letter has the shape of the capital"

TWINS = (
    *(Twins(pair, _SCRIPTS) for pair in ("へヘ", "べベ", "ぺペ", "りリ")),
    *(Twins(pair, _KANJI) for pair in ("ニ二", "ロ口", "タ夕", "ハ八", "ト卜")),
    *(Twins(three, f"{_KANJI}, {_SMALL}") for three in ("カヵ力", "エェ工", "オォ才")),
    *(Twins(pair, _SMALL) for pair in ("あぁ", "いぃ", "うぅ", "えぇ", "おぉ", "かゕ")),
    *(Twins(pair, _SMALL) for pair in ("けゖ", "つっ", "やゃ", "ゆゅ", "よょ", "わゎ")),
    *(Twins(pair, _SMALL) for pair in ("アァ", "イィ", "ウゥ", "ケヶ", "ツッ", "ヤャ")),
    *(Twins(pair, _SMALL) for pair in ("ユュ", "ヨョ", "ワヮ")),
    Twins("一ー", "a level line"),
    Twins("1Il", "an upright line"),
    Twins("0Oo〇。", "a circle"),
    *(Twins(pair, _LETTERS) for pair in ("Cc", "Pp", "Ss", "Vv", "Ww", "Xx", "Zz")),
)
"""All groups of twins, `Twins`; no character is in two of them."""

_GROUPS = {c: twins.characters for twins in TWINS for c in twins.characters}


def twins_of(character: str) -> str:
    """All characters that are written as a character is, where size and place are lost.

    docs/reference/characters.md lists them with the reasons.

    Args:
        character: a string of one character.

    Returns:
        A string, the same for all twins; the character itself if it has none.

    Raises:
        InputError: it is not one character.

    Example:
        >>> hw.twins_of("力"), hw.twins_of("カ"), hw.twins_of("木")
        ('カヵ力', 'カヵ力', '木')
    """
    check_character(character)
    return _GROUPS.get(character, character)
