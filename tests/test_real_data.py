"""Real handwriting, where the environment variable HWGEN_DATA names its folder."""

import os
import pathlib

import numpy as np
import pytest

from hwgen_keras.characters import character_set
from hwgen_keras.data import manifest_store, read_manifest

pytestmark = [
    pytest.mark.backend_free,
    pytest.mark.skipif("HWGEN_DATA" not in os.environ, reason="HWGEN_DATA is not set"),
]


@pytest.mark.parametrize(
    "name, images, writers",
    [("omniglot-kana-train", 910, 20), ("omniglot-kana-val", 182, 4)],
)
def test_omniglot_kana_fill_a_store(name, images, writers):
    kana = character_set("kana")
    path = pathlib.Path(os.environ["HWGEN_DATA"], f"{name}.json")
    pattern = r"[a-z]+-\d+"
    samples = read_manifest(path, kana, pattern, skip_unknown=True)
    assert len(samples) == images
    store = manifest_store(samples, kana, image_size=48)
    assert len(store.source_names) == writers
    ink = (store.decode(np.arange(len(store))) < 128).mean(axis=(1, 2))
    assert ink.min() > 0.005 and ink.max() < 0.5
