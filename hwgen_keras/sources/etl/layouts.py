"""The record layouts of the ETL Character Database, from AIST's pages.

The pages are at http://etlcdb.db.aist.go.jp/ (`form_m` and so on). Records have a
fixed length, big-endian, without separators. A field is a run of equal unsigned
integers with places in bits, which fits types of 8-bit bytes and types of 6-bit
characters (C, K).
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Layout:
    """The layout of the records of one type."""

    name: str  # M, K, C, 8B, 8G, 9B or 9G
    page: str  # of AIST
    size: int  # of a record, bytes
    fields: dict  # {name: (first bit, bits of a value, number of values)}
    code: str  # the field with the code of the character
    image_offset: int  # first byte of the image
    width: int  # of the image, pixels; a row is a whole number of bytes
    height: int
    depth: int  # bits of a pixel; high values are ink

    def field(self, records, name):
        """A field of records (uint8 (n, size)).

        Returns:
            uint64 (n,), or uint8 (n, values) for a field of several values.
        """
        first, bits, values = self.fields[name]
        if values == 1:
            return _integers(records, first, bits)
        columns = [_integers(records, first + i * bits, bits) for i in range(values)]
        return np.stack(columns, axis=1).astype(np.uint8)

    def packed_images(self, records):
        """The packed bits of the images: uint8 (n, bytes of an image), a view."""
        size = self.height * self.width * self.depth // 8
        return records[:, self.image_offset : self.image_offset + size]

    def levels(self, records):
        """The pixels of the images: uint8 (n, height, width); 0 is paper."""
        packed = self.packed_images(records)
        if self.depth == 1:
            pixels = np.unpackbits(packed, axis=1)
        elif self.depth == 4:
            pixels = np.stack([packed >> 4, packed & 15], axis=2)
        else:  # 6: four pixels in three bytes
            a, b, c = (packed[:, i::3] for i in range(3))
            parts = a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63
            pixels = np.stack(parts, axis=2)
        return pixels.reshape(len(records), self.height, self.width)


def _integers(records, first, bits):
    """The big-endian integers of at most 57 bits from bit `first`."""
    end = first + bits
    value = np.zeros(len(records), np.uint64)
    for byte in range(first // 8, (end + 7) // 8):
        value <<= np.uint64(8)
        value |= records[:, byte]
    return value >> np.uint64(-end % 8) & np.uint64((1 << bits) - 1)


def _consecutive(*fields):
    """Fields of whole bytes, from (name, bytes of a value[, number of values])."""
    table, first = {}, 0
    for name, size, *values in fields:
        count = values[0] if values else 1
        table[name] = 8 * first, 8 * size, count
        first += size * count
    return table


_M = _consecutive(
    *(("number", 2), ("letters", 1, 2), ("sheet", 2), ("jis", 1), ("ebcdic", 1)),
    *(("quality", 1), ("group_quality", 1), ("sex", 1), ("age", 1), ("serial", 4)),
    *(("industry", 2), ("occupation", 2), ("gathered", 2), ("scanned", 2)),
    *(("y", 1), ("x", 1), ("lowest_level", 1), ("highest_level", 1)),
)
_K = {
    "serial": (0, 36, 1),
    "mark": (36, 6, 1),
    "contents": (72, 6, 6),
    "style": (108, 6, 6),
    "co59": (168, 12, 1),  # two codes of 6 bits
}
_C_NUMBERS = (
    *("quality", "group_quality", "y", "x", "sex", "age", "industry", "occupation"),
    *("gathered", "scanned", "points_x", "points_y", "pixel_levels", "magnification"),
    "old_serial",
)
_C = {
    "serial": (0, 36, 1),
    "sheet": (36, 36, 1),
    "jis": (72, 8, 1),  # the left 8 of 36 bits, as EBCDIC
    "ebcdic": (108, 8, 1),
    "letters": (144, 6, 4),
    **{name: (180 + 36 * i, 36, 1) for i, name in enumerate(_C_NUMBERS)},
}
_BINARY = _consecutive(("sheet", 2), ("jis", 2), ("reading", 1, 4))
_GREY = _consecutive(
    *(("sheet", 2), ("jis", 2), ("reading", 1, 8), ("serial", 4), ("quality", 1)),
    *(("group_quality", 1), ("sex", 1), ("age", 1), ("industry", 2), ("occupation", 2)),
    *(("gathered", 2), ("scanned", 2), ("x", 1), ("y", 1)),  # X before Y, unlike M
)

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("M", "form_m", 2052, _M, "jis", 32, 64, 63, 4),
        Layout("K", "form_k", 2745, _K, "co59", 45, 60, 60, 6),
        Layout("C", "form_c", 2952, _C, "jis", 216, 72, 76, 4),
        Layout("8B", "form_e8b", 512, _BINARY, "jis", 8, 64, 63, 1),
        Layout("8G", "form_e8g", 8199, _GREY, "jis", 60, 128, 127, 4),
        Layout("9B", "form_e9b", 576, _BINARY, "jis", 8, 64, 63, 1),
        Layout("9G", "form_e9g", 8199, _GREY, "jis", 64, 128, 127, 4),
    )
}
