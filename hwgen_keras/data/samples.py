"""Reading samples, and the samples of a store."""

import pathlib

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.manifest import Sample, brief
from hwgen_keras.data.shards import open_once
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.sources import read_image


def read_sample(sample: Sample) -> NDArray[np.uint8]:
    """The image of a sample: uint8 (height, width)."""
    if sample.index is None:
        return read_image(sample.path)
    return open_once(sample.path).decode_one(sample.index)


def store_samples(
    path: StrPath,
    characters: CharacterSet | None = None,
    skip_unknown: bool = False,
) -> list[Sample]:
    """The images of a store in their order, like those of `read_manifest`.

    Args:
        path: the store file, or one that is read like a store; its sources are the
            writers.
        characters, skip_unknown: see `read_manifest`.
    """
    store = open_once(path)
    kept = np.array([characters is None or c in characters for c in store.characters])
    unknown = [store.characters[k] for k in np.unique(store.labels) if not kept[k]]
    if characters is not None and unknown and not skip_unknown:
        raise InputError(
            f"The store {path} has characters outside the set {characters.name}: "
            f"{brief(unknown)}; choose a set that has them, or leave "
            "them out with --skip_unknown_characters (skip_unknown=True in Python)."
        )
    chosen = np.flatnonzero(kept[store.labels])
    if not len(chosen):
        raise InputError(f"The store {path} has no image of the characters used.")
    characters, names = tuple(store.characters), store.source_names
    labels, sources = store.labels[chosen].tolist(), store.sources[chosen].tolist()
    file = pathlib.Path(path)
    return [
        Sample(characters[label], file, names[source], index)
        for label, source, index in zip(labels, sources, chosen.tolist(), strict=True)
    ]
