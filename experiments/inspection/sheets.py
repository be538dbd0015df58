"""Pictures for inspect_data: images of each class, and the suspicious ones."""

import numpy as np

from hwgen_keras.data.inspection import BLANK
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import captioned_grid

_OF_A_CLASS, _SMALL = 8, 40  # images of a class, and their side
_CLASSES = 120  # of a picture
# Of a picture of suspicious images: groups, images of a group, single images.
_GROUPS, _OF_A_GROUP, _MOST = 100, 10, 1000
_COLUMNS, _LARGE = 10, 96


def write_sheets(folder, listing, measures, groups):
    """Writes classes-*.png, and pictures of existing faults, see `findings_of`."""
    order = np.argsort(listing.characters, kind="stable")
    classes, starts = np.unique(listing.characters[order], return_index=True)
    parts = list(zip(classes.tolist(), np.split(order, starts[1:]), strict=True))
    for start in range(0, len(parts), _CLASSES):
        cells = []
        for character, numbers in parts[start : start + _CLASSES]:
            places = np.linspace(0, len(numbers) - 1, _OF_A_CLASS).astype(int)
            images = [_image(listing.sample(n)) for n in numbers[np.unique(places)]]
            images += [None] * (_OF_A_CLASS - len(images))
            captions = [character] + [""] * (_OF_A_CLASS - 1)
            cells += zip(captions, images, strict=True)
        sheet = captioned_grid(cells, 3 * _OF_A_CLASS, _SMALL)
        sheet.save(folder / f"classes-{start // _CLASSES:03d}.png")
    # Groups under several characters first: a label may be wrong.
    groups = sorted(groups, key=lambda g: len(set(listing.characters[g])) < 2)
    found = {
        "duplicates": [group[:_OF_A_GROUP] for group in groups[:_GROUPS]],
        "white_on_black": np.flatnonzero(measures.inverted)[:_MOST, None],
        "blank": np.flatnonzero(measures.states == BLANK)[:_MOST, None],
    }
    for name, listed in found.items():
        cells = []
        for number, group in enumerate(listed, start=1):
            for sample in map(listing.sample, group):
                caption = f"{number}. {sample.character} {sample.writer}\n{sample.name}"
                cells.append((caption, _image(sample)))
        if cells:
            captioned_grid(cells, _COLUMNS, _LARGE).save(folder / f"{name}.png")


def _image(sample):
    """The image as it is; grey where it cannot be read."""
    try:
        return read_sample(sample)
    except InputError:
        return np.full((1, 1), 232, np.uint8)
