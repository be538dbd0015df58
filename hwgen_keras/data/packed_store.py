"""PackedStore: what stores of images and of strokes have in common."""

import functools
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data import store_checks, store_file
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.store_file import StoreFormat
from hwgen_keras.data.store_writer import PackedWriter, Sources
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath


class PackedStore:
    """Packed files of characters, with their labels, sources and kinds.

    A subclass has `store_format`, and the arguments of its constructor as attributes.

    Attributes:
        arguments: the names of these arguments; the first one is that of the packed
            files.
    """

    store_format: ClassVar[StoreFormat]
    arguments: ClassVar[tuple[str, ...]]

    labels: NDArray[np.int32]
    sources: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    source_names: tuple[str, ...]
    licences: tuple[str, ...] = ()
    characters: CharacterSet

    # Path, CRC-32 and bytes of the file that the store was opened from.
    _file: tuple | None = None

    def _set_columns(self, labels, sources, kinds, source_names, characters):
        self.labels = np.asarray(labels, np.int32)
        self.sources = np.asarray(sources, np.int32)
        self.kinds = np.asarray(kinds, np.uint8)
        self.source_names = tuple(source_names)
        self.characters = characters
        store_checks.check_columns(self)

    @property
    def files(self) -> PackedFiles:
        """The packed files."""
        return getattr(self, self.arguments[0])

    @classmethod
    def merge(cls, stores: Iterable[Self]) -> Self:
        """Concatenates stores without copying what is packed.

        Sources of one name, kind and licence become one source.

        Args:
            stores: list of stores of this class, at least one.

        Raises:
            InputError: there is no store, or they differ in their characters, or in
                their image sizes or numbers of points.
        """
        words = f"a list of {cls.__name__}"
        stores = as_list(stores, "The argument of merge", words, cls)
        if not stores:
            raise InputError("There is no store to merge; give at least one.")
        if len(stores) == 1:
            return stores[0]
        store_checks.check_alike(stores)
        sources = Sources()
        numbers = [sources.of(store) for store in stores]
        columns = {
            cls.arguments[0]: PackedFiles.join([store.files for store in stores]),
            "labels": np.concatenate([store.labels for store in stores]),
            "sources": np.concatenate(numbers),
            "kinds": np.concatenate([store.kinds for store in stores]),
            "source_names": sources.names(),
        }
        if cls.store_format.licensed:
            columns["licences"] = sources.licences()
        return stores[0]._with(**columns)

    @classmethod
    def open(cls, path: StrPath) -> Self:
        """Opens a saved store; what is packed stays on disk until it is used.

        Damage to it is found when it is decoded, or by `verify`.

        Args:
            path: a file of `save` or of a writer of such stores.

        Raises:
            InputError: the file is missing, not such a store, of another version,
                truncated or damaged.
        """
        block, checksum, lengths, columns = store_file.read(path, cls.store_format)
        packed = PackedFiles.in_block(block, lengths, str(path))
        store = cls(**{cls.arguments[0]: packed}, **columns)
        store._file = path, cls.store_format, checksum, block
        return store

    def verify(self) -> None:
        """Checks every byte of the file that the store was opened from.

        Raises:
            InputError: it is damaged.
        """
        if self._file is not None:
            store_file.verify(*self._file)

    def _writer(self, path: StrPath) -> PackedWriter:
        raise NotImplementedError

    def save(self, path: StrPath) -> None:
        """Writes the store as one file, which appears only when it is complete.

        Args:
            path: the file to write.

        Raises:
            InputError: the store is empty, or the file cannot be written.
        """
        with self._writer(path) as writer:
            writer.add_store(self)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self):
        form = self.store_format
        size = getattr(self, form.size)
        size = f"{size} {form.unit}" if size else "mixed sizes"
        return (
            f"{type(self).__name__}({len(self)} {form.item}s of {size}, "
            f"{len(np.unique(self.labels))} of {len(self.characters)} characters, "
            f"{len(self.source_names)} sources)"
        )

    def find(
        self, character: str | None = None, source: str | None = None
    ) -> NDArray[np.int64]:
        """The indices of what is of a character, of a source, or of both.

        Args:
            character: one of the `CharacterSet`; None: all.
            source: name of a font or writer; None: all.

        Returns:
            int64 array, ascending; empty where there is nothing such.

        Raises:
            InputError: the store knows no such character or source.
        """
        indices = np.arange(len(self))
        if character is not None:
            order, labels = self._by_label
            label = self.characters.index(character)
            first, end = np.searchsorted(labels, [label, label + 1])
            indices = order[first:end]
        if source is not None:
            numbers = store_checks.find_sources(self, source)
            indices = indices[np.isin(self.sources[indices], numbers)]
        return indices

    @functools.cached_property
    def _by_label(self):
        order = np.argsort(self.labels, kind="stable")
        return order, self.labels[order]

    def select(self, chosen: ArrayLike) -> Self:
        """A store of a selection; sources keep their numbers.

        Args:
            chosen: boolean mask (n,), or indices.

        Raises:
            InputError: nothing is chosen.
        """
        chosen = np.asarray(chosen)
        indices = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        if not len(indices):
            raise InputError(
                f"No {self.store_format.item} of the store was selected; widen the "
                "choice."
            )
        return self._with(
            **{self.arguments[0]: self.files.take(indices)},
            labels=self.labels[indices],
            sources=self.sources[indices],
            kinds=self.kinds[indices],
        )

    def relabel(self, characters: CharacterSet) -> Self:
        """What has characters of another set, with labels of that set.

        Args:
            characters: the other `CharacterSet`.

        Raises:
            InputError: there is nothing such, or it is no `CharacterSet`.
        """
        check_set(characters)
        labels = np.array(
            [characters.index(c) if c in characters else -1 for c in self.characters]
        )[self.labels]
        chosen = self.select(labels >= 0)
        return chosen._with(labels=labels[labels >= 0], characters=characters)

    def as_kind(self, kind: int) -> Self:
        """The same, all of one kind: fonts in the role of handwriting, say.

        Args:
            kind: a kind of this class of store.
        """
        return self._with(kinds=np.full(len(self), kind))

    def _with(self, **columns: Any) -> Self:
        return type(self)(**{n: getattr(self, n) for n in self.arguments} | columns)
