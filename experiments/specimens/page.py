"""Pages of written characters: the cell of each, and the picture."""

import dataclasses
import unicodedata

import numpy as np
from PIL import Image, ImageChops

from hwgen_keras.files import complete_file
from hwgen_keras.sources.images import SMALL_KANA
from hwgen_keras.vectors import vertical_form
from hwgen_keras.vectors.vertical import CORNER, CORNER_MARKS, MIRRORED, TURNED

A4 = 210.0, 297.0  # mm
MM_PER_INCH = 25.4
# From one line to the next, in cells.
LINE_HEIGHT = 1.3
IMAGE = 1.05  # side of an image in cells, the margin of trainings included
SMALL = 0.68  # size of small kana, of large ones
# Standard deviations of what --jitter=1 does to a character.
_SHIFT, _TURN, _GROWTH = 0.02, 1.2, 0.025  # cells, degrees, share of the size
_PAPER = 255
_WHITER = [min(_PAPER, round(grey * _PAPER / 240)) for grey in range(256)]


@dataclasses.dataclass(frozen=True)
class Grid:
    """The cells of a page; vertical lines follow each other from right to left."""

    cell: float  # side, mm
    margin: float = 20.0  # least, mm
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
        return int((room - 1) / pitch + 1 + 1e-9) if room >= 1 else 0

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
    """The place of a character: its index in the text, and its cell."""

    index: int
    page: int
    line: int
    position: int


def lay_out(text, grid):
    """The `Place`s of all characters of a text but spaces and line breaks.

    A full line continues in the next; marks that may not begin a line (、。」) hang in
    the margin if it has room for a cell. A space of any width is an empty cell.
    """
    places, row, position = [], 0, 0
    hanging = grid.margin >= grid.cell
    for index, character in enumerate(text):
        if character == "\n":
            row, position = row + 1, 0
            continue
        closing = character in CORNER_MARKS or unicodedata.category(character) == "Pe"
        if position >= grid.length + (hanging and closing):
            row, position = row + 1, 0
        if not character.isspace():
            page, line = divmod(row, grid.lines)
            places.append(Place(index, page, line, position))
        position += 1
    return places


def draw_pages(grid, text, places, images, seed=0, jitter=1.0, enlarged=()):
    """Pages with the images of characters, a list of PIL images of mode "L".

    Args:
        grid, text, places: see `lay_out`.
        images: {index in the text: uint8 (side, side)}, ink 0; small kana and marks
            where they stand in horizontal writing.
        seed: of the jitter; a character's does not depend on its neighbours.
        jitter: how much characters are moved, turned and scaled; 0: not at all.
        enlarged: the small kana whose images are as those of the large ones.
    """
    count = 1 + max((place.page for place in places), default=0)
    pages = [Image.new("L", grid.size, _PAPER) for _ in range(count)]
    for place in places:
        if place.index not in images:
            continue
        character, image = text[place.index], images[place.index]
        moved, turn, growth = unevenness(seed, place.index, jitter)
        size, offset = IMAGE, np.zeros(2)
        if character in enlarged:
            size = IMAGE * SMALL
            # Below in horizontal writing, to the upper right in vertical writing.
            corner = np.array((1, -1) if grid.vertical else (-0.4, 1))
            offset = (1 - SMALL) / 2 * corner
        # Greyish paper would show the squares of the images.
        picture = Image.fromarray(image).point(_WHITER)
        if grid.vertical:
            small = character in SMALL_KANA and character not in enlarged
            picture = _for_vertical(picture, character, small)
        side = grid.pixels(grid.cell * size) * growth
        side, bicubic = max(1, round(side)), Image.Resampling.BICUBIC
        picture = picture.resize((side, side), bicubic)
        if turn:
            picture = picture.rotate(turn, bicubic, fillcolor=_PAPER)
        centre = np.array(grid.centre(place.line, place.position))
        centre = centre + grid.cell * (offset + moved)
        corner = np.round(grid.pixels(centre) - side / 2).astype(int)
        # The ink of both remains.
        page, box = pages[place.page], (*corner, *(corner + side))
        page.paste(ImageChops.darker(page.crop(box), picture), box)
    return pages


def unevenness(seed, index, jitter):
    """What --jitter does to the character at an index of the text.

    Returns:
        Its shift (2,) in cells, its turn in degrees against the clock, its growth.
    """
    rng = np.random.default_rng((seed, index))
    dx, dy, turn, growth = jitter * rng.standard_normal(4)
    return _SHIFT * np.array((dx, dy)), _TURN * turn, 1 + _GROWTH * growth


def _for_vertical(picture, character, small=False):
    """An image of horizontal writing as vertical writing has it.

    `small` says whether it shows a small kana in its place.
    """
    box = ImageChops.invert(picture).getbbox()
    if small and box is not None:
        # From below to the upper right.
        moved = Image.new("L", picture.size, _PAPER)
        right = (picture.width - box[2] + box[0]) * 3 // 4
        moved.paste(picture.crop(box), (right, picture.height - box[3]))
        return moved
    form = vertical_form(character)
    if form == CORNER and box is not None:
        # From the lower left to the upper right corner.
        moved = Image.new("L", picture.size, _PAPER)
        corner = picture.width - box[2], picture.height - box[3]
        moved.paste(picture.crop(box), corner)
        return moved
    if form == MIRRORED:
        # It begins at the top: mirrored, not only turned.
        return picture.transpose(Image.Transpose.TRANSPOSE)
    if form == TURNED:
        return picture.transpose(Image.Transpose.ROTATE_270)
    return picture


def scan_pages(pages, grid, look, name):
    """Pages as a `Look` has them, that are in the hand of a name."""
    side = grid.pixels(grid.cell * IMAGE)
    return [
        Image.fromarray(look.scan(np.asarray(page), name, number, side=side))
        for number, page in enumerate(pages)
    ]


def save_pages(path, pages, dpi):
    """Writes pages, PIL images, as a PDF, or a single page as a PNG."""
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
