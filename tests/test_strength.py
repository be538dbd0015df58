"""Strength of a style and weights of several styles: optional inputs."""

import keras
import numpy as np
import pytest
from networks import (
    compiled,
    diffusion_generator,
    draw_weights,
    generator,
    images,
    labels,
)

from hwgen_keras.layers import CrossAttention


@pytest.fixture(scope="module")
def model():
    model = generator(multipliers=(1,))
    model.build()
    draw_weights(model)
    return model


@pytest.fixture(scope="module")
def write(model):
    return compiled(model)


@pytest.fixture(scope="module")
def hands():
    """Four images: two rows by a first hand, two by a second."""
    return images(4, seed=3).reshape(2, 2, 16, 16, 1)


class TestStrength:
    def test_one_is_the_default(self, write, hands):
        inputs = {"content": images(), "style": hands[0]}
        full = write({**inputs, "strength": np.ones(2, "float32")})
        np.testing.assert_allclose(full, write(inputs), rtol=1e-5, atol=1e-6)

    def test_zero_writes_in_the_hand_of_the_content(self, write, hands):
        own = write({"content": images(), "style": images()})
        strength = np.zeros(2, "float32")
        none = {"content": images(), "style": hands[0], "strength": strength}
        np.testing.assert_allclose(write(none), own, rtol=1e-5, atol=1e-5)
        assert np.abs(write({**none, "style": hands[1]}) - own).max() < 1e-5

    def test_it_mixes_the_statistics_of_each_row(self, model, hands):
        @compiled
        def codes(content, style, strength):
            inputs = {"content": content, "style": style, "strength": strength}
            style_codes = (model.style_of(images) for images in (content, style))
            return *style_codes, model.style_code(inputs)

        own, other, code = codes(images(), hands[0], np.float32([0.25, 1.0]))
        for a, b, mixed in zip(own, other, code, strict=True):
            np.testing.assert_allclose(mixed[0], 0.75 * a[0] + 0.25 * b[0], rtol=1e-5)
            np.testing.assert_allclose(mixed[1], b[1], rtol=1e-6)


class TestMixing:
    def test_all_weight_on_the_first_selects_it(self, write, hands):
        both = {"content": images(), "style": np.stack([hands[0], hands[1]], axis=1)}
        alone = write({"content": images(), "style": hands[0]})
        first = write({**both, "style_weights": np.float32([[1, 0], [5, 0]])})
        np.testing.assert_allclose(first, alone, rtol=1e-4, atol=1e-5)

    def test_equal_weights_are_the_mean(self, write, hands):
        both = {"content": images(), "style": np.stack([hands[0], hands[1]], axis=1)}
        equal = write({**both, "style_weights": np.full((2, 2), 3, "float32")})
        np.testing.assert_allclose(equal, write(both), rtol=1e-4, atol=1e-5)
        other = write({**both, "style_weights": np.float32([[1, 3], [1, 3]])})
        assert np.abs(other - equal).max() > 1e-3

    def test_a_diffusion_model_attends_by_the_weights(self, hands):
        settings = {"multipliers": (1,), "style_attention": True}
        model = diffusion_generator("embedding", steps=1, **settings)
        write = compiled(model)
        noise = np.random.default_rng(0).normal(size=(2, 16, 16, 1))
        noise = noise.astype("float32")
        inputs = {"content": images(), "label": labels(), "noise": noise}
        both = {**inputs, "style": np.stack([hands[0], hands[1]], axis=1)}
        alone = write({**inputs, "style": hands[0]})
        first = write({**both, "style_weights": np.float32([[1, 0], [1, 0]])})
        np.testing.assert_allclose(first, alone, rtol=1e-3, atol=1e-4)
        equal = write({**both, "style_weights": np.ones((2, 2), "float32")})
        np.testing.assert_allclose(equal, write(both), rtol=1e-3, atol=1e-4)
        assert np.abs(equal - first).max() > 1e-3


def test_a_share_in_attention_equals_a_number_of_copies(rng):
    layer = CrossAttention(8, heads=2, head_width=4)
    layer.build((None, None, None, 8), (None, None, 8))
    draw_weights(layer)
    features = rng.normal(size=(1, 2, 2, 8)).astype("float32")
    context = rng.normal(size=(1, 3, 8)).astype("float32")
    shares = np.float32([[1, 2, 0]])
    weighted = layer(features, context, shares)
    copies = layer(features, context[:, [0, 1, 1]])
    to_numpy = keras.ops.convert_to_numpy
    np.testing.assert_allclose(to_numpy(weighted), to_numpy(copies), rtol=1e-4)
