"""Synthetic files of the ETL Character Database, written from AIST's tables.

Nothing here is shared with the reader: records of 8-bit bytes are packed with
`struct`, those of 6-bit characters as one long integer.
"""

import struct

import numpy as np

# Type: struct format, and for each value of it the field, or None for the image.
_M = (
    *("number", "letters", "sheet", "jis", "ebcdic", "quality", "group_quality"),
    *("sex", "age", "serial", "industry", "occupation", "gathered", "scanned"),
    *("y", "x", "lowest_level", "highest_level", None),
)
_GREY = (
    *("sheet", "jis", "reading", "serial", "quality", "group_quality", "sex", "age"),
    *("industry", "occupation", "gathered", "scanned", "x", "y", None),
)
_BINARY = ("sheet", "jis", "reading", None)
STRUCTS = {
    "M": (">H2sH6BI4H4B4x2016s4x", _M),
    "8B": (">2H4s504s", _BINARY),
    "8G": (">2H8sI4B4H2B30x8128s11x", _GREY),
    "9B": (">2H4s504s64x", _BINARY),
    "9G": (">2H8sI4B4H2B34x8128s7x", _GREY),
}
# Type: bytes of a record, and (field, bits) in order; None fills up.
_C_NUMBERS = (
    *("quality", "group_quality", "y", "x", "sex", "age", "industry", "occupation"),
    *("gathered", "scanned", "points_x", "points_y", "pixel_levels", "magnification"),
    "old_serial",
)
BITS = {
    "C": (
        2952,
        (
            *(("serial", 36), ("sheet", 36), ("jis", 8), (None, 28), ("ebcdic", 8)),
            *((None, 28), ("letters", (6,) * 4), (None, 12)),
            *((name, 36) for name in _C_NUMBERS),
            *((None, 1008), ("image", (4,) * (72 * 76))),
        ),
    ),
    "K": (
        2745,
        (
            *(("serial", 36), ("mark", 6), (None, 30), ("contents", (6,) * 6)),
            *(("style", (6,) * 6), (None, 24), ("co59", 12), (None, 180)),
            ("image", (6,) * 3600),
        ),
    ),
}
# Type: height, width and bits of a pixel.
SHAPES = {
    "M": (63, 64, 4),
    "K": (60, 60, 6),
    "C": (76, 72, 4),
    "8B": (63, 64, 1),
    "8G": (127, 128, 4),
    "9B": (63, 64, 1),
    "9G": (127, 128, 4),
}
# Type: name of a file of it.
NAMES = {
    "M": "ETL1C_01",
    "K": "ETL2_1",
    "C": "ETL3C_1",
    "8B": "ETL8B2C1",
    "8G": "ETL8G_01",
    "9B": "ETL9B_1",
    "9G": "ETL9G_01",
}
DUMMIES = {"8B": 1, "9B": 1}


def fields(kind):
    """{name: largest value, or a tuple of them} of a type, without the image."""
    if kind in BITS:
        return {
            name: tuple(2**b - 1 for b in bits)
            if isinstance(bits, tuple)
            else 2**bits - 1
            for name, bits in BITS[kind][1]
            if name not in (None, "image")
        }
    form, names = STRUCTS[kind]
    widths = {"letters": 2, "reading": 8 if kind in ("8G", "9G") else 4}
    sizes = []
    for count, code in _codes(form):
        if code == "s":
            sizes.append(None)
        elif code != "x":
            sizes += [{"B": 255, "H": 65535, "I": 2**32 - 1}[code]] * count
    found = dict(zip(names, sizes, strict=True))
    found.pop(None)
    return {n: (255,) * widths[n] if n in widths else v for n, v in found.items()}


def _codes(form):
    count = ""
    for letter in form[1:]:
        if letter.isdigit():
            count += letter
        else:
            yield int(count or 1), letter
            count = ""


def record(kind, levels, **values):
    """A record: bytes.

    Args:
        kind: M, K, C, 8B, 8G, 9B or 9G.
        levels: (height, width) of small integers, high values ink.
        **values: of fields; the others are 0.
    """
    levels = np.asarray(levels)
    assert levels.shape == SHAPES[kind][:2]
    if kind in BITS:
        return _as_one_integer(kind, levels.ravel().tolist(), values)
    form, names = STRUCTS[kind]
    text = "".join(format(v, f"0{SHAPES[kind][2]}b") for v in levels.ravel().tolist())
    image = int(text, 2).to_bytes(len(text) // 8, "big")
    listed = []
    for name in names:
        value = image if name is None else values.get(name, 0)
        if name in ("letters", "reading"):
            value = bytes(value or ())
        listed.append(value)
    return struct.pack(form, *listed)


def _as_one_integer(kind, levels, values):
    size, layout = BITS[kind]
    text = ""
    for name, bits in layout:
        if name is None:
            text += "0" * bits
        elif isinstance(bits, tuple):
            numbers = levels if name == "image" else values.get(name, (0,) * len(bits))
            text += "".join(
                format(n, f"0{b}b") for n, b in zip(numbers, bits, strict=True)
            )
        else:
            text += format(values.get(name, 0), f"0{bits}b")
    assert len(text) == 8 * size
    return int(text, 2).to_bytes(size, "big")


def write(path, kind, records):
    """Writes a file of records, with the dummy at the beginning where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    records = list(records)
    size = BITS[kind][0] if kind in BITS else struct.calcsize(STRUCTS[kind][0])
    path.write_bytes(b"\xff" * (size * DUMMIES.get(kind, 0)) + b"".join(records))
    return path


def noise(kind, seed=0):
    """An image of random levels."""
    height, width, depth = SHAPES[kind]
    return np.random.default_rng(seed).integers(0, 2**depth, (height, width))


def blank(kind):
    """An image without ink."""
    return np.zeros(SHAPES[kind][:2], int)


def jis_codes(count):
    """The codes of the first `count` kanji of JIS X 0208, which knows 6,355."""
    codes = []
    for row in range(0x30, 0x75):
        # Row 47 (0x4F) ends after 51 cells.
        codes += [
            256 * row + cell for cell in range(0x21, 0x54 if row == 0x4F else 0x7F)
        ]
    return codes[:count]
