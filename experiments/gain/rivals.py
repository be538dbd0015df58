"""Rivals of generators: images that vary more, and of which nothing is learned."""

import dataclasses
import os
import pathlib

import numpy as np

from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    GENERATED,
    HANDWRITING,
    ImageStore,
    StoreWriter,
    StrokeStore,
)
from hwgen_keras.data.png import encode
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, Track
from hwgen_keras.sources.fitting import draw_track
from hwgen_keras.sources.hand import warp

from .arms import SCANNED, WIDE
from .data import named_sets
from .scenario import scanned

# Wide writers are others than --simulated_writers.
_FIRST_WIDE = 1_000_000
_WIDER = 2.0
# Deviations of a jittered image: as much as simulated writers differ.
_PLANE, _LEAN, _WIDTH = 0.1, 0.1, 0.3
_SHIFT, _TURN, _SIZE = 0.02, 0.06, 0.06
# Half the usual width of a pen: that of a bold font would fill what is jittered.
_RADIUS = 0.024


def rival_sets(settings, output, arms, fonts):
    """The sets of the rivals that the arms name, {name: path of a manifest or store}.

    Args:
        settings, output: of augmentation_gain.
        arms: {arm: its settings}.
        fonts: paths of the fonts.
    """
    needed = {arm.get("rival") for arm in arms.values()} - {None}
    named = named_sets("rival", settings.rival)
    characters = inputs.load_characters(settings)
    found = {}
    for name in sorted(needed):
        path = named.get(name)
        if path is not None and not is_stroke_store(path):
            found[name] = path
        else:
            found[name] = pathlib.Path(output, "rivals", f"{name}.store")
            if not found[name].exists():
                print(f"Drawing {found[name]}", flush=True)
                _draw(settings, name, path, characters, fonts, found[name])
        inputs.load_images(settings, found[name], characters, GENERATED)
    return found


def check_rivals(settings, characters):
    """Raises InputError unless all --rival exist."""
    for name, path in named_sets("rival", settings.rival).items():
        if not os.path.exists(path):
            raise InputError(f"--rival={name}: there is no {path}.")
        if is_stroke_store(path):
            _tracks(name, path, characters)


def is_stroke_store(path):
    """Whether a file is a stroke store rather than images."""
    if not os.path.isfile(path):
        return False
    magic = StrokeStore.store_format.magic
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _draw(settings, name, path, characters, fonts, target):
    count, size = settings.rival_count, settings.image_size
    target.parent.mkdir(parents=True, exist_ok=True)
    if name == WIDE:
        wide(settings.wide_writers, characters, count, size, target)
    elif name == SCANNED:
        parts = inputs.load_parts(
            settings, fonts=fonts, simulated_writers=settings.simulated_writers
        )
        store = ImageStore.merge(parts.values())
        rng, chosen = np.random.default_rng(0), []
        for label in range(len(characters)):
            of_label = np.flatnonzero(store.labels == label)
            chosen += rng.permutation(of_label)[:count].tolist()
        scanned(store, target, chosen)
    else:
        jittered(_tracks(name, path, characters), characters, count, size, target)


def _tracks(name, path, characters):
    """{character: its tracks} of a stroke store."""
    store = StrokeStore.open(path)
    found: dict = {}
    for index, label in enumerate(store.labels.tolist()):
        character = store.characters[label]
        if character in characters:
            found.setdefault(character, []).append((store, index))
    if not found:
        raise InputError(
            f"--rival={name}: {path} has no track of a character of {characters.name}."
        )
    return found


def jittered(tracks, characters: CharacterSet, count, size, path, seed=0):
    """Writes a store of images of tracks that are moved by chance.

    Args:
        tracks: {character: list of (`StrokeStore`, number)}.
        characters: the `CharacterSet`.
        count: images of a character.
        size: side of the images in pixels.
        path: the file to write.
        seed: of the jitter.
    """
    with StoreWriter(path, characters, size) as writer:
        for character in characters:
            given = tracks.get(character, [])
            for number in range(count if given else 0):
                rng = np.random.default_rng((seed, ord(character), number))
                store, index = given[rng.integers(len(given))]
                image = draw_track(jitter(store.track(index), rng), size, margin=0.0)
                source = store.source_names[store.sources[index]]
                writer.add(encode(image), character, source, HANDWRITING)


def jitter(track, rng):
    """A track with other proportions, slant and pen, whose strokes are moved.

    Args:
        track: the `Track`.
        rng: a NumPy generator.
    """
    count = track.n
    points = track.points.astype(float)
    written = points[::2]
    # More strokes leave each less room.
    loose = min(1.0, (5 / count) ** 0.5)
    turn = loose * _TURN * rng.standard_normal(count)
    size = np.exp(loose * _SIZE * rng.standard_normal((count, 1, 1)))
    shift = loose * _SHIFT * rng.standard_normal((count, 1, 2))
    cosine, sine = np.cos(turn), np.sin(turn)
    turning = np.stack([cosine, sine, -sine, cosine], -1).reshape(-1, 2, 2)
    middle = (written.min(1, keepdims=True) + written.max(1, keepdims=True)) / 2
    moved = middle + shift + (written - middle) @ turning * size
    # The ways between strokes follow their ends.
    along = np.linspace(0, 1, points.shape[1])[:, None]
    leave = (moved - written)[:-1, -1:]
    arrive = (moved - written)[1:, :1]
    points[::2] = moved
    points[1::2] += (1 - along) * leave + along * arrive
    points = warp(points, _PLANE * rng.standard_normal((2, 4)))
    stretch, slant, rise = _LEAN * rng.standard_normal(3)
    lean = np.array([[1 + stretch, -slant], [-rise, 1 - stretch]])
    points = 0.5 + (points - 0.5) @ lean.T
    width = np.exp(_WIDTH * np.clip(rng.standard_normal(), -2, 2))
    inked = track.radii[track.radii > 0]
    radii = track.radii * (_RADIUS * width / np.median(inked) if len(inked) else 1)
    return Track(track.character, points.astype(np.float32), radii).in_box()


def wide(writers, characters: CharacterSet, count, size, path):
    """Writes a store of images by simulated writers whose habits vary more.

    Args:
        writers: their number.
        characters, count, size, path: see `jittered`.
    """
    pens = [_widened(PenWriter(_FIRST_WIDE + number)) for number in range(writers)]
    with StoreWriter(path, characters, size) as writer:
        for place, character in enumerate(characters):
            for number in range(count if pens[0].covers(character) else 0):
                pen = pens[(place * count + number) % len(pens)]
                image = pen.draw(character, size, sample=number, margin=0.0)
                writer.add(encode(image), character, pen.name, HANDWRITING)


def _widened(pen):
    hand = pen.hand
    names = ("slant", "rise", "rotation", "aspect", "plane", "looseness", "overshoot")
    changes = {name: _WIDER * getattr(hand, name) for name in names}
    for name in ("bows", "stretches"):
        changes[name] = tuple(_WIDER * value for value in getattr(hand, name))
    changes["roundness"] = 1 + _WIDER * (hand.roundness - 1)
    pen.hand = dataclasses.replace(hand, **changes)
    return pen
