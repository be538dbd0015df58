"""Images of the demo: its fonts, simulated handwriting, generated images."""

import importlib.metadata

import numpy as np
from PIL import Image

from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.data import (
    Sample,
    font_store,
    placed,
    simulated_store,
    write_manifest,
)
from hwgen_keras.errors import InputError
from hwgen_keras.export import load_exported
from hwgen_keras.generation import to_uint8
from hwgen_keras.inputs import load_fonts
from hwgen_keras.sources import PenWriter

TRAINING_WRITERS = 3
WRITTEN = 16  # the same characters by each of them
# Hands that the generator has never seen; they write all characters.
NEW_WRITERS = range(2000, 2004)
SHOWN = 12


def choose_fonts(paths, characters):
    """The fonts of `--fonts` that have all characters; without any, the bundled one.

    No installed font is taken unasked: the figures would depend on the machine.
    """
    found = load_fonts(paths or [bundled_font()])
    fonts = [font for font in found if all(map(font.covers, characters))]
    if not fonts:
        raise InputError(
            "--fonts: no font has all hiragana; choose others, or leave it out."
        )
    return fonts


def bundled_font():
    """IPAexGothic, from the package matplotlib-fontja of the extra `demo`."""
    try:
        package = importlib.metadata.distribution("matplotlib-fontja")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "The demo needs its packages: pip install 'hwgen_keras[demo]', or give "
            "--fonts."
        ) from None
    return package.locate_file("matplotlib_fontja/fonts/ipaexg.ttf")


def write_by_hand(folder, characters, seed):
    """Writes <folder>/handwriting, characters by each training writer.

    They are drawn from the `CharacterSet` by the seed. Returns the manifest's path.
    """
    folder = folder / "handwriting"
    order = np.random.default_rng(seed).permutation(len(characters))
    chosen = [characters[label] for label in sorted(order[:WRITTEN])]
    samples = []
    for writer in map(PenWriter, range(TRAINING_WRITERS)):
        for character in chosen:
            path = folder / writer.name / f"{ord(character):05x}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(writer.draw(character, 96)).save(path)
            samples.append(Sample(character, path, writer.name))
    write_manifest(folder / "manifest.json", samples)
    print(f"{len(samples)} images: {''.join(chosen)}")
    return folder / "manifest.json"


def write_in_new_hands(path, font, characters, image_size):
    """Columns of a contact sheet, {title: uint8 images}: generated and real images.

    Args:
        path: of the exported generator, a SavedModel.
        font: the `Font` whose glyphs are rewritten.
        characters, image_size: of the images.
    """
    fonts = font_store([font], characters, image_size, progress=False)
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
