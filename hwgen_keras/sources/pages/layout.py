"""The geometry of a practice sheet: the places of marks, page code and boxes.

All lengths are millimetres from the top left corner of an upright A4 page, x to the
right and y down.
"""

import binascii
import dataclasses
import json
import pathlib
import struct

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.files import write_json

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
# A mark is a ring around a disc with the proportions of QR codes (2, 1 and 3 sevenths
# of the diameter), which no pen stroke has at any angle.
MARK_DIAMETER = 9.0
_INSET = 14.0
# Clockwise from the top left.
_FAR_X, _FAR_Y = PAGE_WIDTH - _INSET, PAGE_HEIGHT - _INSET
MARKS = np.array(
    [(_INSET, _INSET), (_FAR_X, _INSET), (_FAR_X, _FAR_Y), (_INSET, _FAR_Y)]
)
# Small squares along the edges, which show how the paper is bent.
TICK_SIDE = 2.0
TICKS = np.array(
    [(x, y) for x in np.arange(31, 180, 18.5) for y in (21.5, _FAR_Y)]
    + [(x, y) for y in np.arange(33, 265, 21.0) for x in (_INSET, _FAR_X)]
)
# The page code: black and white rectangles in a row between the upper marks.
CODE_BITS = 48
MODULE_WIDTH, MODULE_HEIGHT = 3.0, 5.0
CODE_LEFT, CODE_TOP = 33.0, _INSET - MODULE_HEIGHT / 2
# The area of the boxes, the gap between two, and the height of the model above one.
_LEFT, _RIGHT, _TOP, _BOTTOM = 23.0, 187.0, 30.0, 277.0
GAP = 2.4
MODEL_HEIGHT = 6.2
SMALLEST_BOX, LARGEST_BOX = 8.0, 40.0
_FORMAT, _VERSION = "hwgen_keras practice sheet", 1
_MOST_PAGES = (1 << 16) - 1


@dataclasses.dataclass(frozen=True)
class Cell:
    """One writing box."""

    character: str  # to be written there
    row: int  # from 0, as is the column
    column: int
    left: float  # edges of the box, mm
    top: float


@dataclasses.dataclass(frozen=True)
class Layout:
    """The boxes on the pages of a practice sheet."""

    box: float  # side of a writing box, mm
    pages: tuple  # the characters of each page, row by row, as a string

    @property
    def columns(self):
        return _fitting(_RIGHT - _LEFT, self.box, self.box + GAP)

    @property
    def rows(self):
        height = self.box + MODEL_HEIGHT
        return _fitting(_BOTTOM - _TOP, height, height + GAP)

    @property
    def identity(self):
        """Number of the sheet, from 0 to 65,535: a checksum of its boxes."""
        text = json.dumps([_VERSION, self.box, self.pages], ensure_ascii=False)
        return binascii.crc_hqx(text.encode(), 0x1D0F)

    def cells(self, page):
        """The cells with a character of a page, numbered from 1."""
        columns, rows = self.columns, self.rows
        across = (_RIGHT - _LEFT - self.box) / max(1, columns - 1)
        down = (_BOTTOM - _TOP - self.box - MODEL_HEIGHT) / max(1, rows - 1)
        cells = []
        for position, character in enumerate(self.pages[page - 1]):
            row, column = divmod(position, columns)
            left, top = _LEFT + across * column, _TOP + MODEL_HEIGHT + down * row
            cells.append(Cell(character, row, column, left, top))
        return cells

    def save(self, path):
        """Writes the layout as JSON; the file appears only when it is complete."""
        description = {
            "format": _FORMAT,
            "version": _VERSION,
            "identity": f"{self.identity:04x}",
            "box": self.box,
            "columns": self.columns,
            "rows": self.rows,
            "pages": list(self.pages),
        }
        write_json(path, description)


def make_layout(characters, box=14.0, count=1):
    """The `Layout` of characters on as few pages as possible.

    Args:
        characters: iterable of strings of one character.
        box: side of a writing box in mm, from 8 to 40.
        count: boxes per character, at least 1; the whole text is repeated, so that
            nobody copies the previous box.

    Raises:
        InputError: a number is out of range, or there would be too many pages.
    """
    if not SMALLEST_BOX <= box <= LARGEST_BOX:
        raise InputError(
            f"--box is {box}; give the side of a writing box in mm, from "
            f"{SMALLEST_BOX:g} to {LARGEST_BOX:g}."
        )
    text = "".join(characters) * count
    empty = Layout(float(box), ())
    on_page = empty.columns * empty.rows
    pages = [text[start : start + on_page] for start in range(0, len(text), on_page)]
    if len(pages) > _MOST_PAGES:
        raise InputError(
            f"--count={count} gives {len(pages)} pages and a sheet has at most "
            f"{_MOST_PAGES}; give fewer characters or a lower count."
        )
    return Layout(float(box), tuple(pages))


def read_layout(path):
    """The layout that was saved beside a sheet.

    Raises:
        InputError: the file is missing, is not a layout, or was changed.
    """
    foreign = f"--layout: {path} is not the layout of a practice sheet"
    advice = "give the .json that was written beside the sheet's PDF."
    try:
        description = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"--layout: {path} does not exist; {advice}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{foreign} ({error}); {advice}") from None
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise InputError(f"{foreign}; {advice}")
    if description.get("version") != _VERSION:
        raise InputError(
            f"--layout: {path} is of version {description.get('version')!r} and this "
            f"program reads version {_VERSION}; print a new sheet."
        )
    box, pages = description.get("box"), description.get("pages")
    if (
        not isinstance(box, int | float)
        or isinstance(box, bool)
        or not SMALLEST_BOX <= box <= LARGEST_BOX
        or not isinstance(pages, list)
        or not 0 < len(pages) <= _MOST_PAGES
        or not all(isinstance(page, str) and page for page in pages)
    ):
        raise InputError(f"{foreign}: its box or pages are damaged; {advice}")
    layout = Layout(float(box), tuple(pages))
    # A lone surrogate is a legal JSON string, and no character.
    try:
        same = description.get("identity") == f"{layout.identity:04x}"
    except UnicodeEncodeError:
        same = False
    if not same or max(map(len, pages)) > layout.columns * layout.rows:
        raise InputError(
            f"--layout: {path} was changed after its sheet was written; {advice}"
        )
    return layout


def encode_page(identity, page):
    """The page code of a layout's identity and a page: bool (48,), True is black."""
    body = struct.pack(">HH", identity, page)
    code = body + struct.pack(">H", binascii.crc_hqx(body, 0xFFFF))
    return np.unpackbits(np.frombuffer(code, np.uint8)).astype(bool)


def decode_page(bits):
    """(identity, page) of a page code, or None if its checksum is wrong."""
    code = np.packbits(np.asarray(bits, bool)).tobytes()
    identity, page, checksum = struct.unpack(">HHH", code)
    if binascii.crc_hqx(code[:4], 0xFFFF) != checksum or page == 0:
        return None
    return identity, page


def _fitting(room, size, pitch):
    """Number of boxes that fit into a length."""
    return 1 + int((room - size) / pitch + 1e-9)
