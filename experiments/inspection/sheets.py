"""Pictures for inspect_data: some images of each class, and the suspicious ones."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hwgen_keras.data.inspection import BLANK
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.sources.font_files import HIRAGANA, faces, installed_files, name_faces
from hwgen_keras.sources.glyphs import freetype

_OF_A_CLASS = 8  # images of a class
_ROWS, _BLOCKS, _CELL = 40, 3, 40  # of a picture of classes
_GROUPS, _OF_A_GROUP, _LARGE = 100, 10, 72  # of a picture of suspicious images


def write(folder, listing, measures, groups):
    """Writes classes-*.png, and duplicates.png and others where there is something.

    Args:
        folder: where the pictures go.
        listing: the `Listing` of the images.
        measures: their `Measures`.
        groups: positions of near-duplicates.
    """
    font = label_font(12)
    order = np.argsort(listing.characters, kind="stable")
    classes, starts = np.unique(listing.characters[order], return_index=True)
    rows = [
        (character, _spread(numbers, _OF_A_CLASS))
        for character, numbers in zip(
            classes.tolist(), np.split(order, starts[1:]), strict=True
        )
    ]
    for start in range(0, len(rows), _ROWS * _BLOCKS):
        picture = _classes(listing, rows[start : start + _ROWS * _BLOCKS], font)
        picture.save(folder / f"classes-{start // (_ROWS * _BLOCKS):03d}.png")
    # Groups under several characters first: those may be wrong labels.
    groups = sorted(groups, key=lambda g: len(set(listing.characters[g])) < 2)
    found = {
        "duplicates": groups,
        "white_on_black": _single(measures.inverted),
        "blank": _single(measures.states == BLANK),
    }
    for name, listed in found.items():
        if listed:
            _suspicious(listing, listed[:_GROUPS], font).save(folder / f"{name}.png")


def _single(chosen):
    numbers = np.flatnonzero(chosen)
    return [numbers[n : n + _OF_A_GROUP] for n in range(0, len(numbers), _OF_A_GROUP)]


def _spread(numbers, count):
    """At most `count` of the numbers, evenly from all of them."""
    if len(numbers) <= count:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, count).astype(int)]


def _classes(listing, rows, font):
    width = 24 + _OF_A_CLASS * (_CELL + 2) + 12
    height = _CELL + 2
    blocks = -(-len(rows) // _ROWS)
    sheet = Image.new("L", (blocks * width, min(_ROWS, len(rows)) * height + 2), 255)
    pen = ImageDraw.Draw(sheet)
    for position, (character, numbers) in enumerate(rows):
        x, y = position // _ROWS * width, position % _ROWS * height + 2
        pen.text((x + 4, y + 12), _written(character, font), fill=96, font=font)
        for column, number in enumerate(numbers):
            corner = (x + 24 + column * height, y)
            sheet.paste(_picture(listing, number, _CELL), corner)
    return sheet


def _suspicious(listing, groups, font):
    """Groups with a line above each, the name of each image below it."""
    width, height = _LARGE + 48, _LARGE + 34
    corners, row, column = [], 0, 0
    for group in groups:
        size = min(len(group), _OF_A_GROUP)
        if column + size > _OF_A_GROUP:
            row, column = row + 1, 0
        corners.append((row, column))
        column += size
    sheet = Image.new("L", (_OF_A_GROUP * width, (row + 1) * height), 255)
    pen = ImageDraw.Draw(sheet)
    for group, (row, column) in zip(groups, corners, strict=True):
        left, top = column * width + 2, row * height
        size = min(len(group), _OF_A_GROUP)
        pen.line((left, top, left + size * width - 12, top), fill=160)
        for position, number in enumerate(group[:_OF_A_GROUP]):
            x, y = left + position * width, top + 2
            sheet.paste(_picture(listing, number, _LARGE), (x, y))
            sample = listing.sample(number)
            label = f"{sample.character} {sample.writer}"
            for line, text in enumerate((label, sample.name)):
                # The end of a path tells more than its beginning.
                text = _fitting(_written(text, font), font, width - 4, cut_start=line)
                pen.text((x, y + _LARGE + 14 * line), text, fill=96, font=font)
    return sheet


def _fitting(text, font, width, cut_start):
    while text and font.getlength(text) > width:
        text = text[1:] if cut_start else text[:-1]
    return text


def _written(text, font):
    """The text, with what the font cannot write as codes."""
    if isinstance(font.path, str):
        return text
    return text.encode("ascii", "backslashreplace").decode()


def _picture(listing, number, side):
    """One image as it is, fitted into a square."""
    square = Image.new("L", (side, side), 232)
    try:
        image = Image.fromarray(read_sample(listing.sample(number)))
    except InputError:
        return square
    scale = side / max(image.size)
    size = [max(1, round(scale * length)) for length in image.size]
    image = image.resize(size, Image.Resampling.LANCZOS)
    square.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square


def label_font(size):
    """An installed font that writes Japanese, else the font that Pillow brings."""
    for file in installed_files():
        try:
            ((font, _), *_) = name_faces(faces(file))
        except InputError:
            continue
        if all(map(font.covers, HIRAGANA)):
            return freetype(font.path, font.index, size)
    return ImageFont.load_default(size=size)
