"""The noise that a row of a generation begins with, and what a generator is given."""

import types

import numpy as np
import pytest

from hwgen_keras.generation import inputs_of, row_noise


def test_a_row_has_the_same_noise_in_every_batch():
    whole = row_noise(3, np.arange(10), 8)
    assert whole.shape == (10, 8, 8, 1) and whole.dtype == np.float32
    parts = [row_noise(3, np.arange(a, b), 8) for a, b in ((0, 3), (3, 4), (4, 10))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(row_noise(3, [7, 2], 8), whole[[7, 2]])


def test_rows_and_seeds_have_noise_of_their_own():
    noise = np.concatenate([row_noise(seed, np.arange(20), 16) for seed in (0, 1)])
    noise = noise.reshape(40, -1)
    # 256 numbers each: the largest of 780 correlations by chance is about 0.2.
    assert np.abs(np.corrcoef(noise) - np.eye(40)).max() < 0.35
    assert abs(noise.mean()) < 0.04 and abs(noise.std() - 1) < 0.03


@pytest.fixture
def batch(rng):
    pictures = rng.uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    return {"content": pictures, "style": -pictures, "label": np.arange(4)}


def test_a_diffusion_model_is_given_the_noise_of_its_rows(batch):
    generator = types.SimpleNamespace(input_names=("content", "style", "noise"))
    inputs = inputs_of(generator, batch, 5, 12)
    assert set(inputs) == {"content", "style", "noise"}
    assert inputs["content"] is batch["content"]
    np.testing.assert_array_equal(inputs["noise"], row_noise(5, np.arange(12, 16), 8))
    assert "noise" not in batch


def test_another_generator_is_given_none(batch):
    generator = types.SimpleNamespace(input_names=("content", "style", "label"))
    inputs = inputs_of(generator, batch, 5, 12)
    assert set(inputs) == {"content", "style", "label"}
