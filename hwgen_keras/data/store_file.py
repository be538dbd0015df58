"""The file of an ImageStore, version 2.

A line of text, padded to 64 bytes; the PNG files; the columns (length, label, source,
kind); a header in JSON; a footer of fixed size with the lengths and CRC-32 of these.
It is written in one pass, and opened without reading the images.
"""

import json
import os
import struct
import zlib

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path

MAGIC = b"hwgen_keras image store "
VERSION = 2
# TensorFlow need not copy the images: they begin at a multiple of 64 bytes.
FIRST_LINE = (MAGIC + b"%d" % VERSION).ljust(63) + b"\n"
COLUMNS = {"lengths": "<u4", "labels": "<i4", "sources": "<i4", "kinds": "|u1"}
_END = b"hwgenEND"
# End mark; number of images, bytes of the PNG files and of the header; CRC-32 of the
# PNG files, the columns, the header and the footer before it.
_FOOTER = struct.Struct("<8s3Q4I")
_CHUNK = 1 << 24


def write_end(file, columns, checksum, header):
    """Writes the columns, the header (a dict) and the footer behind the PNG files.

    `checksum` is the CRC-32 of the PNG files.
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
    """The parts of a store file, all checked but its images, which stay on disk.

    Returns:
        The bytes of the PNG files, their CRC-32, their lengths, and a dict of the other
        columns, `image_size`, `characters` and `source_names`.
    """
    path = as_path(path, "The image store")
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
    file.seek(max(size - _FOOTER.size, 0))
    footer = file.read(_FOOTER.size)
    short = size < len(FIRST_LINE) + _FOOTER.size
    if first_line != FIRST_LINE or short or not footer.startswith(_END):
        raise InputError(
            f"The image store {path} was truncated or changed (its end is missing); "
            "make it again."
        )
    damaged = InputError(
        f"The image store {path} is damaged (a checksum of its index is wrong); make "
        "it again."
    )
    fields = _FOOTER.unpack(footer)
    _, count, images, length, checksum, of_columns, of_header, of_footer = fields
    if zlib.crc32(footer[:-4]) != of_footer:
        raise damaged
    ends = np.cumsum([count * np.dtype(kind).itemsize for kind in COLUMNS.values()])
    expected = len(FIRST_LINE) + images + int(ends[-1]) + length + _FOOTER.size
    if size != expected:
        raise InputError(
            f"The image store {path} has {size} bytes instead of {expected}; it was "
            "truncated or changed, so make it again."
        )
    file.seek(len(FIRST_LINE) + images)
    content, header = file.read(ends[-1]), file.read(length)
    if zlib.crc32(content) != of_columns or zlib.crc32(header) != of_header:
        raise damaged
    columns = {
        name: np.frombuffer(content[start:end], kind)
        for (name, kind), start, end in zip(
            COLUMNS.items(), [0, *ends[:-1]], ends, strict=True
        )
    }
    if columns["lengths"].sum(dtype=np.int64) != images:
        raise damaged
    block = np.zeros(0, np.uint8)
    if images:
        block = np.memmap(
            file, np.uint8, mode="r", offset=len(FIRST_LINE), shape=(images,)
        )
    lengths = columns.pop("lengths")
    return block, checksum, lengths, columns | _parse(header, damaged)


def _parse(header, damaged):
    try:
        header = json.loads(header)
        size, name = header["image_size"], header["character_set"]
        characters, sources = header["characters"], header["source_names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged from None
    lists = isinstance(characters, list) and isinstance(sources, list)
    texts = [name, *characters, *sources] if lists else [None]
    valid = all(isinstance(text, str) for text in texts)
    if not valid or not (size is None or (isinstance(size, int) and size > 0)):
        raise damaged
    return {
        "image_size": size,
        "characters": CharacterSet(name, characters),
        "source_names": tuple(sources),
    }


def verify(path, checksum, block):
    """Raises InputError unless the images of a file have their checksum."""
    value = 0
    for start in range(0, len(block), _CHUNK):  # they may be larger than the memory
        value = zlib.crc32(block[start : start + _CHUNK], value)
    if value != checksum:
        raise InputError(
            f"The image store {path} is damaged (the checksum of its images is "
            "wrong); make it again."
        )
