"""Grids of character images in one picture."""

import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.sources.font_files import HIRAGANA, faces, installed_files, name_faces
from hwgen_keras.sources.glyphs import freetype

PAPER = 255
LINE = 214  # light enough to separate without drawing the eye
TEXT = 64


def contact_sheet(
    columns: Mapping[str, ArrayLike], cell_size: int = 64, blocks: int = 1
) -> Image.Image:
    """Rows of images that belong together, such as content, style and generated.

    Args:
        columns: {title: uint8 images (n, height, width), 0 ink, 255 paper}; n is the
            same for all columns, height and width may differ.
        cell_size: height of a cell, pixels.
        blocks: number of blocks, side by side, that share the rows.

    Returns:
        A PIL image, mode "L".

    Raises:
        InputError: no columns, no images, or columns of different lengths.

    Example:
        >>> images = np.full((6, 32, 32), 255, "uint8")
        >>> columns = {"content": images, "generated": images}
        >>> hw.contact_sheet(columns, cell_size=32, blocks=2).mode
        'L'
    """
    if not columns:
        raise InputError("A contact sheet needs one column of images or more.")
    cells = {
        title: [_scaled(image, cell_size) for image in _checked(images, title)]
        for title, images in columns.items()
    }
    lengths = {title: len(images) for title, images in cells.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            f"The columns of a contact sheet have {lengths} images; give each as many."
        )
    count = next(iter(lengths.values()))
    rows = -(-count // max(1, min(blocks, count)))
    starts = range(0, count, rows)

    gap = max(2, cell_size // 16)
    font = ImageFont.load_default(size=max(10, cell_size // 5))
    widths = [
        max(images[0].width, int(font.getlength(title)) + 1)
        for title, images in cells.items()
    ]
    # With a size, Pillow returns a FreeType font.
    heading = sum(font.getmetrics()) + gap  # type: ignore[union-attr]
    block_gap = 4 * gap
    pitch = sum(widths) + gap * len(widths) + block_gap
    size = (
        pitch * len(starts) - block_gap + gap,
        heading + rows * (cell_size + gap) + gap,
    )
    sheet = Image.new("L", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for block, start in enumerate(starts):
        x = gap + block * pitch
        if block:
            middle = x - block_gap // 2 - gap
            pen.line((middle, 0, middle, sheet.height), LINE)
        for (title, images), width in zip(cells.items(), widths, strict=True):
            pen.text((x + width / 2, gap), title, fill=TEXT, font=font, anchor="ma")
            for row, image in enumerate(images[start : start + rows]):
                y = heading + gap + row * (cell_size + gap)
                sheet.paste(image, (x + (width - image.width) // 2, y))
                pen.line((x, y - gap // 2 - 1, x + width - 1, y - gap // 2 - 1), LINE)
            x += width + gap
    return sheet


def grid(images: ArrayLike, columns: int, cell_size: int | None = None) -> Image.Image:
    """Images in rows of `columns`, with light lines between them.

    Args:
        images: uint8 (n, height, width), 0 ink, 255 paper.
        columns: images in a row.
        cell_size: height of a cell, pixels; None: that of the images.

    Returns:
        A PIL image, mode "L". The last row may end in blank cells.

    Raises:
        InputError: no images, or `columns` below 1.
    """
    if columns < 1:
        raise InputError(f"A grid has {columns} columns; give 1 or more.")
    images = _checked(images, "grid")
    columns = min(columns, len(images))
    cells = [_scaled(image, cell_size or image.shape[0]) for image in images]
    width, height = cells[0].width + 1, cells[0].height + 1
    rows = -(-len(cells) // columns)
    sheet = Image.new("L", (columns * width + 1, rows * height + 1), LINE)
    blank = Image.new("L", cells[0].size, PAPER)
    for index in range(rows * columns):
        cell = cells[index] if index < len(cells) else blank
        sheet.paste(cell, (index % columns * width + 1, index // columns * height + 1))
    return sheet


def captioned_grid(
    cells: Sequence[tuple[str, ArrayLike | None]],
    columns: int,
    cell_size: int,
    font_files: Iterable[StrPath] = (),
) -> Image.Image:
    """Images in squares, each below its caption, in rows of `columns`.

    Args:
        cells: (caption, image or None for a blank cell), images of uint8 (height,
            width), or (height, width, 3) in colour. A caption may have several lines;
            it extends over cells without a caption.
        columns: cells in a row.
        cell_size: side of a square, pixels.
        font_files: fonts for the captions, before installed ones; the first font with
            hiragana is used.

    Returns:
        A PIL image, mode "L", or "RGB" if an image has colours.
    """
    font = _caption_font(font_files)
    coloured = any(np.ndim(image) == 3 for _, image in cells if image is not None)
    mode, bands = ("RGB", 3) if coloured else ("L", 1)
    paper, light, dark = ((grey,) * bands for grey in (PAPER, LINE, TEXT))
    lines = max(caption.count("\n") + 1 for caption, _ in cells)
    line = sum(font.getmetrics())
    gap, columns = 4, min(columns, len(cells))
    width, height = cell_size + gap, lines * line + cell_size + gap
    rows = -(-len(cells) // columns)
    size = columns * width + gap, rows * height + gap
    sheet = Image.new(mode, size, paper)
    pen = ImageDraw.Draw(sheet)
    for index, (caption, image) in enumerate(cells):
        x, y = index % columns * width + gap, index // columns * height + gap
        end = index + 1
        while end % columns and end < len(cells) and not cells[end][0]:
            end += 1
        for number, text in enumerate(caption.split("\n")):
            if not isinstance(font.path, str):
                text = text.encode("ascii", "backslashreplace").decode()
            while text and font.getlength(text) > (end - index) * width - gap:
                # A second line holds a path, whose end says more than its beginning.
                text = text[1:] if number else text[:-1]
            pen.text((x, y + number * line), text, fill=dark, font=font)
        y += lines * line
        pen.rectangle((x - 1, y - 1, x + cell_size, y + cell_size), outline=light)
        if image is not None:
            tall, wide = np.shape(image)[:2]
            cell = _scaled(image, max(1, min(cell_size, cell_size * tall // wide)))
            corner = (cell_size - cell.width) // 2, (cell_size - cell.height) // 2
            sheet.paste(cell, (x + corner[0], y + corner[1]))
    return sheet


def _caption_font(files):
    """The first font with hiragana of `files` and the installed ones, or Pillow's."""
    font = _first_with_hiragana(files) or _installed_font()
    if font is None:
        return ImageFont.load_default(size=12)
    return freetype(font.path, font.index, 12)


@functools.cache
def _installed_font():
    """That of captions; collections of large fonts take seconds to be read."""
    return _first_with_hiragana(installed_files())


def _first_with_hiragana(files):
    for file in files:
        try:
            ((font, _), *_) = name_faces(faces(file))
            if all(map(font.covers, HIRAGANA)):
                return font
        except InputError:
            continue
    return None


def _checked(images, title):
    images = np.asarray(images)
    if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
        raise InputError(
            f"The images of {title!r} have shape {images.shape} and type "
            f"{images.dtype}; give uint8 of shape (n, height, width), n 1 or more."
        )
    return images


def _scaled(image, height):
    image = Image.fromarray(image)
    if image.height == height:
        return image
    width = max(1, round(image.width * height / image.height))
    # Enlarged pixels stay squares: smoothing would flatter the generator.
    nearest, box = Image.Resampling.NEAREST, Image.Resampling.BOX
    return image.resize((width, height), nearest if height > image.height else box)
