"""Manifests: JSON files that list labelled images, `{character: [sample, …]}`."""

import collections
import dataclasses
import functools
import json
import os
import pathlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.shards import NUMBERED, open_once
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath, as_path, write_json

# At most 12 digits: Python parses numbers of thousands of digits slowly.
_ENDINGS = "|".join(ending.removeprefix(".") for ending in NUMBERED)
_IN_STORE = re.compile(rf"(.+\.(?:{_ENDINGS}))#([0-9]{{1,12}})", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image: a file, or one of the images in a store.

    Attributes:
        character: the label, a string of one character.
        path: the image file, or the file of the store.
        writer: name of the writer; empty if unknown.
        index: number of the image in the store; None if `path` is an image.

    Example:
        >>> hw.Sample("あ", "scans.store", "Hanako", index=12).name
        'scans.store#12'
    """

    character: str
    path: pathlib.Path
    writer: str = ""
    index: int | None = None

    @property
    def name(self) -> str:
        """The path, or path#number, for messages."""
        return str(self.path) if self.index is None else f"{self.path}#{self.index}"


# The arguments of `as_list` for samples.
_SAMPLES = "samples", "a list of Sample, as read_manifest returns it", Sample


def read_manifest(
    path: StrPath,
    characters: CharacterSet | None = None,
    writer_pattern: str | None = None,
    skip_unknown: bool = False,
    writer: str | None = None,
) -> list[Sample]:
    """Reads a manifest and checks every entry.

    Args:
        path: a JSON file `{character: [sample, …]}`. A sample is the path of an
            image, relative to the manifest's folder, or `{"path", "writer"}`; the
            path `scans.store#123` stands for image 123 of a store, or of a tar,
            Parquet or TFRecord file that `generate` wrote.
        characters: optional `CharacterSet` that every character must be in.
        writer_pattern: optional regular expression, searched in each path of the
            manifest; the match (or its first group) is the writer of samples without
            a named writer.
        skip_unknown: leave out characters outside `characters` instead of failing.
        writer: optional writer of all samples without another.

    Returns:
        A list of `Sample` in the order of the file.

    Raises:
        InputError: the file cannot be read or is malformed; an entry is of the
            wrong type, empty, listed twice, outside the set, or its file or its
            number in a store is missing.

    Example:
        >>> open("1.png", "wb").close()
        >>> hw.write_manifest("train.json", [hw.Sample("あ", "1.png", "Hanako")])
        >>> [sample.writer for sample in hw.read_manifest("train.json")]
        ['Hanako']
    """
    path = as_path(path, "The manifest")
    entries = _read_json(path)
    pattern = _compile(writer_pattern)
    _check_characters(path, entries, characters, skip_unknown)
    samples = []
    stores: dict[str, pathlib.Path] = {}
    for character, listed in entries.items():
        if characters is not None and character not in characters:
            continue
        for entry in listed:
            name, named_writer = _parse_entry(path, character, entry)
            match = pattern.search(name) if pattern else None
            if named_writer is None and match:
                named_writer = match[1] if pattern.groups else match[0]
            named_writer = named_writer or writer or ""
            in_store = _IN_STORE.fullmatch(name)
            if in_store is None:
                samples.append(Sample(character, path.parent / name, named_writer))
                continue
            # One path object for all images of a store, perhaps a million.
            name, index = in_store.groups()
            store = stores.setdefault(name, path.parent / name)
            samples.append(Sample(character, store, named_writer, int(index)))
    _check_once(path, samples)
    _check_files(path, [sample for sample in samples if sample.index is None])
    _check_stores(path, [sample for sample in samples if sample.index is not None])
    if not samples:
        raise InputError(f"The manifest {path} lists no image of the characters used.")
    return samples


def write_manifest(path: StrPath, samples: Iterable[Sample]) -> None:
    """Writes samples as a manifest; the file appears only when it is complete.

    Args:
        path: the JSON file to write; its paths are relative to its folder.
        samples: iterable of `Sample`.

    Example:
        >>> samples = [hw.Sample("あ", "hanako/1.png", "Hanako")]
        >>> hw.write_manifest("train.json", samples)
    """
    path = as_path(path, "The manifest")
    samples = as_list(samples, *_SAMPLES)
    folder = path.parent.resolve()
    entries: dict[str, list] = {}

    @functools.cache
    def relative(file):
        # A resolved folder and an unresolved image could differ by a symbolic link.
        return pathlib.Path(os.path.relpath(os.path.abspath(file), folder)).as_posix()

    for sample in samples:
        name = relative(sample.path)
        if sample.index is not None:
            name = f"{name}#{sample.index}"
        entry = {"path": name, "writer": sample.writer} if sample.writer else name
        entries.setdefault(sample.character, []).append(entry)
    write_json(path, entries)


def split_by_writer(
    samples: Iterable[Sample], fractions: Sequence[float], seed: int
) -> list[list[Sample]]:
    """Splits samples so that all samples of a writer are in one part.

    Args:
        samples: iterable of `Sample`, each with a writer.
        fractions: share of the writers in each part; positive, with the sum 1.
        seed: integer; the same seed gives the same split.

    Returns:
        A list of lists of `Sample`, one for each fraction, none of them empty.

    Raises:
        InputError: a sample has no writer, there are fewer writers than parts, or
            the fractions do not sum to 1.

    Example:
        >>> samples = [hw.Sample("あ", f"{n}.png", f"writer {n}") for n in range(10)]
        >>> train, test = hw.split_by_writer(samples, (0.8, 0.2), seed=0)
        >>> len(train), len(test)
        (8, 2)
    """
    samples = as_list(samples, *_SAMPLES)
    fractions = np.asarray(fractions, float)
    if (fractions <= 0).any() or abs(fractions.sum() - 1) > 1e-6:
        raise InputError(
            f"The fractions of a split are {fractions.tolist()}; they must be "
            "positive and sum to 1."
        )
    unknown = [sample.name for sample in samples if not sample.writer]
    if unknown:
        raise InputError(
            f"A split by writer needs the writer of each image; {brief(unknown)} has "
            "none (a writer pattern can find it in the path)."
        )
    writers = sorted({sample.writer for sample in samples})
    if len(writers) < len(fractions):
        raise InputError(
            f"There are {len(writers)} writers for {len(fractions)} parts of a split "
            "by writer; give more writers or fewer parts."
        )
    order = np.random.default_rng(seed).permutation(len(writers))
    chosen = [{writers[k] for k in part} for part in _cut(order, fractions)]
    return [[s for s in samples if s.writer in part] for part in chosen]


def _cut(order, fractions):
    """Consecutive pieces of `order`, each with at least one element."""
    count, parts = len(order), len(fractions)
    ends = np.round(np.cumsum(fractions)[:-1] * count).astype(int)
    for part in range(parts - 1):
        earliest = (ends[part - 1] if part else 0) + 1
        ends[part] = np.clip(ends[part], earliest, count - (parts - 1 - part))
    return np.split(order, ends)


def _read_json(path):
    repeated: list[str] = []

    def collect(pairs):
        counts = collections.Counter(name for name, _ in pairs)
        repeated.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        text = path.read_text(encoding="utf-8-sig")
        entries = json.loads(text, object_pairs_hook=collect)
    except FileNotFoundError:
        reason = "does not exist; check the path"
        raise InputError(f"The manifest {path} {reason}.") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = f"cannot be read as JSON ({error})"
        raise InputError(f"The manifest {path} {reason}.") from None
    if not isinstance(entries, dict):
        raise InputError(
            f"The manifest {path} is not a JSON object; it must map each character to "
            "a list of image paths."
        )
    _refuse(path, repeated, "has {} more than once.")
    return entries


def _compile(writer_pattern):
    try:
        return None if writer_pattern is None else re.compile(writer_pattern)
    except re.error as error:
        raise InputError(
            f"The writer pattern {writer_pattern!r} is not a regular expression "
            f"({error})."
        ) from None


def _check_characters(path, entries, characters, skip_unknown):
    wrong = [key for key in entries if len(unicodedata.normalize("NFC", key)) != 1]
    _refuse(path, wrong, "has keys that are not one character: {}.")
    wrong = [key for key, listed in entries.items() if not isinstance(listed, list)]
    sentence = "must give a list of samples for each character; it does not for {}."
    _refuse(path, wrong, sentence)
    empty = [key for key, listed in entries.items() if not listed]
    _refuse(path, empty, "lists no image for {}; add images or remove the entry.")
    if characters is not None and not skip_unknown:
        unknown = [key for key in entries if key not in characters]
        sentence = f"has characters outside the set {characters.name}: "
        sentence += (
            "{}; choose a set that has them, or leave them out with "
            "--skip_unknown_characters (skip_unknown=True in Python)."
        )
        _refuse(path, unknown, sentence)


def _parse_entry(path, character, entry):
    """The path and the writer, or None, of a sample."""
    name, writer = entry, None
    if isinstance(entry, dict):
        name, writer = entry.get("path"), entry.get("writer")
        if set(entry) - {"path", "writer"}:
            name = None
    text = isinstance(name, str) and name and "\0" not in name
    if not text or not isinstance(writer, str | None):
        raise InputError(
            f"The manifest {path} has a sample of {character} that is neither a path "
            f'nor {{"path", "writer"}}: {json.dumps(entry, ensure_ascii=False)[:80]}.'
        )
    return name, writer


def _check_once(path, samples):
    normal, seen = functools.cache(os.path.normpath), set()
    repeated = []
    for sample in samples:
        key = normal(sample.path), sample.index
        if key in seen:
            repeated.append(sample.name)
        seen.add(key)
    sentence = "lists {} more than once; an image stands for one character."
    _refuse(path, repeated, sentence)


def _check_files(path, samples):
    missing = [sample.name for sample in samples if not os.path.isfile(sample.path)]
    _refuse(path, missing, "lists files that do not exist: {}.")


def _check_stores(path, samples):
    files = dict.fromkeys(sample.path for sample in samples)
    _check_files(path, [Sample("", file) for file in files])
    counts = {file: len(open_once(file)) for file in files}
    outside = [sample for sample in samples if sample.index >= counts[sample.path]]
    if outside:
        names = [sample.name for sample in outside]
        raise InputError(
            f"The manifest {path} lists images that a store does not have: "
            f"{brief(names)} ({outside[0].path.name} has "
            f"{counts[outside[0].path]}); use the store it was written for."
        )


def _refuse(path, names, sentence):
    """Raises InputError if there are names, which take the place of {}."""
    if names:
        sentence = sentence.replace("{}", brief(names))
        raise InputError(f"The manifest {path} {sentence}")


def brief(names: Sequence[object], count: int = 5) -> str:
    """The first few names, and the number of the others."""
    text = ", ".join(map(str, names[:count]))
    rest = len(names) - count
    return f"{text} and {rest} more" if rest > 0 else text
