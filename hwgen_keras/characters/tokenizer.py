"""Token ids of character structures, the input of the text encoder."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters.structure import (
    Structures,
    other_structures,
    read_structures,
)
from hwgen_keras.errors import InputError, described
from hwgen_keras.files import StrPath

PAD, UNKNOWN, START, SEPARATOR = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


class StructureTokenizer:
    """Encodes characters as fixed-length sequences of token ids, and decodes them.

    The ids 0 to 3 are [PAD], [UNK], [CLS] and [SEP]; all tokens of the structures
    follow in the order of their code points. A sequence is [CLS], the tokens of one
    alternative, [SEP], then [PAD] up to `length`.

    Args:
        structures: dict from character to alternatives, from `read_structures`.
        vocabulary: the tokens in the order of their ids, to encode with the
            vocabulary of a trained model; tokens it lacks become [UNK]. None
            collects it from `structures`.
        length: the length of the sequences; None for that of the longest alternative
            with [CLS] and [SEP].

    Attributes:
        vocabulary: tuple of tokens; the position is the id.
        length: the length of every encoded sequence.

    Raises:
        InputError: the vocabulary does not start with the four special tokens or
            repeats a token, or an alternative is too long for `length`.

    Example:
        >>> tokenizer = hw.StructureTokenizer({"好": (("⿰", "女", "子"),)})
        >>> tokenizer.encode("好").tolist()
        [[2, 4, 5, 6, 3]]
        >>> tokenizer.decode(tokenizer.encode("好")[0])
        ('⿰', '女', '子')
    """

    def __init__(
        self,
        structures: Structures,
        vocabulary: Iterable[str] | None = None,
        length: int | None = None,
    ) -> None:
        self._structures = structures
        pairs = [(c, tokens) for c, choices in structures.items() for tokens in choices]
        if vocabulary is None:
            collected = {token for _, tokens in pairs for token in tokens}
            vocabulary = SPECIAL + tuple(sorted(collected.difference(SPECIAL)))
        self.vocabulary = tuple(vocabulary)
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}
        if self.vocabulary[:4] != SPECIAL:
            raise InputError(
                f"The vocabulary starts with {self.vocabulary[:4]}; its first tokens "
                f"must be {SPECIAL}."
            )
        if len(self._ids) != len(self.vocabulary):
            raise InputError("The vocabulary of the structures lists a token twice.")
        lengths = ((len(tokens) + 2, character) for character, tokens in pairs)
        longest, character = max(lengths, default=(2, None))
        self.length = longest if length is None else length
        if longest > self.length:
            raise InputError(
                f"The structure of {character} takes {longest} tokens with [CLS] and "
                f"[SEP]; the sequences are {self.length} long."
            )

    @classmethod
    def for_characters(
        cls, characters: Iterable[str], path: StrPath | None = None
    ) -> "StructureTokenizer":
        """The tokenizer for a character set.

        Args:
            characters: the `CharacterSet`, or its characters.
            path: a structure file for `read_structures`; None for the structures of
                this package. These are those of jis1, and, if the characters are not
                all in jis1, those of all of `japanese`: the ids of jis1's tokens are
                the same in both, the further tokens follow.

        Returns:
            A tokenizer, which may lack some of the characters.

        Raises:
            InputError: the file is no structure file.

        Example:
            >>> tokenizer = hw.StructureTokenizer.for_characters("ひらがな")
            >>> tokenizer.decode(tokenizer.encode("が")[0])
            ('⿰', 'か', '゛')
        """
        tokenizer = cls(read_structures(path))
        if path is not None or all(c in tokenizer.structures for c in characters):
            return tokenizer
        others = other_structures()
        added = {token for (tokens,) in others.values() for token in tokens}
        vocabulary = tokenizer.vocabulary
        return cls(
            {**tokenizer.structures, **others},
            vocabulary + tuple(sorted(added.difference(vocabulary))),
            tokenizer.length,
        )

    @property
    def structures(self) -> Structures:
        """The argument `structures`."""
        return self._structures

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, special tokens included."""
        return len(self.vocabulary)

    def alternatives(self, character: str) -> int:
        """Number of structures of `character`.

        Args:
            character: a string of one character.

        Raises:
            InputError: the structures do not contain `character`.
        """
        return len(self._alternatives(character))

    def encode(
        self, characters: Iterable[str], alternatives: Sequence[int] | None = None
    ) -> NDArray[np.int32]:
        """The token ids of characters.

        Args:
            characters: text, or a sequence of n characters.
            alternatives: n integers, the alternative of each character, from 0;
                None for the first of each.

        Returns:
            int32 array of shape (n, length), values in [0, vocabulary_size).

        Raises:
            InputError: the structures lack a character or its alternative.
        """
        if not isinstance(characters, Iterable):
            raise InputError(
                f"characters is {described(characters)}; give a string, or a list of "
                "characters."
            )
        characters = list(characters)
        if alternatives is None:
            alternatives = [0] * len(characters)
        if len(alternatives) != len(characters):
            raise InputError(
                f"There are {len(characters)} characters and {len(alternatives)} "
                "alternatives; give one alternative per character."
            )
        ids = np.zeros((len(characters), self.length), "int32")
        for row, character, alternative in zip(
            ids, characters, alternatives, strict=True
        ):
            choices = self._alternatives(character)
            if not 0 <= alternative < len(choices):
                raise InputError(
                    f"The character {character} has {len(choices)} structures; "
                    f"there is no alternative {alternative}."
                )
            tokens = (START, *choices[alternative], SEPARATOR)
            row[: len(tokens)] = [
                self._ids.get(token, SPECIAL.index(UNKNOWN)) for token in tokens
            ]
        return ids

    def encode_alternatives(self, character: str) -> NDArray[np.int32]:
        """The token ids of all alternatives of a character.

        Args:
            character: a string of one character.

        Returns:
            int32 array of shape (alternatives, length).

        Raises:
            InputError: the structures do not contain `character`.
        """
        count = self.alternatives(character)
        return self.encode([character] * count, range(count))

    def decode(self, ids: ArrayLike) -> tuple[str, ...]:
        """The tokens of one encoded sequence, without [PAD], [CLS] and [SEP].

        Args:
            ids: one-dimensional integers in [0, vocabulary_size).

        Raises:
            InputError: an id is outside the vocabulary.
        """
        tokens = []
        for token_id in np.asarray(ids).tolist():
            if not 0 <= token_id < self.vocabulary_size:
                raise InputError(
                    f"The token id {token_id} is outside the vocabulary of "
                    f"{self.vocabulary_size} tokens."
                )
            token = self.vocabulary[token_id]
            if token not in (PAD, START, SEPARATOR):
                tokens.append(token)
        return tuple(tokens)

    def _alternatives(self, character):
        try:
            return self._structures[character]
        except (KeyError, TypeError):  # A list is no key.
            raise InputError(
                f"The structures do not contain the character {character!r}; add it "
                "to the structure file."
            ) from None
