"""Images and tracks as a look shows them, cleaned as scans are."""

import numpy as np

from hwgen_keras import parallel
from hwgen_keras.data import png
from hwgen_keras.data.builders import array_store
from hwgen_keras.data.store import HANDWRITING, ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources import clean_image
from hwgen_keras.sources.images import keeps_place

# What is free at each edge around a character, as in generated images.
_MARGIN = 0.08
# A scan has twice the pixels of the cleaned image, as those of ETL9 have.
SCAN_SIZE = 2
# Images of a job.
_IMAGES = 512


def looked_store(store, look, image_size, workers=None):
    """What is left of images after paper, scanner and cleaning.

    Each scan is decided by the look, the source's name, the character and the number
    of the source's images of it, whatever else the store holds.

    Args:
        store: an `ImageStore` of cleaned images without margins, better larger than
            `image_size`; or a `StrokeStore`, whose tracks the look's pens draw.
        look: a `Look`.
        image_size: side of the images in pixels.
        workers: number of processes; None: one for each core.

    Returns:
        (`ImageStore` of kind `HANDWRITING`, in the order of the store; bool (n,): which
        images were blank when they were cleaned, and have white paper in their place).
    """
    indices = np.arange(len(store))
    jobs = [
        (_items(store, indices[start : start + _IMAGES]), look, image_size)
        for start in range(0, len(store), _IMAGES)
    ]
    parts: list = [None] * len(jobs)
    counts = [len(job[0]) for job in jobs]
    name = f"look {look.name}"
    for index, images in parallel.each(_look, jobs, "image", name, counts, workers):
        parts[index] = images
    images, blank = map(np.concatenate, zip(*parts, strict=True))
    columns = store.labels, store.sources, HANDWRITING, store.source_names
    return array_store(images, *columns, store.characters), blank


def _items(store, indices):
    """(PNG file or `Track`, character, source, number of the source's images of it)."""
    numbers = store_numbers(store)
    is_image = isinstance(store, ImageStore)
    return [
        (
            store.png(k) if is_image else store.track(k),
            store.characters[store.labels[k]],
            store.source_names[store.sources[k]],
            int(numbers[k]),
        )
        for k in indices
    ]


def store_numbers(store):
    """For each image how many of the same source and character stand before it."""
    keys = store.sources.astype(np.int64) * len(store.characters) + store.labels
    order = np.argsort(keys, kind="stable")
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    numbers = np.empty(len(keys), np.int64)
    numbers[order] = np.arange(len(keys)) - np.repeat(first, counts)
    return numbers


def _look(items, look, image_size):
    images = np.full((len(items), image_size, image_size), 255, np.uint8)
    blank = np.zeros(len(items), bool)
    for k, (item, character, source, number) in enumerate(items):
        place = source, ord(character), number
        if isinstance(item, bytes):
            scan = look.scan(_with_margin(png.decode(item)), *place)
        else:
            scan = look.draw(item, SCAN_SIZE * image_size, *place, _MARGIN)
        box = _MARGIN if keeps_place(character) else None
        try:
            images[k] = clean_image(scan, image_size, 0.0, box_margin=box)
        except InputError:
            blank[k] = True
    return images, blank


def _with_margin(image):
    side = image.shape[0]
    margin = round(side * _MARGIN / (1 - 2 * _MARGIN))
    return np.pad(image, margin, constant_values=255)
