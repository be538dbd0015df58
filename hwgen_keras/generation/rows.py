"""The rows of a generated set: so many of each character, one after the other."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import ImageStore, StrokeStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources.looks import Look

# Separates the draws of a row from its noise of the same seed, row and attempt.
DRAWS = 1


class CharacterRows:
    """Rows that are numbered character by character.

    Args:
        characters: the `CharacterSet` of the labels.
        able: class ids of the characters that can be written.
        count: images of each of them, or a dict {character: images}, without the
            characters to leave out.
        lack, remedy: words for the error that names other characters.

    Attributes:
        labels, counts: int64, the class ids that are written, ascending, and the rows
            of each.
        rows_per_epoch: number of all rows.
        look: the `Look` of the images.
        store: the images or tracks that show the hands.

    Raises:
        InputError: `count` names a character that cannot be written, or no image.
    """

    look: Look
    store: ImageStore | StrokeStore

    def __init__(
        self,
        characters: CharacterSet,
        able: ArrayLike,
        count: int | dict[str, int],
        lack: str,
        remedy: str,
    ) -> None:
        self.characters, self.count = characters, count
        self.labels, self.counts = _counts(characters, able, count, lack, remedy)
        self.ends = np.cumsum(self.counts)
        self.rows_per_epoch = int(self.ends[-1])

    def label_of(self, rows: NDArray) -> tuple[NDArray, NDArray]:
        """The class ids of rows, (n,) integers, and the number within the class.

        Args:
            rows: (n,) integers from 0.
        """
        place = np.searchsorted(self.ends, rows, side="right")
        return self.labels[place], rows - (self.ends - self.counts)[place]

    def hands_of(self, table: dict[str, NDArray]) -> list[str]:
        """The name of each row's hand.

        Args:
            table: of the rows, see `draw`.
        """
        store = self.store
        first = [np.ravel(styles)[0] for styles in table["style"]]
        return [store.source_names[source] for source in store.sources[first]]

    def _requested(self):
        """What `count` says of a set, as JSON; the counts themselves are digested."""
        return self.count if isinstance(self.count, int) else "of each character"


def _counts(characters, able, count, lack, remedy):
    """The class ids to write, ascending, and the number of images of each."""
    able = np.unique(np.asarray(able, np.int64))
    if not isinstance(count, dict):
        if count < 1:
            raise InputError(f"{count} images of a character are asked for; give more.")
        return able, np.full(len(able), int(count), np.int64)
    asked = {characters.index(c): int(n) for c, n in count.items() if n}
    missing = [characters[label] for label in sorted(set(asked) - set(able))]
    if missing:
        names = "、".join(missing[:5]) + (" and others" if missing[5:] else "")
        raise InputError(f"{lack} {names}, of which images are asked for; {remedy}.")
    if not asked or min(asked.values()) < 0:
        raise InputError(
            "The counts ask for no image, or for fewer than none; give numbers above 0."
        )
    labels = np.array(sorted(asked))
    return labels, np.array([asked[label] for label in labels], np.int64)


def parts_of(counts, most):
    """The rows of each part, ranges: whole characters, up to `most` rows of them.

    `counts` are the rows of each character, 1 or more. A character with more than
    `most` rows is divided.
    """
    parts, first, end = [], 0, 0
    for count in counts:
        if end > first and end - first + count > most:
            parts.append(range(first, end))
            first = end
        end += count
        while end - first > most:
            parts.append(range(first, first + most))
            first += most
    if end > first:
        parts.append(range(first, end))
    return parts
