"""Ordered sets of characters; the position of a character is its class id."""

import itertools
import pathlib
import string
import unicodedata
from collections.abc import Iterable, Iterator
from typing import SupportsIndex

from hwgen_keras.errors import InputError, described
from hwgen_keras.files import StrPath, as_path

HIRAGANA = tuple(
    "あいうえおかきくけこさしすせそたちつてとなにぬねの"
    "はひふへほまみむめもやゆよらりるれろわをん"
)
KATAKANA = tuple(
    "アイウエオカキクケコサシスセソタチツテトナニヌネノ"
    "ハヒフヘホマミムメモヤユヨラリルレロワヲン"
)
# What `japanese` has besides: the other kana of Unicode up to ゖ and ヺ, marks of the
# length of a vowel, of repetition and of closing, punctuation, digits, Latin letters.
_ALL_KANA = tuple(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))))
OTHER_KANA = tuple(kana for kana in _ALL_KANA if kana not in HIRAGANA + KATAKANA)
MARKS = tuple("ー々〆、。「」『』（）・！？〜…")
LATIN = tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase)
NAMES = ("kana", "etl8", "jis1", "japanese")
_DATA = pathlib.Path(__file__).parent / "data"


def check_character(character: object, name: str = "The character") -> None:
    """Raises InputError, which calls it `name`, unless it is one character."""
    if not isinstance(character, str) or len(character) != 1:
        raise InputError(
            f"{name} is {described(character)}; give a string of one character."
        )


class CharacterSet:
    """An ordered set of characters.

    It supports `len`, iteration in order, `character in character_set`, and
    `character_set[class_id]`.

    Args:
        name: name of the set in messages and files.
        characters: the characters in the order of their class ids, without
            duplicates.

    Raises:
        InputError: a character occurs twice, there is none, or an entry is not one
            character.

    Example:
        >>> vowels = hw.CharacterSet("vowels", "あいうえお")
        >>> len(vowels), vowels.index("う"), vowels[0], "か" in vowels
        (5, 2, 'あ', False)
    """

    def __init__(self, name: str, characters: Iterable[str]) -> None:
        self.name = name
        if not isinstance(characters, Iterable):
            raise InputError(
                f"The character set {name} is {described(characters)}; give a string, "
                "or a list of characters."
            )
        self.characters = tuple(characters)
        for entry in self.characters:
            if not isinstance(entry, str) or len(entry) != 1 or entry.isspace():
                raise InputError(
                    f"The character set {name} has {described(entry)}, which is not "
                    "one visible character; list single characters."
                )
        self._indices = {character: i for i, character in enumerate(self.characters)}
        if not self.characters:
            raise InputError(f"The character set {name} is empty; list a character.")
        if len(self._indices) != len(self.characters):
            raise InputError(f"The character set {name} lists a character twice.")

    def index(self, character: str) -> int:
        """The class id of `character`, from 0.

        Args:
            character: one of the set.

        Raises:
            InputError: the set does not contain `character`.
        """
        try:
            return self._indices[character]
        except (KeyError, TypeError):  # A list is no key.
            raise InputError(
                f"The character {character!r} is not in the character set "
                f"{self.name} ({len(self)} characters); choose a set that has it."
            ) from None

    def __len__(self) -> int:
        return len(self.characters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self._indices

    def __getitem__(self, position: SupportsIndex) -> str:
        return self.characters[position]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CharacterSet):
            return NotImplemented
        return self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"CharacterSet({self.name!r}, {len(self)} characters)"


def check_set(characters: object, name: str = "characters") -> None:
    """Raises InputError, which calls it `name`, unless it is a `CharacterSet`."""
    if not isinstance(characters, CharacterSet):
        raise InputError(
            f"{name} is {described(characters)}; give a CharacterSet, such as "
            "character_set('kana')."
        )


def character_set(name_or_path: StrPath) -> CharacterSet:
    """The character set with a name, or from a text file.

    Args:
        name_or_path: `"kana"` (92: hiragana and katakana without small kana and
            without ゐ, ゑ, ヰ, ヱ), `"etl8"` (973: kana and the 881 kanji of ETL8),
            `"jis1"` (3,057: kana and the 2,965 kanji of JIS X 0208 level 1),
            `"japanese"` (3,219: jis1, all other kana, 16 marks, digits and Latin
            letters, listed in docs/reference/characters.md), or the path of a UTF-8
            text file with one character a line. Blank lines are ignored; each line is
            normalised to NFC.

    Returns:
        A `CharacterSet`. Kanji of the named sets are in the order of JIS X 0208. The
        first 3,057 of `japanese` are jis1, so that the class ids of both agree: the
        images of one are labelled for the other, too, and a table of results needs no
        translation.

    Raises:
        InputError: neither a name nor a file, or a line that is not one character
            or repeats an earlier one.

    Example:
        >>> len(hw.character_set("kana")), len(hw.character_set("jis1"))
        (92, 3057)
    """
    kana = HIRAGANA + KATAKANA
    if name_or_path == "kana":
        return CharacterSet("kana", kana)
    if name_or_path == "etl8":
        return CharacterSet("etl8", kana + _lines(_DATA / "etl8_kanji.txt"))
    if name_or_path in ("jis1", "japanese"):
        # The kanji are in rows 16 to 47 of JIS X 0208; the end of row 47 is empty.
        codes = list(itertools.product(range(0xB0, 0xD0), range(0xA1, 0xFF)))[:2965]
        kanji = b"".join(map(bytes, codes)).decode("euc_jp")
        others = () if name_or_path == "jis1" else OTHER_KANA + MARKS + LATIN
        return CharacterSet(str(name_or_path), kana + tuple(kanji) + others)
    path = as_path(name_or_path, "The name or file of a character set")
    if not path.is_file():
        raise InputError(
            f"There is no character set or file {str(name_or_path)!r}; use one of "
            f"{', '.join(NAMES)}, or the path of a text file with one character a line."
        )
    return CharacterSet(path.stem, _lines(path))


def read_text(path, kind):
    """The text of a UTF-8 file; `kind` is what an InputError calls it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The {kind} file {path} cannot be read as UTF-8 text ({error})."
        ) from None


def _lines(path):
    """The characters of a text file, one a line."""
    first_lines: dict[str, int] = {}
    for number, line in enumerate(read_text(path, "character").split("\n"), start=1):
        character = unicodedata.normalize("NFC", line.strip())
        if not character:
            continue
        if len(character) != 1:
            raise InputError(
                f"{path}, line {number}: {character!r} is not one character; write "
                "one character a line."
            )
        if character in first_lines:
            raise InputError(
                f"{path}, line {number}: {character} is already on line "
                f"{first_lines[character]}; remove one of the two."
            )
        first_lines[character] = number
    if not first_lines:
        raise InputError(f"The character file {path} is empty; list a character.")
    return tuple(first_lines)
