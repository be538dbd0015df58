"""Writing stores, one item after the other or store by store."""

import array
import contextlib
import errno
import struct
import zlib
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data import store_file
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.store_file import IMAGES, StoreFormat
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath, as_path, complete_file

FONT = 0
"""Kind of an image in a store: a glyph of a font."""
HANDWRITING = 1
"""Kind of an image in a store: somebody's, or a simulated writer's, handwriting."""
GENERATED = 2
"""Kind of an image in a store: what a generator wrote."""

_COLOUR_TYPE, _GREY = 25, 0  # of a PNG's header
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TYPES = {"lengths": "I", "labels": "i", "sources": "i", "kinds": "B"}
_BUFFER = 1 << 20
_CHUNK = 1 << 24


class Packed(Protocol):
    """The columns of a store."""

    labels: NDArray[np.int32]
    sources: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    source_names: tuple[str, ...]
    licences: tuple[str, ...]
    characters: CharacterSet

    @property
    def files(self) -> PackedFiles: ...


class PackedWriter:
    """Writes a store; its file appears when it is complete.

    The packed files go to disk at once; 13 bytes of each stay in memory until the end.
    A subclass has `store_format`.

    Args:
        path: the file to write; an older one is replaced at the end.
        characters: the `CharacterSet` of the labels.
        size: the number that the packed files agree on, see `StoreFormat`.
    """

    store_format: ClassVar[StoreFormat]

    def __init__(
        self, path: StrPath, characters: CharacterSet, size: int | None
    ) -> None:
        self.path = as_path(path, "The file of the store")
        check_set(characters)
        self.characters = characters
        self._size = size
        self._columns = {name: array.array(kind) for name, kind in _TYPES.items()}
        self._sources = Sources()
        self._checksum = 0
        self._file: Any = None  # open from __enter__ on

    def __enter__(self) -> Self:
        self._complete = complete_file(self.path)
        with self._errors_reported():
            self._file = open(self._complete.__enter__(), "wb", buffering=_BUFFER)
            self._file.write(self.store_format.first_line)
        return self

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None:
                self._finish()
        except BaseException as failure:
            kind, error, traceback = type(failure), failure, failure.__traceback__
            raise
        finally:
            with contextlib.suppress(OSError):  # a full disk refuses the buffer, too
                self._file.close()
            with self._errors_reported():
                self._complete.__exit__(kind, error, traceback)
        return False

    def __len__(self) -> int:
        return len(self._columns["labels"])

    def _add(self, content, label, source, kind):
        """Adds a packed file; `source` is its number."""
        self._write(content)
        row = len(content), label, source, kind
        for column, value in zip(self._columns.values(), row, strict=True):
            column.append(value)

    def add_store(self, store: Packed) -> None:
        """Adds all that is in a store, whose characters must be in the set.

        Sources of one name, kind and licence become one source.

        Args:
            store: a store of the same class as the file.

        Raises:
            InputError: it has another image size, or number of points, than this file,
                or the disk is full.
        """
        form = self.store_format
        size = getattr(store, form.size)
        if self._size is not None and size != self._size:
            raise InputError(
                f"A store of {size} {form.unit} cannot be added to {self.path}, "
                f"which has {self._size}; make both of one size."
            )
        for piece in store.files.runs():
            for start in range(0, len(piece), _CHUNK):
                self._write(piece[start : start + _CHUNK])
        used, inverse = np.unique(store.labels, return_inverse=True)
        index = self.characters.index
        labels = np.array([index(store.characters[label]) for label in used])[inverse]
        sources = self._sources.of(store)
        columns = (store.files.length, labels, sources, store.kinds)
        for (name, kind), column in zip(_TYPES.items(), columns, strict=True):
            self._columns[name].frombytes(np.asarray(column).astype(kind).tobytes())

    def _write(self, content):
        with self._errors_reported():
            self._file.write(content)
        self._checksum = zlib.crc32(content, self._checksum)

    def _finish(self):
        if not len(self):
            item = self.store_format.item
            raise InputError(f"There is no {item} for the store {self.path}; add one.")
        header = {
            self.store_format.size: self._size,
            "character_set": self.characters.name,
            "characters": list(self.characters),
            "source_names": self._sources.names(),
        }
        if self.store_format.licensed:
            header["licences"] = self._sources.licences()
        columns = {
            name: np.frombuffer(column, column.typecode)
            for name, column in self._columns.items()
        }
        with self._errors_reported():
            store_file.write_end(self._file, columns, self._checksum, header)
            self._file.close()

    @contextlib.contextmanager
    def _errors_reported(self):
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise InputError(
                    f"The disk is full: {self.path} could not be written; free some "
                    "space or choose another folder."
                ) from None
            raise InputError(
                f"The {self.store_format.name} {self.path} cannot be written "
                f"({error.strerror or error}); check the folder."
            ) from None


class StoreWriter(PackedWriter):
    """Writes an image store; its file appears when it is complete.

    The images go to disk at once; 13 bytes of each stay in memory until the end.

    Args:
        path: the file to write; an older one is replaced at the end.
        characters: the `CharacterSet` of the labels.
        image_size: side of all images in pixels; None: they may differ, as scans do.

    Raises:
        InputError: the path is empty, or `characters` is no `CharacterSet`; at the end,
            if there is no image; or the disk is full.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> store = hw.simulated_store([1], characters, 48, progress=False)
        >>> with hw.StoreWriter("two.store", characters, 48) as writer:
        ...     writer.add(store.png(0), "あ", "pen-0001", hw.HANDWRITING)
        >>> hw.ImageStore.open("two.store")
        ImageStore(1 images of 48 pixels, 1 of 2 characters, 1 sources)
    """

    store_format = IMAGES

    def __init__(
        self, path: StrPath, characters: CharacterSet, image_size: int | None = None
    ) -> None:
        super().__init__(path, characters, image_size)
        self.image_size = image_size

    def add(self, png: bytes, character: str, source: str, kind: int) -> None:
        """Adds an image.

        Args:
            png: a PNG file of greys, as bytes; 0 is ink, 255 paper.
            character: what is written, one of the `CharacterSet`.
            source: name of the font or writer.
            kind: `FONT`, `HANDWRITING` or `GENERATED`.

        Raises:
            InputError: a character outside the set, no grey PNG file or one of another
                size, or the disk is full.
        """
        label = self.characters.index(character)
        if not png.startswith(_SIGNATURE) or len(png) < 33:
            raise InputError(
                f"An image of {character} by {source} for {self.path} is not a PNG "
                "file; encode it as one."
            )
        if png[_COLOUR_TYPE] != _GREY:
            raise InputError(
                f"An image of {character} by {source} for {self.path} is not a grey "
                "PNG; convert it to grey, on white where it is transparent."
            )
        if self.image_size is not None:
            width, height = struct.unpack_from(">2I", png, 16)
            if not width == height == self.image_size:
                raise InputError(
                    f"An image of {character} by {source} is {width} × {height}; all "
                    f"of {self.path} must be {self.image_size} pixels a side."
                )
        if kind not in (FONT, HANDWRITING, GENERATED):
            raise InputError(
                f"The kind of an image of {character} by {source} is {kind!r}; use "
                "FONT, HANDWRITING or GENERATED."
            )
        self._add(png, label, self._sources.number(source, kind), kind)


class Sources:
    """Numbers for fonts and writers, by name, kind and licence."""

    def __init__(self):
        self._numbers = {}

    def number(self, name, kind, licence=""):
        """The number of a source, known or new."""
        return self._numbers.setdefault((name, kind, licence), len(self._numbers))

    def of(self, store):
        """The numbers, int32 (n,), for the sources of a store's images."""
        pairs = store.sources.astype(np.int64) * (GENERATED + 1) + store.kinds
        used, inverse = np.unique(pairs, return_inverse=True)
        licences = store.licences or [""] * len(store.source_names)
        numbers = [
            self.number(store.source_names[source], kind, licences[source])
            for source, kind in zip(*np.divmod(used, GENERATED + 1), strict=True)
        ]
        return np.array(numbers, np.int32)[inverse]

    def names(self):
        """Names in the order of the numbers."""
        return [name for name, _, _ in self._numbers]

    def licences(self):
        """Licences in the order of the numbers."""
        return [licence for _, _, licence in self._numbers]
