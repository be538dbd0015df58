"""Images of the demo: its fonts, simulated handwriting, generated images."""

import importlib.metadata

import numpy as np
from PIL import Image

from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.data import (
    SIMULATED,
    Sample,
    StrokeStore,
    font_store,
    placed,
    simulated_store,
    write_manifest,
)
from hwgen_keras.errors import InputError
from hwgen_keras.export import load_exported
from hwgen_keras.generation import to_uint8
from hwgen_keras.generation.tracks import PAIRS, hand_strokes, write_shown
from hwgen_keras.inputs import load_fonts
from hwgen_keras.models import StrokeWriter, load_trained
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.fitting import draw_track

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

    They are drawn from the `CharacterSet` by the seed. Returns the paths of their
    manifest and of the same handwriting as a stroke store.
    """
    folder = folder / "handwriting"
    order = np.random.default_rng(seed).permutation(len(characters))
    chosen = [characters[label] for label in sorted(order[:WRITTEN])]
    samples, tracks = [], []
    for writer in map(PenWriter, range(TRAINING_WRITERS)):
        for character in chosen:
            path = folder / writer.name / f"{ord(character):05x}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(writer.draw(character, 96)).save(path)
            samples.append(Sample(character, path, writer.name))
            tracks.append(writer.track(character))
    write_manifest(folder / "manifest.json", samples)
    strokes = StrokeStore.of_tracks(tracks, [s.writer for s in samples], SIMULATED)
    strokes.save(folder / "strokes.store")
    print(f"{len(samples)} images: {''.join(chosen)}")
    return folder / "manifest.json", folder / "strokes.store"


def write_in_new_hands(path, writer, temperature, font, characters, image_size):
    """Columns of a contact sheet, {title: uint8 images}: generated and real images.

    Args:
        path: of the exported generator, a SavedModel.
        writer, temperature: path of a stroke writer, which is shown the same character
            as strokes, and its setting.
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
    columns = {**shown, "AdaIN": images.numpy(), "real": written(labels)}
    columns = {title: to_uint8(images) for title, images in columns.items()}
    # Beside the other generator's.
    real = columns.pop("real")
    writer = load_trained(writer, StrokeWriter, "").sampling(temperature=temperature)
    strokes = write_strokes(writer, characters, image_size)
    return {**columns, "strokes": strokes, "real": real}


def write_strokes(writer, characters, image_size):
    """The column of `write_in_new_hands` by the stroke writer."""
    pens = [PenWriter(NEW_WRITERS[label % len(NEW_WRITERS)]) for label in range(SHOWN)]
    tracks = [pen.track(characters[-1]) for pen in pens]
    hands = hand_strokes(tracks, writer.network.points)
    shown = hands.pairs(np.arange(SHOWN)[:, None], PAIRS, np.random.default_rng(0))
    seeds = [(0, label) for label in range(SHOWN)]
    tracks = write_shown(writer, characters.characters[:SHOWN], shown, seeds)
    return np.stack([draw_track(track, image_size) for track in tracks])
