"""The file of an ImageStore: two lines of text, four index columns, the PNG bytes.

The first line holds the version and the CRC-32 of the second, which is JSON.
"""

import json
import pathlib
import zlib

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file

MAGIC = b"hwgen_keras image store "
VERSION = 1
_COLUMNS = {"offsets": "<i8", "labels": "<i4", "sources": "<i4", "kinds": "|u1"}
_LONGEST_HEADER = 1 << 26
_CHUNK = 1 << 24


def write(path, store):
    """Writes `store` beside `path` and moves it there when it is complete."""
    path = pathlib.Path(path)
    columns = {
        name: np.asarray(getattr(store, name)).astype(kind)
        for name, kind in _COLUMNS.items()
    }
    checksum = 0
    for part in (*columns.values(), np.asarray(store.blob)):
        checksum = _checksum(part, checksum)
    header = {
        "count": len(store),
        "bytes": len(store.blob),
        "checksum": checksum,
        "image_size": store.image_size,
        "character_set": store.characters.name,
        "characters": list(store.characters),
        "source_names": store.source_names,
    }
    header = json.dumps(header).encode()
    with complete_file(path) as partial, open(partial, "wb") as file:
        file.write(MAGIC + b"%d %08x\n" % (VERSION, zlib.crc32(header)))
        file.write(header + b"\n")
        for column in columns.values():
            file.write(column.tobytes())
        for start in range(0, len(store.blob), _CHUNK):
            file.write(store.blob[start : start + _CHUNK].tobytes())


def read(path):
    """The arguments of ImageStore from a file; the blob stays on disk (memmap).

    Raises:
        InputError: the file is missing, foreign, of another version or damaged.
    """
    path = pathlib.Path(path)
    try:
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise InputError(f"The file {path} is not an image store.")
            header = _header(path, file.readline(64), file.readline(_LONGEST_HEADER))
            start = file.tell()
    except OSError as error:
        raise InputError(
            f"The image store {path} cannot be opened ({error.strerror})."
        ) from None
    count = header["count"]
    lengths = {"offsets": count + 1, "labels": count, "sources": count, "kinds": count}
    sizes = {n: lengths[n] * np.dtype(kind).itemsize for n, kind in _COLUMNS.items()}
    expected = start + sum(sizes.values()) + header["bytes"]
    actual = path.stat().st_size
    if actual != expected:
        raise InputError(
            f"The image store {path} has {actual} bytes instead of {expected}; it was "
            "truncated or changed, so make it again."
        )
    content = np.memmap(path, np.uint8, mode="r", offset=start)
    checksum, arguments, position = 0, {}, 0
    for name, kind in _COLUMNS.items():
        column = content[position : position + sizes[name]]
        checksum = _checksum(column, checksum)
        arguments[name] = np.frombuffer(column.tobytes(), kind)
        position += sizes[name]
    arguments["blob"] = content[position:]
    offsets = arguments["offsets"]
    if _checksum(arguments["blob"], checksum) != header["checksum"] or (
        offsets[0] != 0
        or offsets[-1] != header["bytes"]
        or (np.diff(offsets) < 0).any()
    ):
        raise InputError(
            f"The image store {path} is damaged (its checksum is wrong); make it again."
        )
    return {
        **arguments,
        "source_names": header["source_names"],
        "characters": CharacterSet(header["character_set"], header["characters"]),
        "image_size": header["image_size"],
    }


def _header(path, first_line, line):
    version, _, checksum = first_line.rstrip(b"\n").partition(b" ")
    if version.isdigit() and int(version) != VERSION:
        raise InputError(
            f"The image store {path} has version {int(version)}; this program reads "
            f"version {VERSION}, so make the store again."
        )
    line = line.removesuffix(b"\n")
    if checksum != b"%08x" % zlib.crc32(line) or version != b"%d" % VERSION:
        raise InputError(f"The image store {path} has a damaged header; make it again.")
    return json.loads(line)


def _checksum(array, value=0):
    """CRC-32 of the bytes of an array, which may be larger than the memory."""
    array = np.ascontiguousarray(array).view(np.uint8)
    for start in range(0, len(array), _CHUNK):
        value = zlib.crc32(array[start : start + _CHUNK], value)
    return value
