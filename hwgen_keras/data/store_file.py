"""The file of an ImageStore, version 2.

A line of text that is padded to 64 bytes; the PNG files; the columns (length, label,
source, kind); a header in JSON; a footer of fixed size with the lengths and CRC-32 of
all these. So it is written in one pass, and opened without reading the images.
"""

import json
import os
import pathlib
import struct
import zlib

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError

MAGIC = b"hwgen_keras image store "
VERSION = 2
# The images begin at a multiple of 64 bytes, so that TensorFlow need not copy them.
FIRST_LINE = (MAGIC + b"%d" % VERSION).ljust(63) + b"\n"
COLUMNS = {"lengths": "<u4", "labels": "<i4", "sources": "<i4", "kinds": "|u1"}
_END = b"hwgenEND"
# The end mark; images, bytes of the PNG files and of the header; then the CRC-32 of
# the PNG files, the columns, the header, and of all that stands before it here.
_FOOTER = struct.Struct("<8s3Q4I")
_CHUNK = 1 << 24


def write_end(file, columns, checksum, header):
    """Writes what stands behind the PNG files.

    Args:
        file: the open file, just behind the last PNG file.
        columns: a dict of the columns, arrays of the types of `COLUMNS`.
        checksum: CRC-32 of the PNG files.
        header: dict of what else there is to know.
    """
    header = json.dumps(header, ensure_ascii=False).encode()
    images = file.tell() - len(FIRST_LINE)
    of_columns = 0
    for name, kind in COLUMNS.items():
        content = np.asarray(columns[name]).astype(kind, copy=False).tobytes()
        of_columns = zlib.crc32(content, of_columns)
        file.write(content)
    file.write(header)
    count = len(columns["labels"])
    fields = (_END, count, images, len(header), checksum, of_columns)
    footer = _FOOTER.pack(*fields, zlib.crc32(header), 0)[:-4]
    file.write(footer + struct.pack("<I", zlib.crc32(footer)))


def read(path):
    """The parts of a store file; its images stay on disk (memmap).

    Returns:
        A dict: the columns by their names; `block`, the bytes of the PNG files;
        `checksum`, their CRC-32; `image_size`, `characters` and `source_names`.

    Raises:
        InputError: the file is missing, foreign, of another version, truncated or
            damaged in anything but its images.
    """
    path = pathlib.Path(path)
    try:
        with open(path, "rb") as file:
            return _read(path, file)
    except OSError as error:
        raise InputError(
            f"The image store {path} cannot be opened ({error.strerror})."
        ) from None


def _read(path, file):
    first_line = file.read(len(FIRST_LINE))
    if not first_line.startswith(MAGIC):
        raise InputError(f"The file {path} is not an image store.")
    version = first_line.removeprefix(MAGIC).split(maxsplit=1)
    if version and version[0].isdigit() and int(version[0]) != VERSION:
        raise InputError(
            f"The image store {path} has version {int(version[0])}; this program reads "
            f"version {VERSION}, so make the store again."
        )
    size = file.seek(0, os.SEEK_END)
    footer = b""
    if size >= len(FIRST_LINE) + _FOOTER.size:
        file.seek(size - _FOOTER.size)
        footer = file.read(_FOOTER.size)
    if first_line != FIRST_LINE or not footer.startswith(_END):
        raise InputError(
            f"The image store {path} was truncated or changed (its end is missing); "
            "make it again."
        )
    damaged = InputError(
        f"The image store {path} is damaged (a checksum of its index is wrong); make "
        "it again."
    )
    _, count, images, length, checksum, of_columns, of_header, own = _FOOTER.unpack(
        footer
    )
    if zlib.crc32(footer[:-4]) != own:
        raise damaged
    sizes = {name: count * np.dtype(kind).itemsize for name, kind in COLUMNS.items()}
    expected = len(FIRST_LINE) + images + sum(sizes.values()) + length + _FOOTER.size
    if size != expected:
        raise InputError(
            f"The image store {path} has {size} bytes instead of {expected}; it was "
            "truncated or changed, so make it again."
        )
    file.seek(len(FIRST_LINE) + images)
    content = {name: file.read(sizes[name]) for name in COLUMNS}
    header = file.read(length)
    value = 0
    for column in content.values():
        value = zlib.crc32(column, value)
    if (
        value != of_columns
        or zlib.crc32(header) != of_header
        or first_line[-1:] != b"\n"
    ):
        raise damaged
    columns = {
        name: np.frombuffer(content[name], kind) for name, kind in COLUMNS.items()
    }
    if columns["lengths"].sum(dtype=np.int64) != images:
        raise damaged
    block = np.zeros(0, np.uint8)
    if images:
        block = np.memmap(
            file, np.uint8, mode="r", offset=len(FIRST_LINE), shape=(images,)
        )
    return {**columns, **_parse(header, damaged), "block": block, "checksum": checksum}


def _parse(header, damaged):
    """What the header says; `damaged` is raised if it is not a store's."""
    try:
        header = json.loads(header)
        size, name = header["image_size"], header["character_set"]
        characters, sources = header["characters"], header["source_names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged from None
    lists = isinstance(characters, list) and isinstance(sources, list)
    if (
        not lists
        or not all(isinstance(text, str) for text in [name, *characters, *sources])
        or not (size is None or (isinstance(size, int) and size > 0))
    ):
        raise damaged
    return {
        "image_size": size,
        "characters": CharacterSet(name, characters),
        "source_names": tuple(sources),
    }


def verify(path, checksum, block):
    """Raises InputError unless the images of a file have the checksum of its header."""
    if checksum_of(block) != checksum:
        raise InputError(
            f"The image store {path} is damaged (the checksum of its images is "
            "wrong); make it again."
        )


def checksum_of(array, value=0):
    """CRC-32 of the bytes of an array, which may be larger than the memory."""
    for start in range(0, len(array), _CHUNK):
        value = zlib.crc32(array[start : start + _CHUNK], value)
    return value
