"""A diffusion model writes a set, in hands that several images show."""

import json

import keras
import numpy as np
import pytest
from hand_folder import characters_file
from networks import BACKEND
from PIL import Image

import hwgen_keras as hw
from experiments import generate
from hwgen_keras.errors import InputError
from hwgen_keras.models import AdaINGenerator, DiffusionGenerator, UNet

# The sampler's loop is compared on all backends in test_models and test_samplers.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
two_backends = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")

ATTENTION = {"heads": 2, "head_width": 4}


@pytest.fixture(scope="module")
def given(tmp_path_factory, tiny_font, characters):
    """Flags, with an untrained diffusion model that does not predict zeros."""
    folder = tmp_path_factory.mktemp("set")
    keras.utils.set_random_seed(0)
    network = UNet(8, (1,), 2, style_width=8, attention=ATTENTION)
    model = DiffusionGenerator(network, steps=3)
    model.build()
    kernel = np.random.default_rng(0).normal(0, 0.3, (1, 1, 8, 4))
    network.last_layer.kernel.assign(kernel.astype("float32"))
    model.save(folder / "generator.keras")
    return {
        "characters": characters_file(folder, characters),
        "fonts": [str(tiny_font)],
        "simulated_writers": 2,
        "image_size": 16,
        "count": 2,
        "generator_weights": str(folder),
    }


def call(given, output, **values):
    settings = {**given, "output": str(output), "cache": "", **values}
    return generate.main(generate.Settings(**settings))


def pictures(manifest):
    entries = json.loads(manifest.read_text("utf-8"))
    names = [entry["path"] for k in sorted(entries) for entry in entries[k]]
    return np.stack([np.asarray(Image.open(manifest.parent / n)) for n in names])


@two_backends
def test_a_model_writes_a_set(given, characters, tmp_path):
    written = pictures(call(given, tmp_path / "set", count=1, sampling_steps=1))
    assert written.shape == (len(characters), 16, 16) and written.std() > 0


# test_inference has it on TensorFlow.
@one_backend
def test_its_folder_is_loaded(given, hand):
    model = hw.load(given["generator_weights"], image_size=16)
    image = model.write("い", hand, steps=1)
    assert image.shape == (1, 16, 16) and image.std() > 0


@one_backend
def test_a_set_is_the_same_whatever_the_batches(given, characters, tmp_path):
    whole = pictures(call(given, tmp_path / "whole", batch_size=64))
    assert whole.shape == (2 * len(characters), 16, 16)
    parts = pictures(call(given, tmp_path / "parts", batch_size=5))
    # Sums may differ in their order: by one of 255 levels.
    assert np.abs(whole.astype(int) - parts).max() <= 1
    other = pictures(call(given, tmp_path / "other", seed=1))
    assert (other != whole).any(axis=(1, 2)).all()


@one_backend
def test_settings_of_the_sampler_and_more_images_of_a_hand_matter(given, tmp_path):
    whole = pictures(call(given, tmp_path / "whole"))
    for name, values in {
        "steps": {"sampling_steps": 2},
        "sampler": {"sampler": "ddim"},
        "guidance": {"guidance_content": 3.0},
        "styles": {"style_images": 3},
    }.items():
        changed = pictures(call(given, tmp_path / name, **values))
        assert changed.shape == whole.shape
        assert (changed != whole).any(), name


@one_backend
def test_an_adain_generator_averages_the_styles_of_several_images(rng):
    generator = AdaINGenerator(width=8, multipliers=(1, 2), attention=ATTENTION)
    generator.build()
    images = rng.uniform(-1, 1, (2, 3, 16, 16, 1)).astype("float32")
    means, deviations = generator.style_of(images)
    alone = [generator.style_of(images[:, i]) for i in range(3)]
    for number, found in enumerate((means, deviations)):
        parts = [keras.ops.convert_to_numpy(style[number]) for style in alone]
        found = keras.ops.convert_to_numpy(found)
        np.testing.assert_allclose(found, np.mean(parts, axis=0), atol=1e-5)


@one_backend
@pytest.mark.parametrize(
    "values, message",
    [
        ({"style_images": 99}, "a row needs 99 style images"),
        ({"style_images": 0}, "--style_images is 0"),
        ({"sampling_steps": 0}, "--sampling_steps"),
        ({"sampler": "heun", "sampling_steps": 2}, "heun"),
    ],
)
def test_what_cannot_be_is_reported(given, tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        call(given, tmp_path / "set", **values)
    assert not (tmp_path / "set").exists()
