"""The script of a character: hiragana, katakana, kanji, or another."""

from hwgen_keras.characters.sets import check_character
from hwgen_keras.characters.text import is_kanji

SCRIPTS = HIRAGANA, KATAKANA, KANJI, OTHERS = (
    *("hiragana", "katakana", "kanji"),
    "others",
)


def script_of(character: str) -> str:
    """The script of a character.

    Args:
        character: a string of one character.

    Returns:
        `"hiragana"` or `"katakana"`, small kana and those with marks included;
        `"kanji"`; or `"others"`: ー, 々 and other marks, punctuation, digits, letters.

    Raises:
        InputError: it is not one character.

    Example:
        >>> [hw.script_of(character) for character in "がヶ字ー5"]
        ['hiragana', 'katakana', 'kanji', 'others', 'others']
    """
    check_character(character)
    if "ぁ" <= character <= "ゖ":
        return HIRAGANA
    if "ァ" <= character <= "ヺ" or "ㇰ" <= character <= "ㇿ":
        return KATAKANA
    return KANJI if is_kanji(character) else OTHERS
