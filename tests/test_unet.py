"""The denoiser and its layers against NumPy, and its dropped inputs."""

import keras
import numpy as np
import plain
import plain_diffusion
import pytest
from gradients import Case, check_case
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from networks import compiled, draw_weights, images, labels, unet

from hwgen_keras import layers
from hwgen_keras.models import UNet
from hwgen_keras.models.unet import CONDITIONS, depth_to_space, space_to_depth

MAP = (2, 4, 6, 8)
LOG_SNR = np.array([-20.0, -3.0, 0.1, 20.0], "float32")
# Each image drops inputs that the other keeps.
DROP = {
    "drop_content": np.array([False, True]),
    "drop_style": np.array([True, False]),
    "drop_condition": np.array([False, True]),
}
LEVELS, LABELS = np.array([-2.0, 3.0], "float32"), np.array([2, 1], "int32")


def call(layer, *inputs):
    return layer(*inputs)


def upsampled(bias, activation=None):
    def expected(w, x):
        x = plain.convolve(plain.upsample(x), w)
        return plain.silu(x) if activation else x

    return Case(
        [MAP],
        call,
        expected,
        lambda: layers.UpsampledConv2D(5, use_bias=bias, activation=activation),
        [MAP],
    )


def unet_case(condition, **settings):
    def predicted(network, noisy, content, style):
        inputs = {"content": content, "label": LABELS, **DROP}
        return network(noisy, LEVELS, inputs, network.encode_style(style))

    def expected(w, noisy, content, style):
        inputs = {"content": content, "style": style, **DROP}
        if condition is not None:
            table = w["condition/embedding/embeddings"]
            inputs["embedding"] = table[LABELS]
        return plain_diffusion.unet(
            noisy, LEVELS.astype("float64"), inputs, w, 2, settings.get("patch", 2)
        )

    return Case(
        [(2, 8, 8, 1), (2, 8, 8, 1), (2, 3, 8, 8, 1)],
        predicted,
        expected,
        lambda: unet(condition, **settings),
        by_part=True,
    )


CASES = {
    "group_norm": Case(
        [MAP, (2, 8), (2, 8)],
        call,
        lambda w, x, scale, shift: plain.group_norm(
            x, w, 4, scale[:, None, None], shift[:, None, None]
        ),
        lambda: layers.GroupNorm(8, groups=4),
    ),
    "noise_level": Case(
        [],
        lambda layer: layer(LOG_SNR),
        lambda w: plain_diffusion.noise_level(LOG_SNR.astype("float64"), w),
        lambda: layers.NoiseLevel(6),
    ),
    "cross_attention": Case(
        [MAP, (2, 7, 5)],
        call,
        lambda w, x, context: plain_diffusion.cross_attention(x, context, w, 2),
        lambda: layers.CrossAttention(8, heads=2, head_width=3),
        [MAP, (2, 7, 5)],
    ),
    "upsampled": upsampled(True),
    "upsampled-no bias": upsampled(False),
    "upsampled-activation": upsampled(True, "silu"),
    "unet": unet_case("embedding", style_attention=True),
    "unet-plainest": unet_case(None, multipliers=(1,), patch=1),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name, rng):
    check_case(CASES[name], rng)


def drawn(condition="embedding", policy="float32", **settings):
    network = unet(condition, policy, **settings)
    network.build()
    draw_weights(network)
    return network


@pytest.fixture(scope="module")
def predict():
    """A function, (noisy, levels, inputs with masks) → output of one network."""
    network = drawn(style_attention=True)

    def function(noisy, levels, inputs):
        return network(noisy, levels, inputs, network.encode_style(inputs["style"]))

    return compiled(function)


def network_inputs(**changes):
    """Inputs of two rows without drops."""
    kept = {f"drop_{name}": np.zeros(2, bool) for name in CONDITIONS}
    data = {"content": images(seed=1), "style": images(seed=2), "label": labels()}
    return {**data, **kept, **changes}


OTHER = {
    "content": {"content": images(seed=3)},
    "style": {"style": images(seed=4)},
    "condition": {"label": labels() + 2},
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_row_does_not_depend_on_a_dropped_input(name, predict):
    first_row = {f"drop_{name}": np.array([True, False])}
    noisy = images(seed=5)
    before, after, kept = (
        predict(noisy, LEVELS, network_inputs(**changes))
        for changes in (first_row, {**first_row, **OTHER[name]}, {})
    )
    assert before.shape == (2, 16, 16, 1)
    np.testing.assert_array_equal(after[0], before[0])
    assert np.abs(after[1] - before[1]).max() > 1e-3
    # Dropping changes the output, and only that of its own row.
    assert np.abs(kept[0] - before[0]).max() > 1e-3
    np.testing.assert_array_equal(kept[1], before[1])


def test_the_noisy_image_and_its_level_matter(predict):
    first = predict(images(seed=5), LEVELS, network_inputs())
    other_noise = predict(images(seed=6), LEVELS, network_inputs())
    other_level = predict(
        images(seed=5), np.array([-2.0, 2.0], "float32"), network_inputs()
    )
    assert np.abs(other_noise - first).max() > 1e-2
    np.testing.assert_array_equal(other_level[0], first[0])
    assert np.abs(other_level[1] - first[1]).max() > 1e-3


@pytest.fixture(scope="module")
def encode():
    return compiled(drawn(None, style_width=16).encode_style)


class TestStyleCode:
    def test_several_images_give_the_mean_of_each(self, encode):
        hands = [images(seed=seed) for seed in (1, 2)]
        single = [encode(hand) for hand in hands]
        statistics, features = encode(np.stack(hands, axis=1))
        assert statistics.shape == (2, 2 * 32)
        assert features.shape == (2, 2 * 8 * 8, 32)
        np.testing.assert_allclose(
            statistics, (single[0][0] + single[1][0]) / 2, rtol=1e-4, atol=1e-5
        )
        # The features of a row's images, one image after the other.
        np.testing.assert_allclose(
            features,
            np.concatenate([single[0][1], single[1][1]], axis=1),
            rtol=1e-4,
            atol=1e-4,
        )

    def test_a_single_image_needs_no_axis_of_its_own(self, encode):
        hand = images(seed=1)
        for a, b in zip(encode(hand), encode(hand[:, None]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_untrained_network_predicts_zeros():
    network = unet(multipliers=(1,))

    @compiled
    def predicted(x):
        # Its first called function builds it.
        style = network.encode_style(x)
        return network(x, LEVELS, {"content": x}, style)

    outputs = predicted(images(size=8))
    assert outputs.shape == (2, 8, 8, 1)
    assert not outputs.any()


def test_mixed_precision_is_near_and_ends_in_float32(predict):
    network = drawn(policy="mixed_bfloat16", style_attention=True)
    assert {w.dtype for w in network.weights} == {"float32"}
    dtypes = []

    @compiled
    def predicted(noisy, inputs):
        style = network.encode_style(inputs["style"])
        dtypes.extend(keras.backend.standardize_dtype(x.dtype) for x in style)
        return network(noisy, LEVELS, inputs, style)

    outputs = predicted(images(seed=5), network_inputs())
    assert outputs.dtype == np.float32
    assert dtypes[1] == "bfloat16"
    exact = predict(images(seed=5), LEVELS, network_inputs())
    assert 0 < np.linalg.norm(outputs - exact) < 0.05 * np.linalg.norm(exact)


@pytest.mark.parametrize("side", [17, 18])
def test_sides_that_the_stride_does_not_divide_are_refused(side):
    network = drawn(None)
    assert network.stride == 4
    x = images(size=side)
    style = np.zeros((2, 32), "float32"), np.zeros((2, 4, 16), "float32")
    with pytest.raises(ValueError, match=f"A side of {side} pixels is not divisible"):
        compiled(lambda x: network(x, LEVELS, {"content": x}, style))(x)


def test_stride_and_inputs_follow_from_the_arguments():
    assert unet(multipliers=(1, 2, 4), patch=4).stride == 16
    assert unet(multipliers=(1,), patch=1).stride == 1
    assert unet().input_names == ("content", "style")
    assert unet("embedding").input_names == ("content", "style", "label")
    assert unet("clip").input_names == ("content", "style", "tokens")


def test_a_condition_of_another_width_is_refused():
    condition = layers.EmbeddingCondition(classes=4, width=16, embedding_width=8)
    with pytest.raises(ValueError, match="condition is 16 wide.*needs one of 32"):
        UNet(width=8, condition=condition)


@settings(deadline=None, max_examples=8)
@given(
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_squares_of_pixels_become_channels_and_pixels_again(b, h, w, c, side):
    x = np.arange(b * h * w * c * side**2, dtype="float32")
    x = x.reshape(b, h * side, w * side, c)
    squares = ops.convert_to_numpy(space_to_depth(ops.convert_to_tensor(x), side))
    assert squares.shape == (b, h, w, side**2 * c)
    np.testing.assert_array_equal(squares, plain_diffusion.squares_to_channels(x, side))
    back = ops.convert_to_numpy(depth_to_space(ops.convert_to_tensor(squares), side))
    np.testing.assert_array_equal(back, x)
    # The last layer's channels are pixels of one square, row by row.
    np.testing.assert_array_equal(plain_diffusion.channels_to_squares(squares, side), x)
