"""ImageStore: small grey images of characters, packed for random access."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data import png, store_checks, store_file
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.store_writer import (
    FONT,
    GENERATED,
    HANDWRITING,
    Sources,
    StoreWriter,
)
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath, as_path

__all__ = ["FONT", "GENERATED", "HANDWRITING", "ImageStore"]


class ImageStore:
    """PNG images of characters, with their labels, sources and kinds.

    The ink of an image from a font or a cleaned scan touches the edges of its
    square: a sampler adds margins, rotation and size. A store of raw scans has
    unchanged images of mixed sizes, which `manifest_store` cleans.

    Args:
        pngs: `PackedFiles`, or a list of PNG files as bytes.
        labels: int32 (n,), class ids, positions in `characters`.
        sources: int32 (n,), positions in `source_names`.
        kinds: uint8 (n,), each `FONT`, `HANDWRITING` or `GENERATED`.
        source_names: the fonts or writers that the images come from.
        characters: the `CharacterSet` of the labels.
        image_size: side of all images in pixels; None: they differ.

    Raises:
        InputError: labels, sources or kinds differ in number from the images, or are
            out of range.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> fonts = hw.find_fonts("fonts")
        >>> store = hw.font_store(fonts, characters, 32, progress=False)
        >>> store
        ImageStore(2 images of 32 pixels, 2 of 2 characters, 1 sources)
        >>> store.decode(store.find("い")).shape
        (1, 32, 32)
    """

    # Path, CRC-32 and bytes of the file that the store was opened from.
    _file: tuple | None = None

    def __init__(
        self,
        pngs: PackedFiles | Sequence[bytes],
        labels: ArrayLike,
        sources: ArrayLike,
        kinds: ArrayLike,
        source_names: Iterable[str],
        characters: CharacterSet,
        image_size: int | None,
    ) -> None:
        self.pngs = pngs if isinstance(pngs, PackedFiles) else PackedFiles.pack(pngs)
        self.labels = np.asarray(labels, np.int32)
        self.sources = np.asarray(sources, np.int32)
        self.kinds = np.asarray(kinds, np.uint8)
        self.source_names = tuple(source_names)
        self.characters = characters
        self.image_size = None if image_size is None else int(image_size)
        store_checks.check_columns(self)

    @classmethod
    def merge(cls, stores: Iterable[Self]) -> Self:
        """Concatenates stores without copying an image.

        Sources of one name and kind become one source.

        Args:
            stores: list of `ImageStore`, at least one.

        Raises:
            InputError: there is no store, or they differ in their characters or image
                sizes.
        """
        stores = as_list(stores, "The argument of merge", "a list of ImageStore", cls)
        if not stores:
            raise InputError("There is no store to merge; give at least one.")
        if len(stores) == 1:
            return stores[0]
        store_checks.check_alike(stores)
        sources = Sources()
        numbers = [sources.of(store) for store in stores]
        return cls(
            PackedFiles.join([store.pngs for store in stores]),
            np.concatenate([store.labels for store in stores]),
            np.concatenate(numbers),
            np.concatenate([store.kinds for store in stores]),
            sources.names(),
            stores[0].characters,
            stores[0].image_size,
        )

    @classmethod
    def open(cls, path: StrPath) -> Self:
        """Opens a saved store; the images stay on disk until they are used.

        Damage to an image is found when it is decoded, or by `verify`.

        Args:
            path: a file of `save` or of a `StoreWriter`.

        Raises:
            InputError: the file is missing, not a store, of another version,
                truncated or damaged.
        """
        block, checksum, lengths, columns = store_file.read(path)
        store = cls(PackedFiles.in_block(block, lengths, str(path)), **columns)
        store._file = path, checksum, block
        return store

    def verify(self) -> None:
        """Checks every byte of the file that the store was opened from.

        Raises:
            InputError: an image is damaged.
        """
        if self._file is not None:
            store_file.verify(*self._file)

    def save(self, path: StrPath) -> None:
        """Writes the store as one file, which appears only when it is complete.

        Args:
            path: the file to write.

        Raises:
            InputError: the store is empty, or the file cannot be written.
        """
        with StoreWriter(path, self.characters, self.image_size) as writer:
            writer.add_store(self)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self):
        size = f"{self.image_size} pixels" if self.image_size else "mixed sizes"
        return (
            f"ImageStore({len(self)} images of {size}, "
            f"{len(np.unique(self.labels))} of {len(self.characters)} characters, "
            f"{len(self.source_names)} sources)"
        )

    def find(
        self, character: str | None = None, source: str | None = None
    ) -> NDArray[np.int64]:
        """The indices of the images of a character, of a source, or of both.

        Args:
            character: one of the `CharacterSet`; None: all.
            source: name of a font or writer; None: all.

        Returns:
            int64 array, ascending; empty where there is no such image.

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

    def png(self, index: SupportsIndex) -> bytes:
        """The PNG file of one image, as bytes.

        Args:
            index: number of the image, from 0.
        """
        return self.pngs[index]

    def decode_one(self, index: SupportsIndex) -> NDArray[np.uint8]:
        """The image at `index`: uint8 (height, width), 0 ink, 255 paper.

        Args:
            index: number of the image, from 0.

        Raises:
            InputError: the image is damaged.
        """
        try:
            return png.decode(self.pngs[index])
        except png.DAMAGED:
            character = self.characters[self.labels[index]]
            raise InputError(
                f"Image {index} ({character}) of the store {self.pngs.name(index)} is "
                "damaged; make the store again."
            ) from None

    def decode(self, indices: ArrayLike) -> NDArray[np.uint8]:
        """The images at `indices`: uint8 (n, size, size), 0 ink, 255 paper.

        Args:
            indices: one or n integers, numbers of images.

        Raises:
            InputError: the images differ in size, or one of them is damaged.
        """
        if self.image_size is None:
            raise InputError(
                "The images of this store have different sizes; clean them first, or "
                "decode one at a time."
            )
        indices = np.atleast_1d(np.asarray(indices, np.int64))
        images = np.empty((len(indices), self.image_size, self.image_size), np.uint8)
        for image, index in zip(images, indices, strict=True):
            image[:] = self.decode_one(index)
        return images

    def select(self, chosen: ArrayLike) -> Self:
        """A store of selected images; sources keep their numbers.

        Args:
            chosen: boolean mask (n,), or indices.

        Raises:
            InputError: nothing is chosen.
        """
        chosen = np.asarray(chosen)
        indices = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        if not len(indices):
            raise InputError("No image of the store was selected; widen the choice.")
        return self._with(
            pngs=self.pngs.take(indices),
            labels=self.labels[indices],
            sources=self.sources[indices],
            kinds=self.kinds[indices],
        )

    def relabel(self, characters: CharacterSet) -> Self:
        """The images whose characters are in another set, with labels of that set.

        Args:
            characters: the other `CharacterSet`.

        Raises:
            InputError: there is no such image, or it is no `CharacterSet`.
        """
        check_set(characters)
        labels = np.array(
            [characters.index(c) if c in characters else -1 for c in self.characters]
        )[self.labels]
        chosen = self.select(labels >= 0)
        return chosen._with(labels=labels[labels >= 0], characters=characters)

    def as_kind(self, kind: int) -> Self:
        """The same images, all of one kind: fonts in the role of handwriting, say.

        Args:
            kind: `FONT`, `HANDWRITING` or `GENERATED`.
        """
        return self._with(kinds=np.full(len(self), kind))

    def _with(self, **columns: Any) -> Self:
        names = ("pngs", "labels", "sources", "kinds")
        names += ("source_names", "characters", "image_size")
        return type(self)(**{name: getattr(self, name) for name in names} | columns)


def open_once(path: StrPath) -> ImageStore:
    """The `ImageStore` of a file, opened again only if the file has changed."""
    path = as_path(path, "The image store")
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(
            f"The image store {path} cannot be opened ({error.strerror})."
        ) from None
    return _open(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _open(path, size, time):
    return ImageStore.open(path)
