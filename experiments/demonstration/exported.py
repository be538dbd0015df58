"""Images written by the exported SavedModel of the demo."""

import numpy as np

from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.data import font_store, placed, simulated_store
from hwgen_keras.export import load_exported
from hwgen_keras.generation import to_uint8
from hwgen_keras.sources import find_fonts

# Hands that the generator has never seen; they write all characters.
NEW_WRITERS = range(2000, 2004)
SHOWN = 12


def write_in_new_hands(path, font, characters, image_size):
    """Columns of a contact sheet, {title: uint8 images}: generated and real images.

    Args:
        path: of the exported generator, a SavedModel.
        font: path of the font whose glyphs are rewritten.
        characters, image_size: of the images.
    """
    fonts = font_store(find_fonts([font]), characters, image_size, progress=False)
    hands = simulated_store(NEW_WRITERS, characters, image_size, progress=False)
    labels = np.arange(SHOWN)
    writers = labels % len(NEW_WRITERS)

    def written(labels):
        same = (hands.labels == labels[:, None]) & (hands.sources == writers[:, None])
        return placed(hands, np.argmax(same, axis=1))

    content = np.argmax(fonts.labels == labels[:, None], axis=1)
    tokenizer = StructureTokenizer(read_structures())
    shown = {
        "content": placed(fonts, content),
        # Another character than any that is written.
        "style": written(np.full(SHOWN, len(characters) - 1)),
    }
    tokens = tokenizer.encode([characters[label] for label in labels])
    images = load_exported(path)(**shown, tokens=tokens)["image"]
    columns = {**shown, "generated": images.numpy(), "real": written(labels)}
    return {title: to_uint8(images) for title, images in columns.items()}
