"""Simulated handwriting as an image store, for work without data of one's own."""

from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.store import HANDWRITING, ImageStore
from hwgen_keras.sources import PenWriter


def simulated_store(
    seeds: Iterable[int],
    characters: CharacterSet,
    image_size: int,
    samples: int = 1,
    progress: bool = True,
) -> ImageStore:
    """What simulated writers write of each character.

    Args:
        seeds: seeds of the `PenWriter`s, one a writer; other seeds, other hands.
        characters: the `CharacterSet` to write.
        image_size: side of the images in pixels.
        samples: images of each character by each writer.
        progress: whether to show a progress bar.

    Returns:
        An `ImageStore` of kind `HANDWRITING`, whose sources are the writers.

    Raises:
        InputError: KanjiVG lacks a character, or is not installed.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hw.simulated_store([1, 2, 3], characters, image_size=32, progress=False)
        ImageStore(6 images of 32 pixels, 2 of 2 characters, 3 sources)
    """
    writers = [PenWriter(seed) for seed in seeds]
    rows = [
        (source, label, sample)
        for source in range(len(writers))
        for label in range(len(characters))
        for sample in range(samples)
    ]
    bar = tqdm(rows, unit="image", desc="simulated writers", disable=not progress)
    images = [
        writers[source].draw(characters[label], image_size, sample, margin=0.0)
        for source, label, sample in bar
    ]
    sources, labels, _ = np.array(rows).T
    return ImageStore.from_arrays(
        np.stack(images),
        labels,
        sources,
        HANDWRITING,
        [writer.name for writer in writers],
        characters,
    )
