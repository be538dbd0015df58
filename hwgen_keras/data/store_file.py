"""The file of a store: small packed files with labels, sources and kinds.

A line of text, padded to 64 bytes; the packed files; the columns (length, label,
source, kind); a header in JSON; a footer of fixed size with the lengths and CRC-32 of
these. It is written in one pass, and opened without reading the packed files.
"""

import dataclasses
import json
import os
import struct
import zlib
from typing import Any

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path

_MAGIC = b"hwgen_keras "
# TensorFlow need not copy images: they begin at a multiple of 64 bytes.
_LINE = 64
COLUMNS = {"lengths": "<u4", "labels": "<i4", "sources": "<i4", "kinds": "|u1"}
_END = b"hwgenEND"
# End mark; number of packed files, their bytes and those of the header; CRC-32 of the
# packed files, the columns, the header and the footer before it.
_FOOTER = struct.Struct("<8s3Q4I")
_CHUNK = 1 << 24


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreFormat:
    """What distinguishes one kind of store from the others.

    Attributes:
        name: of the store, in the first line of a file and in messages.
        item: one of the packed files, in messages.
        version: number of the format.
        size: the attribute, and entry of the header, of a number that all the packed
            files of a store agree on.
        sizes: the same in words, and several.
        unit: what the number counts.
        mixed: whether they may disagree, so that the number is None.
        licensed: whether the header has a licence for each source.
    """

    name: str
    item: str
    version: int
    size: str
    sizes: str
    unit: str
    mixed: bool = False
    licensed: bool = False

    @property
    def magic(self) -> bytes:
        """The beginning of the first line, without the version."""
        return _MAGIC + self.name.encode() + b" "

    @property
    def first_line(self) -> bytes:
        """The first line of a file."""
        return (self.magic + b"%d" % self.version).ljust(_LINE - 1) + b"\n"

    def parse(self, header: bytes) -> dict[str, Any]:
        """The columns of a header; KeyError, TypeError or ValueError: it is damaged."""
        content = json.loads(header)
        size, name = content[self.size], content["character_set"]
        characters, sources = content["characters"], content["source_names"]
        licences = content["licences"] if self.licensed else []
        lists = (characters, sources, licences)
        if not all(isinstance(values, list) for values in lists):
            raise TypeError
        if not all(isinstance(text, str) for text in [name, *sum(lists, [])]):
            raise TypeError
        if self.licensed and len(licences) != len(sources):
            raise ValueError
        if not (isinstance(size, int) and size > 0 or (self.mixed and size is None)):
            raise TypeError
        columns: dict[str, Any] = {self.size: size, "source_names": tuple(sources)}
        columns["characters"] = CharacterSet(name, characters)
        if self.licensed:
            columns["licences"] = tuple(licences)
        return columns


IMAGES = StoreFormat(
    name="image store",
    item="image",
    version=2,
    size="image_size",
    sizes="image sizes",
    unit="pixels",
    mixed=True,
)
STROKES = StoreFormat(
    name="stroke store",
    item="track",
    version=1,
    size="points",
    sizes="numbers of points",
    unit="points a line",
    licensed=True,
)


def write_end(file, columns, checksum, header):
    """Writes the columns, the header (a dict) and the footer behind the packed files.

    `checksum` is the CRC-32 of the packed files.
    """
    header = json.dumps(header, ensure_ascii=False).encode()
    packed = file.tell() - _LINE
    of_columns = 0
    for name, kind in COLUMNS.items():
        content = np.asarray(columns[name]).astype(kind, copy=False).tobytes()
        of_columns = zlib.crc32(content, of_columns)
        file.write(content)
    file.write(header)
    count = len(columns["labels"])
    fields = (_END, count, packed, len(header), checksum, of_columns)
    footer = _FOOTER.pack(*fields, zlib.crc32(header), 0)[:-4]
    file.write(footer + struct.pack("<I", zlib.crc32(footer)))


def read(path, form):
    """The parts of a store file, all checked but the packed files, which stay on disk.

    Args:
        path: the file.
        form: its `StoreFormat`.

    Returns:
        The bytes of the packed files, their CRC-32, their lengths, and a dict of the
        other columns and of those that the header has.
    """
    path = as_path(path, f"The {form.name}")
    try:
        with open(path, "rb") as file:
            return _read(path, file, form)
    except OSError as error:
        raise InputError(
            f"The {form.name} {path} cannot be opened ({error.strerror})."
        ) from None


def _read(path, file, form):
    first_line = file.read(_LINE)
    _check_first_line(path, first_line, form)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _FOOTER.size, 0))
    footer = file.read(_FOOTER.size)
    short = size < _LINE + _FOOTER.size
    if first_line != form.first_line or short or not footer.startswith(_END):
        raise InputError(
            f"The {form.name} {path} was truncated or changed (its end is missing); "
            "make it again."
        )
    damaged = InputError(
        f"The {form.name} {path} is damaged (a checksum of its index is wrong); make "
        "it again."
    )
    fields = _FOOTER.unpack(footer)
    _, count, packed, length, checksum, of_columns, of_header, of_footer = fields
    if zlib.crc32(footer[:-4]) != of_footer:
        raise damaged
    ends = np.cumsum([count * np.dtype(kind).itemsize for kind in COLUMNS.values()])
    expected = _LINE + packed + int(ends[-1]) + length + _FOOTER.size
    if size != expected:
        raise InputError(
            f"The {form.name} {path} has {size} bytes instead of {expected}; it was "
            "truncated or changed, so make it again."
        )
    file.seek(_LINE + packed)
    content, header = file.read(ends[-1]), file.read(length)
    if zlib.crc32(content) != of_columns or zlib.crc32(header) != of_header:
        raise damaged
    columns = {
        name: np.frombuffer(content[start:end], kind)
        for (name, kind), start, end in zip(
            COLUMNS.items(), [0, *ends[:-1]], ends, strict=True
        )
    }
    if columns["lengths"].sum(dtype=np.int64) != packed:
        raise damaged
    block = np.zeros(0, np.uint8)
    if packed:
        block = np.memmap(file, np.uint8, mode="r", offset=_LINE, shape=(packed,))
    lengths = columns.pop("lengths")
    try:
        columns |= form.parse(header)
    except InputError:  # of the characters
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged from None
    return block, checksum, lengths, columns


def _check_first_line(path, first_line, form):
    """Raises InputError for another kind of file, or another version."""
    if not first_line.startswith(form.magic):
        other = first_line.removeprefix(_MAGIC).split()[:2]
        store = first_line.startswith(_MAGIC) and other[1:] == [b"store"]
        told = f"; it is a {other[0].decode('ascii', 'replace')} store" if store else ""
        raise InputError(f"The file {path} is not {_article(form.name)}{told}.")
    version = first_line.removeprefix(form.magic).split(maxsplit=1)
    if version and version[0].isdigit() and int(version[0]) != form.version:
        raise InputError(
            f"The {form.name} {path} has version {int(version[0])}; this program reads "
            f"version {form.version}, so make the store again."
        )


def _article(name):
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def verify(path, form, checksum, block):
    """Raises InputError unless the packed files have their checksum."""
    value = 0
    for start in range(0, len(block), _CHUNK):  # they may be larger than the memory
        value = zlib.crc32(block[start : start + _CHUNK], value)
    if value != checksum:
        raise InputError(
            f"The {form.name} {path} is damaged (the checksum of its {form.item}s is "
            "wrong); make it again."
        )
