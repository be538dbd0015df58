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

PLACEHOLDERS = ("{writers}", "{images_a_class}")


def read_samples(settings, characters):
    """The `Sample`s of --train and of --test, and notes on unknown writers.

    Unknown writers get the name of their manifest. InputError if a writer, or an image,
    is in both.
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
        parts.append([dataclasses.replace(s, writer=s.writer or stem) for s in samples])
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
    """Nested parts by the first writers in the order of names, {number: samples}."""
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
    """Nested parts of random images of each character, {number: samples}.

    A character with fewer images than the number has all of them.
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
    """Writes a manifest a part, {amount: path, or None for a part without images}."""
    paths = {}
    for amount, samples in parts.items():
        path = pathlib.Path(folder, f"{axis}-{amount}.json")
        if samples and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_manifest(path, samples)
        paths[amount] = path if samples else None
    return paths


def named_sets(flag, values):
    """{name: path} of a flag NAME=PATH; InputError if a name is unfit or repeated."""
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
    """A path with its placeholder replaced by an amount of real data."""
    own = f"{{{axis}}}"
    for other in PLACEHOLDERS:
        if other != own and other in path:
            raise InputError(
                f"--{flag}={path}: the amounts of this experiment are {own}, not "
                f"{other}."
            )
    return path.replace(own, str(amount))


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
