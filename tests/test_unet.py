"""The denoiser and its layers against plain NumPy, and what it is told and not told."""

import numpy as np
import plain
import plain_diffusion
import pytest
from gradients import Case, check_case
from networks import unet

from hwgen_keras import layers

MAP = (2, 4, 6, 8)
LOG_SNR = np.array([-20.0, -3.0, 0.1, 20.0], "float32")
# One image is left without one thing, the other without the others.
DROP = {
    "drop_content": np.array([False, True]),
    "drop_style": np.array([True, False]),
    "drop_condition": np.array([False, True]),
}
LEVELS, LABELS = np.array([-2.0, 3.0], "float32"), np.array([2, 1], "int32")


def upsampled(bias, activation=None):
    def expected(w, x):
        x = plain.convolve(plain.upsample(x), w)
        return plain.silu(x) if activation else x

    return Case(
        [MAP],
        lambda layer, x: layer(x),
        expected,
        lambda: layers.UpsampledConv2D(5, use_bias=bias, activation=activation),
        [MAP],
    )


def unet_case(condition, **settings):
    def call(network, noisy, content, style):
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
        call,
        expected,
        lambda: unet(condition, **settings),
        by_part=True,
    )


CASES = {
    "group_norm": Case(
        [MAP, (2, 8), (2, 8)],
        lambda layer, *inputs: layer(*inputs),
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
        lambda layer, *inputs: layer(*inputs),
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
