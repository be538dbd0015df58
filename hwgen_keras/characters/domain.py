"""What the ids of a model stand for, and checks of two models against each other."""

import dataclasses
from collections.abc import Sequence

from hwgen_keras.errors import InputError


@dataclasses.dataclass(frozen=True)
class Domain:
    """What the ids of a model's classes or tokens stand for.

    Attributes:
        size: the ids in words, such as "92 characters"; "" without ids.
        names: the characters or tokens in the order of their ids; None if the file of
            the model does not name them, as those of earlier versions.
    """

    size: str = ""
    names: tuple[str, ...] | None = None

    @classmethod
    def of_characters(cls, characters, count: int | None = None) -> "Domain":
        """The domain of classes.

        Args:
            characters: those of the classes, in their order, or None.
            count: number of classes; None: that of the characters.
        """
        names = None if characters is None else tuple(characters)
        return cls(f"{len(names or ()) if count is None else count} characters", names)

    @classmethod
    def of_tokens(cls, encoder) -> "Domain":
        """The domain of a `StructureTokenizer` or a `TextEncoder`."""
        vocabulary = encoder.vocabulary
        return cls(
            f"sequences of {encoder.length} out of {encoder.vocabulary_size} tokens of "
            "structures",
            None if vocabulary is None else tuple(vocabulary),
        )

    def check(self, other: "Domain", name: str, remedy: str) -> None:
        """Raises `InputError` if the ids of `other` do not stand for the same.

        Where one of the two does not name its ids, only their numbers are compared.

        Args:
            other: the domain that the model of this one is used with.
            name: the model, or the flag that names it, in the sentence of the error.
            remedy: what to do, the end of the sentence.

        Raises:
            InputError: number, order or kind of the ids differ.
        """
        if self.size != other.size:
            raise InputError(
                f"{name} was trained on {self.size} and is used with {other.size}; "
                f"{remedy}."
            )
        own, others = self.names, other.names
        if own is not None and others is not None and own != others:
            raise InputError(
                f"{name} was trained on other {self.size}: {_difference(own, others)}; "
                f"{remedy}."
            )

    def warn_unnamed(self, name: str) -> None:
        """Prints what `check` could not compare for want of names."""
        if self.size and self.names is None:
            print(
                f"{name} was trained on {self.size} and does not say which; whether "
                "they are those of this run is not checked.",
                flush=True,
            )


def class_names(characters, classes: int) -> str | None:
    """The characters of classes as a string, or None; InputError for another number."""
    if characters is None:
        return None
    names = "".join(characters)
    if len(names) != classes:
        raise InputError(
            f"There are {classes} classes and {len(names)} characters; give one "
            "character a class."
        )
    return names


def _difference(trained: Sequence[str], given: Sequence[str]) -> str:
    """The first difference of two unequal sequences of the same length, in words."""
    pairs = enumerate(zip(trained, given, strict=True))
    place, (own, other) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
    count = sum(a != b for a, b in zip(trained, given, strict=True))
    others = f", and {count - 1} others differ" if count > 1 else ""
    return f"number {place} is {own} there and {other} here{others}"
