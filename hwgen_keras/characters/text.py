"""Text with one code point for what people write in one way."""

import re
import unicodedata
from collections.abc import Container

from hwgen_keras.characters.sets import LATIN
from hwgen_keras.errors import InputError, described

_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+")
_SAME = {chr(0xFEE0 + ord(c)): c for c in LATIN}
_SAME |= dict(zip("!?()~～⋯", "！？（）〜〜…", strict=True))


def normalise_text(text: str, keep: Container[str] = ()) -> str:
    """Text with those of several equal characters that the set `japanese` has.

    Digits and letters become half-width (Ａ to A), katakana and their punctuation
    full-width (ｶﾞ to ガ, ｡ to 。), and ! ? ( ) ~ ～ ⋯ the ！ ？ （ ） 〜 … of Japanese
    text. Marks combine with their kana (NFC). All else stays as it is.

    Args:
        text: a string of any length.
        keep: characters that stay as they are, such as those that a model knows.

    Returns:
        A string, shorter where marks combine.

    Raises:
        InputError: it is no string.

    Example:
        >>> hw.normalise_text("ＪＲでｶﾞﾑ(2個)?")
        'JRでガム（2個）？'
    """
    if not isinstance(text, str):
        raise InputError(f"The text is {described(text)}; give a string.")

    def full_width(found):
        kept = any(character in keep for character in found[0])
        return found[0] if kept else unicodedata.normalize("NFKC", found[0])

    text = unicodedata.normalize("NFC", _HALF_WIDTH_KANA.sub(full_width, text))
    same = "".join(c if c in keep else _SAME.get(c, c) for c in text)
    # An accent combines with a letter that was full-width.
    return unicodedata.normalize("NFC", same)


def is_kanji(character: str) -> bool:
    """Whether Unicode calls a character a CJK ideograph.

    Args:
        character: a string of one character.
    """
    return unicodedata.name(character, "").startswith("CJK")
