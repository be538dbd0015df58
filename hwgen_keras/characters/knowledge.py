"""The classes and structures of characters, from which conditions encode them."""

from typing import Protocol

from numpy.typing import NDArray

from hwgen_keras.characters.sets import CharacterSet
from hwgen_keras.characters.tokenizer import StructureTokenizer
from hwgen_keras.errors import InputError


class Knowledge:
    """The classes and structures that a condition may need to encode a character.

    Args:
        characters: the `CharacterSet` of the training; None if it is unknown.
        tokenizer: the `StructureTokenizer`; None if it is unknown.
    """

    def __init__(
        self,
        characters: CharacterSet | None = None,
        tokenizer: StructureTokenizer | None = None,
    ) -> None:
        self._characters, self._tokenizer = characters, tokenizer

    @property
    def characters(self) -> CharacterSet:
        """The `CharacterSet`; InputError if it is unknown."""
        if self._characters is None:
            raise InputError(
                "The characters of the classes are not known; give characters=, such "
                "as 'kana', or --characters."
            )
        return self._characters

    @property
    def has_tokenizer(self) -> bool:
        """Whether the tokenizer is known."""
        return self._tokenizer is not None

    @property
    def tokenizer(self) -> StructureTokenizer:
        """The `StructureTokenizer`; InputError if it is unknown."""
        if self._tokenizer is None:
            raise InputError(
                "The structures of the characters are not known; give tokenizer=, or "
                "--structure_file."
            )
        return self._tokenizer


class Encodes(Protocol):
    """The method that samplers need of a condition, which is a layer or its class."""

    def encode(self, character: str, knowledge: Knowledge) -> dict[str, NDArray]:
        """{input name: array (alternatives, …)} of a character."""
