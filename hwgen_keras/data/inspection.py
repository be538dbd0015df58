"""Measures of labelled images: faults, sizes, near-duplicates."""

import dataclasses

import numpy as np
from skimage.filters import threshold_otsu

from hwgen_keras.data.duplicates import SIDE, near_duplicates, thumbnail
from hwgen_keras.data.manifest import Sample
from hwgen_keras.data.samples import read_sample
from hwgen_keras.data.shards import open_once
from hwgen_keras.data.store_writer import HANDWRITING
from hwgen_keras.errors import InputError
from hwgen_keras.sources import clean_image

FINE, BLANK, UNREADABLE = 0, 1, 2  # states of images
LEAST_CONTRAST = 24  # between the lightest and the darkest grey; less is blank
_MOST_INK = 0.65  # share of a clean image; more is paper


@dataclasses.dataclass
class Measures:
    """The measures of n images.

    Attributes:
        states: uint8 (n,), each `FINE`, `BLANK` or `UNREADABLE`.
        scans: bool (n,), whether it may be a raw scan with a border; glyphs of fonts
            and generated images are clean.
        inverted: bool (n,), whether ink is lighter than paper.
        sizes: int32 (n, 2), height and width in pixels.
        thumbnails: uint8 (n, 16, 16), 0 ink, 255 paper, cut to the ink of scans.
    """

    states: np.ndarray
    scans: np.ndarray
    inverted: np.ndarray
    sizes: np.ndarray
    thumbnails: np.ndarray

    @classmethod
    def concatenate(cls, parts):
        """The measures of several batches of images, in their order."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


def measure(images):
    """Reads images; returns their `Measures`.

    Args:
        images: list of `Sample`, or (path of a store, first number, end) for a range
            of its images.
    """
    if isinstance(images, list):
        count, read = len(images), lambda i: read_sample(images[i])
        scans = np.ones(count, bool)
    else:
        path, start, end = images
        store = open_once(path)
        count, read = end - start, lambda i: store.decode_one(start + i)
        scans = store.kinds[start:end] == HANDWRITING
    measures = Measures(
        np.zeros(count, np.uint8),
        scans,
        np.zeros(count, bool),
        np.zeros((count, 2), np.int32),
        np.zeros((count, SIDE, SIDE), np.uint8),
    )
    for number in range(count):
        try:
            image = read(number)
        except InputError:
            measures.states[number] = UNREADABLE
            continue
        measures.sizes[number] = image.shape
        if int(image.max()) - image.min() < LEAST_CONTRAST:
            measures.states[number] = BLANK
            continue
        measures.inverted[number] = is_inverted(image, scans[number])
        if scans[number]:
            try:
                image = clean_image(image, 2 * SIDE, margin=0.0)
            except InputError:  # nothing but specks
                measures.states[number] = BLANK
                continue
        # Clean images stay whole: っ and つ may differ by their size alone.
        measures.thumbnails[number] = thumbnail(image)
    return measures


def is_inverted(image, scan=True):
    """Whether the ink of a uint8 image (height, width) is lighter than its paper.

    `scan` says whether there is paper around the ink.
    """
    dark = image <= threshold_otsu(image)
    # Ink rarely covers most of the frame; only a glyph that fills its square may, and
    # it has enough paper inside.
    frame = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    return bool(frame.mean() > 0.5 and (scan or dark.mean() > _MOST_INK))


def duplicate_groups(measures):
    """Near-duplicates among scans, and among clean images: int arrays of positions."""
    groups = []
    for scans, blur in ((True, 1.0), (False, 0.0)):
        fine = (measures.states == FINE) & (measures.scans == scans)
        numbers = np.flatnonzero(fine)
        duplicates = near_duplicates(measures.thumbnails[numbers], blur)
        groups += [numbers[group] for group in duplicates]
    return groups


class Listing:
    """The labels and sources of images in a manifest or a store.

    Args:
        characters: str array (n,), the labels.
        sources: str array (n,), writers or fonts; "" if unknown.
        samples: list of `Sample`, or the path of a store.
    """

    def __init__(self, characters, sources, samples):
        self.characters = np.asarray(characters)
        self.sources = np.asarray(sources)
        self._samples = samples

    def __len__(self):
        return len(self.characters)

    def lots(self, size=1000):
        """The arguments of `measure` for batches of `size` images."""
        starts = range(0, len(self), size)
        if isinstance(self._samples, list):
            return [self._samples[start : start + size] for start in starts]
        ends = [min(start + size, len(self)) for start in starts]
        return [(self._samples, *ends) for ends in zip(starts, ends, strict=True)]

    def sample(self, number):
        """One image as a `Sample`."""
        if isinstance(self._samples, list):
            return self._samples[number]
        character, source = str(self.characters[number]), str(self.sources[number])
        return Sample(character, self._samples, source, int(number))
