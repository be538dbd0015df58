"""A sampler of one's own for the diffusion model."""

import numpy as np
import pytest
from keras import ops
from networks import BACKEND, diffusion_generator

from experiments import generate
from hwgen_keras import DiffusionGenerator, load_trained, samplers, schedules
from hwgen_keras.errors import InputError
from hwgen_keras.generation import sampling

# test_samplers runs the loops of samplers on all backends.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def same_noise(denoise, noise, log_snrs):
    """Each step adds the first noise again, to the estimate of the step before."""
    signal, sigma = schedules.rates(log_snrs)

    def step(index, estimate):
        noisy = ops.take(signal, index) * estimate + ops.take(sigma, index) * noise
        return denoise(noisy, ops.take(log_snrs, index))

    steps = ops.shape(log_snrs)[0]
    return ops.fori_loop(0, steps, step, ops.zeros_like(noise))


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(samplers.SAMPLERS, "same_noise", same_noise)


@pytest.fixture
def built():
    return diffusion_generator(steps=3)


def images_of(model):
    noise = np.random.default_rng(0).standard_normal((2, 16, 16, 1), "float32")
    images = np.tanh(noise)
    inputs = {"noise": noise, "content": images, "style": images}
    return ops.convert_to_numpy(model(inputs))


def test_it_writes_and_a_file_has_its_name(registered, built, tmp_path, monkeypatch):
    model = built.sampling(sampler="same_noise")
    images = images_of(model)
    assert np.abs(images - images_of(built)).max() > 0.01
    model.save(tmp_path / "generator.keras")
    path = tmp_path / "generator.keras", DiffusionGenerator, "--generator_weights"
    again = load_trained(*path)
    assert again.sampler == "same_noise"
    np.testing.assert_allclose(images_of(again), images, atol=1e-5)
    monkeypatch.delitem(samplers.SAMPLERS, "same_noise")
    with pytest.raises(InputError, match="There is no sampler 'same_noise'"):
        load_trained(*path)


def test_the_flag_takes_it(registered, built, monkeypatch):
    required = {"generator_weights": "generator.keras", "output": "set"}
    required |= {"fonts": "fonts", "handwriting": "hands"}
    settings = generate.Settings(sampler="same_noise", **required)
    assert sampling.apply(settings, built).sampler == "same_noise"
    monkeypatch.delitem(samplers.SAMPLERS, "same_noise")
    with pytest.raises(InputError, match="--sampler: there is no 'same_noise'; use"):
        generate.Settings(sampler="same_noise", **required)
