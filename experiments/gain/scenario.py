"""What real writers wrote, and what is read, by the preset of augmentation_gain."""

import collections
import dataclasses
import pathlib

import numpy as np

from hwgen_keras import data, inputs
from hwgen_keras.characters import (
    CharacterSet,
    character_set,
    is_kanji,
    read_structures,
)
from hwgen_keras.characters.structure import OPERATORS
from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.data.png import encode
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text
from hwgen_keras.sources import Look

from .arms import OTHER_DOMAIN, UNWRITTEN
from .data import read_samples

_MARGIN = 0.08  # of the boxes that are scanned


def look_alikes(characters, structures=None):
    """{character: number of others of the set that share all components but one}.

    Args:
        characters: characters.
        structures: see `read_structures`; None: the packaged ones.
    """
    structures = read_structures() if structures is None else structures
    groups = collections.defaultdict(set)
    for character in characters:
        for tokens in structures.get(character, ()):
            places = [k for k, token in enumerate(tokens) if token not in OPERATORS]
            for place in places if len(places) > 1 else ():
                rest = (*tokens[:place], None, *tokens[place + 1 :])
                groups[rest].add(character)
    alike = {character: {character} for character in characters}
    for group in groups.values():
        for character in group:
            alike[character] |= group
    return {character: len(group) - 1 for character, group in alike.items()}


def divide(settings, characters):
    """(The characters in play, the set of those that real writers wrote).

    Args:
        settings: `Written`.
        characters: the `CharacterSet`.
    """
    if settings.written is not None:
        written = set(character_set(settings.written)) & set(characters)
        return _checked(characters, written)
    rng = np.random.default_rng(settings.written_seed)
    kanji = [c for c in characters if is_kanji(c)]
    kana = [c for c in characters if not is_kanji(c)]
    share = settings.written_kana
    if share is None:
        share = 1.0 if kanji else 0.5
    written = set(rng.permutation(kana)[: round(share * len(kana))].tolist())
    read = set(kanji)
    if settings.unwritten_kanji:
        alike = look_alikes(kanji)
        hard = sorted(kanji, key=lambda c: (-alike[c], c))
        read = set(hard[: settings.unwritten_kanji])
    # Where all are read but those that are written, any may be written.
    others = [c for c in kanji if c not in read] or kanji
    some = set(rng.permutation(others)[: settings.written_kanji].tolist())
    in_play = {*kana, *read, *some}
    chosen = [c for c in characters if c in in_play]
    return _checked(CharacterSet(characters.name, chosen), written | some)


def _checked(characters, written):
    if not written:
        raise InputError(
            "--written: the real writers wrote no character of --characters; let them "
            "write some."
        )
    if len(written) == len(characters):
        raise InputError(
            "--written: the real writers wrote all characters of the set; leave some "
            "that are read."
        )
    return characters, written


@dataclasses.dataclass(frozen=True)
class Samples:
    """The images of an experiment.

    Attributes:
        characters: the `CharacterSet` in play.
        train, test: lists of `Sample`.
        own: what the training writers wrote of the characters that are read.
        notes: sentences for the reader.
        preset: of the experiment.
    """

    characters: CharacterSet
    train: list[Sample]
    test: list[Sample]
    own: list[Sample]
    notes: list[str]
    preset: str

    def settings(self, settings, output):
        """The settings with the files that `write` writes."""
        folder, changes = pathlib.Path(output, "data"), {}
        if self.preset == UNWRITTEN:
            changes["characters"] = str(folder / "characters.txt")
            changes["skip_unknown_characters"] = True
            changes["test"] = str(folder / "test.json")
        if self.preset == OTHER_DOMAIN:
            changes["test"] = str(folder / "test.store")
        return settings.replace(**changes) if changes else settings

    def write(self, settings):
        """Writes the files that `settings` names, unless they are there."""
        path = pathlib.Path(settings.test)
        if self.preset == UNWRITTEN:
            write_text(settings.characters, "".join(f"{c}\n" for c in self.characters))
            write_manifest(path, self.test)
        if self.preset == OTHER_DOMAIN and not path.exists():
            size = settings.image_size
            store = data.manifest_store(self.test, self.characters, size)
            scanned(store, path)

    def own_manifest(self, folder):
        """Writes the manifest of `own`; None if there is none."""
        path = pathlib.Path(folder, "own.json")
        if not self.own:
            return None
        if not path.exists():
            write_manifest(path, self.own)
        return path


def samples_of(settings):
    """The `Samples` of the experiment's --train and --test."""
    characters = inputs.load_characters(settings)
    train, test, notes = read_samples(settings, characters)
    own = []
    if settings.preset == UNWRITTEN:
        characters, written = divide(settings, characters)
        unwritten = set(characters) - written
        own = [sample for sample in train if sample.character in unwritten]
        train = [sample for sample in train if sample.character in written]
        test = [sample for sample in test if sample.character in unwritten]
        for flag, part, which in (("train", train, ""), ("test", test, "not ")):
            if not part:
                raise InputError(
                    f"--{flag} has no image of a character that the real writers are "
                    f"{which}to have written; give other images, or other --written."
                )
        notes.append(
            f"Real writers wrote {len(written)} of {len(characters)} characters. "
            f"Images of the other {len(unwritten)} are read, among all."
        )
    if settings.preset == OTHER_DOMAIN:
        notes.append("The test images are simulated scans of --test.")
    return Samples(characters, train, test, own, notes, settings.preset)


def scanned(store, path, chosen=None, seed=0):
    """Writes a store of simulated scans of a store's images; a source has one scanner.

    Args:
        store: an `ImageStore` of cleaned images of one size.
        path: the file to write.
        chosen: numbers of the images to scan; None: all.
        seed: of the scans, see `Look`.
    """
    look = Look("scan", seed)
    border = max(1, round(_MARGIN * store.image_size))
    side = store.image_size + 2 * border
    with data.StoreWriter(path, store.characters, side) as writer:
        for index in range(len(store)) if chosen is None else chosen:
            boxed = np.pad(store.decode_one(index), border, constant_values=255)
            source = store.source_names[store.sources[index]]
            scan = look.scan(boxed, source, int(index))
            character = store.characters[store.labels[index]]
            writer.add(encode(scan), character, source, data.HANDWRITING)
