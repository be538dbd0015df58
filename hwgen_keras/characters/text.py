"""Text with one code point for what people write in one way."""

import re
import unicodedata

from hwgen_keras.errors import InputError, described

_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+")
_FULL_WIDTH = {0xFEE0 + ord(c): c for c in map(chr, range(0x21, 0x7F)) if c.isalnum()}
_SAME = _FULL_WIDTH | str.maketrans("!?()~～⋯", "！？（）〜〜…")


def normalise_text(text: str) -> str:
    """Text in the characters that the set `japanese` has of several code points.

    Digits and letters become half-width (Ａ to A), katakana and their punctuation
    full-width (ｶﾞ to ガ, ｡ to 。), and ! ? ( ) ~ ～ ⋯ the ！ ？ （ ） 〜 … of Japanese
    text. Marks combine with their kana (NFC). All else stays as it is.

    Args:
        text: a string of any length.

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
    wide = _HALF_WIDTH_KANA.sub(
        lambda found: unicodedata.normalize("NFKC", found[0]), text
    )
    return unicodedata.normalize("NFC", wide).translate(_SAME)
