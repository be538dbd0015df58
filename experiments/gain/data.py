"""The real handwriting of augmentation_gain: who is in which part, and nested parts."""

import dataclasses
import hashlib
import json
import os
import pathlib

import numpy as np

from hwgen_keras import inputs
from hwgen_keras.data import read_manifest, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.settings import named_values

PLACEHOLDERS = {"writers": "{writers}", "images_a_class": "{images_a_class}"}


def read_samples(settings, characters):
    """The samples of --train and --test, of whom none wrote in both.

    Returns:
        Two lists of `Sample`, and a list of notes on what is not known. Those whose
        writer is unknown get the name of their manifest.

    Raises:
        InputError: a writer, or an image, is in both.
    """
    parts, notes = [], []
    for flag in ("train", "test"):
        path = pathlib.Path(getattr(settings, flag))
        samples = _samples(settings, path, characters)
        unknown = sum(not sample.writer for sample in samples)
        if unknown:
            notes.append(
                f"--{flag}: the writers of {unknown} of {len(samples)} images are not "
                "known (--writer_pattern finds them in paths), so nothing checks that "
                "nobody wrote in both manifests."
            )
        stem = f"{flag}: {path.stem}"
        parts.append(
            [
                sample if sample.writer else dataclasses.replace(sample, writer=stem)
                for sample in samples
            ]
        )
    train, test = parts
    both = sorted({s.writer for s in train} & {s.writer for s in test})
    if both:
        raise InputError(
            f"--test: the writer {both[0]} is in --train, too; test on other writers."
        )
    files = {_place(sample) for sample in train}
    twice = [sample for sample in test if _place(sample) in files]
    if twice:
        raise InputError(
            f"--test: the image {twice[0].name} is in --train, too; test on others."
        )
    return train, test, notes


def digest(samples):
    """SHA-256 of who wrote what in which file."""
    rows = sorted([s.character, *map(str, _place(s)), s.writer] for s in samples)
    text = json.dumps(rows, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def by_writers(samples, amounts):
    """Parts by the first writers, in the order of their names: {number: samples}.

    Each part has all images of the parts with fewer writers.

    Raises:
        InputError: there are not so many writers.
    """
    writers = sorted({sample.writer for sample in samples})
    found = {}
    for amount in amounts:
        if amount > len(writers):
            raise InputError(
                f"--writers={amount}: --train has {len(writers)} writers "
                f"({', '.join(writers[:5])}{', …' if len(writers) > 5 else ''}); give "
                "no more (--writer_pattern finds writers in paths)."
            )
        first = set(writers[:amount])
        found[amount] = [sample for sample in samples if sample.writer in first]
    return found


def by_images(samples, amounts):
    """Parts with so many images a character, drawn at random: {number: samples}.

    Each part has all images of the parts with fewer; a character with fewer images has
    what there is.

    Raises:
        InputError: no character has so many images.
    """
    by_character = {}
    for sample in samples:
        by_character.setdefault(sample.character, []).append(sample)
    most = max(map(len, by_character.values()))
    rng = np.random.default_rng(0)
    shuffled = {c: rng.permutation(len(by_character[c])) for c in sorted(by_character)}
    found = {}
    for amount in amounts:
        if amount > most:
            raise InputError(
                f"--images_a_class={amount}: no character of --train has more than "
                f"{most} images; give no more."
            )
        found[amount] = [
            by_character[character][index]
            for character, order in shuffled.items()
            for index in sorted(order[:amount])
        ]
    return found


def write_parts(folder, axis, parts):
    """Writes a manifest a part and returns {amount: path}; None is no image at all."""
    paths = {}
    for amount, samples in parts.items():
        paths[amount] = None
        if samples:
            paths[amount] = pathlib.Path(folder, f"{axis}-{amount}.json")
            if not paths[amount].exists():
                paths[amount].parent.mkdir(parents=True, exist_ok=True)
                write_manifest(paths[amount], samples)
    return paths


def named_sets(flag, values):
    """The values of a flag of `NAME=PATH`, {name: path}.

    Raises:
        InputError: a value is not of that form, or a name comes twice.
    """
    found = {}
    for name, paths in named_values(flag, values).items():
        # The name is a folder's, too, and part of arms such as NAME+fonts+strokes.
        if not all(letter.isalnum() or letter in "._-" for letter in name):
            raise InputError(
                f"--{flag}={name}={paths[0]}: name it with letters, digits, '.', '_' "
                "and '-'."
            )
        if len(paths) > 1:
            raise InputError(f"--{flag}: the name {name} comes twice; choose another.")
        found[name] = paths[0]
    return found


def filled(flag, path, axis, amount):
    """A path for an amount of real data; its placeholder is filled in.

    Raises:
        InputError: the placeholder is that of the other axis.
    """
    other = next(p for a, p in PLACEHOLDERS.items() if a != axis)
    if other in path:
        raise InputError(
            f"--{flag}={path}: the amounts of this experiment are "
            f"{PLACEHOLDERS[axis]}, not {other}."
        )
    return path.replace(PLACEHOLDERS[axis], str(amount))


def _samples(settings, path, characters):
    """As `inputs.load_samples`, but unknown writers of a manifest have no name."""
    manifest = path / "manifest.json" if path.is_dir() else path
    if manifest.suffix == ".store" or (path.is_dir() and not manifest.is_file()):
        return inputs.load_samples(settings, path, characters)
    return read_manifest(
        manifest,
        characters,
        writer_pattern=settings.writer_pattern,
        skip_unknown=settings.skip_unknown_characters,
    )


def _place(sample):
    return os.path.realpath(sample.path), -1 if sample.index is None else sample.index
