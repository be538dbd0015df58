"""ImageStore: small grey images of characters, packed for random access."""

from collections.abc import Iterable, Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import png
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.packed_store import PackedStore
from hwgen_keras.data.store_file import IMAGES
from hwgen_keras.data.store_writer import FONT, GENERATED, HANDWRITING, StoreWriter
from hwgen_keras.errors import InputError

__all__ = ["FONT", "GENERATED", "HANDWRITING", "ImageStore"]


class ImageStore(PackedStore):
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

    store_format = IMAGES
    arguments = (
        *("pngs", "labels", "sources", "kinds"),
        *("source_names", "characters", "image_size"),
    )

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
        self.image_size = None if image_size is None else int(image_size)
        self._set_columns(labels, sources, kinds, source_names, characters)

    def _writer(self, path):
        return StoreWriter(path, self.characters, self.image_size)

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
