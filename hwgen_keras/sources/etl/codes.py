"""Decodes the characters of records: JIS X 0201, JIS X 0208, CO-59."""

import pathlib
import unicodedata

import numpy as np

from hwgen_keras.errors import InputError

# These sets store hiragana with the codes of katakana.
_HIRAGANA_SETS = ("ETL4", "ETL7")
# Half-width katakana lack ヰ and ヱ; these sets use the codes of ィ and ェ instead.
_SETS_WITH_WI = ("ETL1", "ETL4", "ETL5")
MARKS = ("゛", "゜")


def characters_of(set_name, codes, co59=None):
    """The characters of the codes in a set's records.

    Args:
        set_name: one of `SETS`.
        codes: integers (n,) from the code field of the records.
        co59: the table of `read_co59`, for ETL2.

    Returns:
        An array of strings (n,) of one character; unknown codes give empty strings.
    """
    if set_name == "ETL2":
        decode = (co59 or {}).get
    elif set_name[:4] in ("ETL8", "ETL9"):
        decode = _jis_x_0208
    else:
        decode = _jis_x_0201
    values, inverse = np.unique(np.asarray(codes, np.int64), return_inverse=True)
    characters = [decode(value) or "" for value in values.tolist()]
    if set_name in _SETS_WITH_WI:
        characters = [{"ィ": "ヰ", "ェ": "ヱ"}.get(c, c) for c in characters]
    if set_name in _HIRAGANA_SETS:
        # Katakana are 96 code points above hiragana.
        characters = [chr(ord(c) - 96) if "ァ" <= c <= "ヴ" else c for c in characters]
    return np.array(characters, "<U1")[inverse.reshape(-1)]


def _jis_x_0201(code):
    """A character of one byte; katakana become full-width."""
    if 0x21 <= code <= 0x7E:
        return {"\\": "¥", "~": "‾"}.get(chr(code), chr(code))
    if not 0xA1 <= code <= 0xDF:
        return None
    wide = unicodedata.normalize("NFKC", chr(0xFF61 + code - 0xA1))
    # NFKC gives marks that combine with the preceding character.
    return {"\u3099": MARKS[0], "\u309a": MARKS[1]}.get(wide, wide)


def _jis_x_0208(code):
    first, second = code >> 8, code & 0xFF
    if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
        return None
    try:
        return bytes((first + 0x80, second + 0x80)).decode("euc_jp")
    except UnicodeDecodeError:  # an empty cell
        return None


def read_co59(path):
    """Reads the table of the code CO-59 from AIST's sample programs.

    Args:
        path: the file `euc_co59.dat`: EUC-JP (or UTF-8), entries `字:a,b` between
            spaces or line ends, `a` and `b` the two codes from 0 to 63.

    Returns:
        {64 a + b: character}.

    Raises:
        InputError: the file cannot be read, an entry is malformed, or a code has two
            characters.
    """
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"The CO-59 table {path} cannot be read ({error.strerror}); give the file "
            "euc_co59.dat of AIST."
        ) from None
    for encoding in ("euc_jp", "utf-8-sig"):
        try:
            entries = content.decode(encoding).split()
            break
        except UnicodeDecodeError:
            entries = []
    table: dict = {}
    for entry in entries:
        character, _, codes = entry.rpartition(":")
        parts = codes.split(",")
        valid = len(parts) == 2 and all(p.isascii() and p.isdigit() for p in parts)
        if len(character) != 1 or not valid or any(int(p[:3]) > 63 for p in parts):
            raise InputError(
                f"The CO-59 table {path} has the entry {entry[:20]!r}; an entry is a "
                "character, a colon and two codes from 0 to 63, such as 亜:5,12."
            )
        code = 64 * int(parts[0]) + int(parts[1])
        if table.setdefault(code, character) != character:
            raise InputError(
                f"The CO-59 table {path} gives the code {codes} to {table[code]} and "
                f"to {character}; correct one of the entries."
            )
    if not table:
        raise InputError(
            f"The CO-59 table {path} has no entry in EUC-JP or UTF-8; give the file "
            "euc_co59.dat of AIST."
        )
    return table
