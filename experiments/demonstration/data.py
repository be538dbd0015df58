"""Training data of the demo: fonts of the machine, and simulated handwriting."""

import importlib.metadata

import numpy as np
from PIL import Image

from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, find_fonts, system_fonts

MOST_FONTS = 12
TRAINING_WRITERS = 3
WRITTEN = 16  # the same characters by each of them


def choose_fonts(characters):
    """Paths of fonts that have all characters: a bundled one, then installed ones."""
    found = find_fonts([bundled_font()])
    found += [f for f in system_fonts() if all(f.covers(c) for c in characters)]
    # Faces of one family look alike: different families first.
    families = {}
    for font in found:
        families.setdefault(font.name.split()[0], font)
    return [str(font.path) for font in families.values()][:MOST_FONTS]


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
