"""Opening stores, and files of other libraries as if they were stores."""

import functools
import pathlib
import struct

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.parquet import read_parquet
from hwgen_keras.data.store import ImageStore
from hwgen_keras.data.store_writer import GENERATED
from hwgen_keras.data.tfrecords import read_tfrecord
from hwgen_keras.data.webdataset import read_webdataset
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath, as_path

_READERS = {
    ".parquet": read_parquet,
    ".tar": read_webdataset,
    ".tfrecord": read_tfrecord,
}
# Endings of the files whose images a manifest names by number.
NUMBERED = (".store", *_READERS)
# Where a PNG file has its width and height.
_HEADER = struct.Struct(">8sI4sII")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def is_numbered(path: StrPath) -> bool:
    """Whether a path is that of a store, or of a file that is read like one."""
    return pathlib.PurePath(path).suffix in NUMBERED


def open_once(path: StrPath) -> ImageStore:
    """The `ImageStore` of a file, opened again only if the file has changed.

    A store is mapped from the disk; a tar, Parquet or TFRecord file is read whole.
    """
    path = as_path(path, "The image store")
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(
            f"The image store {path} cannot be opened ({error.strerror})."
        ) from None
    opened = _read if path.suffix in _READERS else _open
    return opened(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _open(path, size, time):
    return ImageStore.open(path)


# Few: each is whole in memory, and they are used one after another.
@functools.lru_cache(maxsize=2)
def _read(path, size, time):
    pngs: list[bytes] = []
    shown: list[str] = []
    writers: list[str] = []
    sides: set[tuple[int, int]] = set()
    for png, character, writer in _READERS[path.suffix](path):
        if not isinstance(character, str) or not isinstance(writer, str):
            raise InputError(
                f"{path}: the character or the writer of image {len(pngs)} is no "
                "text; make the file again."
            )
        sides.add(_size_of(path, len(pngs), png))
        pngs.append(png)
        shown.append(character)
        writers.append(writer)
    if not pngs:
        raise InputError(f"{path} has no image; give a file that has.")
    characters = CharacterSet(path.name, dict.fromkeys(shown))
    names = list(dict.fromkeys(writers))
    number = {name: position for position, name in enumerate(names)}
    width, height = sides.pop() if len(sides) == 1 else (0, 1)
    return ImageStore(
        pngs,
        np.array([characters.index(c) for c in shown], np.int32),
        np.array([number[name] for name in writers], np.int32),
        np.full(len(pngs), GENERATED, np.uint8),
        *(names, characters, width if width == height else None),
    )


def _size_of(path, number, png):
    """The (width, height) of a PNG file."""
    if isinstance(png, bytes) and len(png) >= _HEADER.size:
        signature, _, kind, width, height = _HEADER.unpack_from(png)
        if signature == _SIGNATURE and kind == b"IHDR":
            return width, height
    raise InputError(
        f"{path}: image {number} is no PNG file; give a file whose images are PNG."
    )
