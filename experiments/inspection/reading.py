"""Listing the images of a manifest or a store, and measuring them on all cores."""

import pathlib

import numpy as np

from hwgen_keras import parallel
from hwgen_keras.data import read_manifest
from hwgen_keras.data.inspection import Listing, Measures, measure
from hwgen_keras.data.shards import is_numbered, open_once
from hwgen_keras.errors import Stopped

_LOT = 1000


def listing_of(path, writer_pattern):
    """The `Listing` of a manifest or a store."""
    if is_numbered(path):
        store = open_once(path)
        characters = np.array(tuple(store.characters))[store.labels]
        sources = np.array(store.source_names)[store.sources]
        return Listing(characters, sources, pathlib.Path(path))
    samples = read_manifest(path, writer_pattern=writer_pattern)
    return Listing(
        [sample.character for sample in samples],
        [sample.writer for sample in samples],
        samples,
    )


def measures_of(listing):
    """The `Measures` of all images, in their order."""
    jobs = [(lot,) for lot in listing.lots(_LOT)]
    # The last lot is smaller.
    weights = [min(_LOT, len(listing) - _LOT * index) for index in range(len(jobs))]
    try:
        parts = dict(parallel.each(measure, jobs, "image", "reading", weights))
    except Stopped:
        raise Stopped("\nStopped; nothing was written.") from None
    return Measures.concatenate([parts[index] for index in range(len(jobs))])
