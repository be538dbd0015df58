"""Encodes the packed bits of records as PNG files."""

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))


def png_files(layout, records):
    """Yields the images of records as PNG files (bytes), black on white, without loss.

    Images of 1 and 4 bits keep their depth, so that decoders give 255 - 255 · level
    and 255 - 17 · level. PNG has no 6 bits: they become 8, as 255 - (level · 4 +
    level // 16), so the level is `(255 - grey) >> 2`.

    Args:
        layout: the `Layout` of the records.
        records: uint8 (n, bytes of a record).
    """
    if layout.depth == 6:
        depth, levels = 8, layout.levels(records)
        packed = levels << 2 | levels >> 4
    else:
        depth, packed = layout.depth, layout.packed_images(records)
    packed = packed.reshape(len(records), layout.height, -1)
    # Every row of a PNG begins with the number of its filter; 0 is none.
    rows = np.zeros((*packed.shape[:2], packed.shape[2] + 1), np.uint8)
    np.invert(packed, out=rows[:, :, 1:])  # ink is high in the records
    size = struct.pack(">IIBBBBB", layout.width, layout.height, depth, 0, 0, 0, 0)
    head = _SIGNATURE + _chunk(b"IHDR", size)
    for image in rows:
        # Higher levels are slower and hardly make noise smaller.
        yield head + _chunk(b"IDAT", zlib.compress(image, 1)) + _END


def _chunk(name, content):
    checksum = struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))
    return struct.pack(">I4s", len(content), name) + content + checksum
