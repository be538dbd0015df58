"""A page of written characters: which cell each stands in, and the picture of it."""

import dataclasses
import unicodedata

import numpy as np
from PIL import Image, ImageChops

from hwgen_keras.files import complete_file
from hwgen_keras.sources.images import SMALL_KANA

A4 = 210.0, 297.0  # mm
MM_PER_INCH = 25.4
# From one line to the next, in cells.
LINE_HEIGHT = 1.3
# What an image of a character shows beyond its ink is the margin of trainings.
_IMAGE = 1.05  # side of an image in cells
SMALL = 0.68  # size of small kana beside large ones
# Standard deviations of what --jitter=1 does to a character.
_SHIFT, _TURN, _GROWTH = 0.02, 1.2, 0.025  # cells, degrees, share of the size
_PAPER = 255
_WHITER = [min(_PAPER, round(grey * _PAPER / 240)) for grey in range(256)]
# Marks that stand upright in both directions, in the other corner.
_CORNER = frozenset("、。，．")
# Beside brackets and dashes, what lies along the line.
_ALONG = frozenset("ー～…‥：；＝")


@dataclasses.dataclass(frozen=True)
class Grid:
    """The cells of a page.

    Attributes:
        cell: side of a cell in mm.
        margin: least empty border of the page in mm.
        dpi: pixels an inch.
        vertical: lines run down and follow each other from right to left.
        page: width and height in mm.
    """

    cell: float
    margin: float = 20.0
    dpi: int = 300
    vertical: bool = False
    page: tuple[float, float] = A4

    @property
    def length(self):
        """Cells in a line; 0 where the page is too small."""
        return self._fitting(self.page[1 if self.vertical else 0], 1.0)

    @property
    def lines(self):
        """Lines on a page; 0 where the page is too small."""
        return self._fitting(self.page[0 if self.vertical else 1], LINE_HEIGHT)

    def _fitting(self, side, pitch):
        room = (side - 2 * self.margin) / self.cell
        return max(0, int((room - 1) / pitch + 1 + 1e-9)) if room >= 1 else 0

    def pixels(self, mm):
        return mm * self.dpi / MM_PER_INCH

    @property
    def size(self):
        """Width and height of the page in pixels."""
        return tuple(round(self.pixels(side)) for side in self.page)

    def centre(self, line, position):
        """Where the middle of a cell is, (x, y) in mm."""
        across = (line * LINE_HEIGHT + 0.5) * self.cell
        along = self.margin + (position + 0.5) * self.cell
        if self.vertical:
            return self.page[0] - self.margin - across, along
        return along, self.margin + across


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a character of a text stands: its number in the text, and its cell."""

    index: int
    page: int
    line: int
    position: int


def lay_out(text, grid):
    """The places of all characters of a text but spaces and line breaks.

    A line that is full goes on in the next; marks that may not begin a line (、。」)
    hang in the margin behind it, if that has room for a cell.

    Args:
        text: lines are kept, and a space of any width is an empty cell.
        grid: a `Grid` with room for a character.

    Returns:
        A list of `Place`, in the order of the text.
    """
    places, row, position = [], 0, 0
    hanging = 1 if grid.margin >= grid.cell else 0
    for index, character in enumerate(text):
        if character == "\n":
            row, position = row + 1, 0
            continue
        closing = character in "、。，．" or unicodedata.category(character) == "Pe"
        if position >= grid.length + (hanging if closing else 0):
            row, position = row + 1, 0
        if not character.isspace():
            page, line = divmod(row, grid.lines)
            places.append(Place(index, page, line, position))
        position += 1
    return places


def draw_pages(grid, text, places, images, seed=0, jitter=1.0):
    """Puts the images of characters onto pages.

    Args:
        grid: a `Grid`.
        text: what is written.
        places: of `lay_out`.
        images: {index in the text: uint8 (side, side)}, ink 0; small kana as the large
            ones that they are of, or in their size; marks where they stand in
            horizontal writing.
        seed: integer; a character is moved alike whatever stands around it.
        jitter: how much characters are moved, turned and scaled; 0: not at all.

    Returns:
        A list of PIL images, mode "L".
    """
    pages = [
        Image.new("L", grid.size, _PAPER)
        for _ in range(1 + max((place.page for place in places), default=0))
    ]
    for place in places:
        if place.index not in images:
            continue
        character, image = text[place.index], images[place.index]
        rng = np.random.default_rng((seed, place.index))
        dx, dy, turn, growth = jitter * rng.standard_normal(4)
        size, offset = _IMAGE, np.zeros(2)
        if character in SMALL_KANA:
            size = _IMAGE * SMALL
            free = (1 - SMALL) / 2
            # Below in horizontal writing, to the upper right in vertical writing.
            offset = free * np.array((1, -1) if grid.vertical else (-0.4, 1))
        # Paper that is a little grey would show the squares of the images.
        picture = Image.fromarray(image).point(_WHITER)
        if grid.vertical:
            picture = _for_vertical(picture, character)
        side = grid.pixels(grid.cell * size) * (1 + _GROWTH * growth)
        side = max(1, round(side))
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        if turn:
            picture = picture.rotate(
                _TURN * turn, Image.Resampling.BICUBIC, fillcolor=_PAPER
            )
        centre = np.array(grid.centre(place.line, place.position))
        centre = centre + grid.cell * (offset + _SHIFT * np.array((dx, dy)))
        corner = np.round(grid.pixels(centre) - side / 2).astype(int)
        _darken(pages[place.page], picture, tuple(corner))
    return pages


def _for_vertical(picture, character):
    """An image of horizontal writing as vertical writing has it."""
    if character in _CORNER:
        # From the lower left to the upper right corner.
        turned = picture.transpose(Image.Transpose.ROTATE_180)
        box = ImageChops.invert(picture).getbbox()
        if box is None:
            return picture
        ink, place = picture.crop(box), ImageChops.invert(turned).getbbox()
        moved = Image.new("L", picture.size, _PAPER)
        moved.paste(ink, place[:2])
        return moved
    if character == "ー":
        # Begun at the top: mirrored, not only turned.
        return picture.transpose(Image.Transpose.TRANSPOSE)
    if character in _ALONG or unicodedata.category(character) in ("Ps", "Pe", "Pd"):
        return picture.transpose(Image.Transpose.ROTATE_270)
    return picture


def _darken(page, picture, corner):
    """Pastes a picture so that the ink of both remains."""
    box = (*corner, corner[0] + picture.width, corner[1] + picture.height)
    page.paste(ImageChops.darker(page.crop(box), picture), corner)


def save_pages(path, pages, dpi):
    """Writes pages as a PDF, or one page as a PNG; the file appears when complete.

    Args:
        path: ends in .pdf or .png.
        pages: list of PIL images; one for a PNG.
        dpi: pixels an inch, which makes the size of the paper.
    """
    with complete_file(path) as partial:
        if partial.suffix.lower() == ".png":
            pages[0].save(partial, "PNG", dpi=(dpi, dpi))
            return
        # Without dates, so that the same page is the same file.
        pages[0].save(
            partial,
            "PDF",
            resolution=dpi,
            save_all=True,
            append_images=pages[1:],
            quality=90,
            title=None,
            creationDate=None,
            modDate=None,
        )
