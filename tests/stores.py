"""Small image stores for the tests of rows and feeds."""

import numpy as np

from hwgen_keras.data import FONT, HANDWRITING, array_store


def small_store(characters, fonts=3, writers=2, size=24, without=()):
    """One image of each character by each font and writer, without the pairs
    (source name, character) of `without`; images differ in position and weight."""
    images, labels, sources, kinds, names = [], [], [], [], []
    for source in range(fonts + writers):
        kind = FONT if source < fonts else HANDWRITING
        name = f"font-{source}" if kind == FONT else f"writer-{source - fonts}"
        names.append(name)
        for label, character in enumerate(characters):
            if (name, character) in without:
                continue
            image = np.full((size, size), 255, np.uint8)
            image[:, 3 * label : 3 * label + 2 + source % 2] = 10 * source
            image[2 + 3 * source : 4 + 3 * source] = 40 * (label % 3)
            images.append(image)
            labels.append(label)
            sources.append(source)
            kinds.append(kind)
    return array_store(np.stack(images), labels, sources, kinds, names, characters)
