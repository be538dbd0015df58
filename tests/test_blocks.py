"""Values and gradients of every block and loss against NumPy in float64."""

import numpy as np
import plain
import pytest
from gradients import Case, check_case
from keras import ops
from networks import (
    LENGTH,
    VOCABULARY_SIZE,
    draw_weights,
    evaluate,
    image_encoder,
    tokens,
)

from hwgen_keras import layers, losses
from hwgen_keras.backend import vjp
from hwgen_keras.layers.coders import Stage
from hwgen_keras.models import (
    AdaINGenerator,
    PatchDiscriminator,
    StyleTransfer,
    TextEncoder,
    UNet,
)
from hwgen_keras.models.clip import ProjectionHead

MAP = (2, 4, 6, 8)
ATTENTION = {"heads": 2, "head_width": 3}
CODER = {"width": 8, "multipliers": (1, 2), "attention": ATTENTION}
DROP = np.array([True, False, True])
LABELS = np.array([2, 0, 1])
IDS = tokens(3)


def call(layer, *inputs):
    return layer(*inputs)


def attention_case(kind, attend):
    return Case(
        [MAP],
        call,
        lambda w, x: plain.attention(x, w, 2, attend),
        lambda: kind(8, **ATTENTION),
        [MAP],
    )


def residual_case(width, conditioned):
    return Case(
        [MAP, (2, 5)][: 1 + conditioned],
        call,
        lambda w, x, condition=None: plain.residual_block(x, w, condition, groups=4),
        lambda: layers.ResidualBlock(width, conditioned, groups=4),
        (MAP, (2, 5)),
    )


def stage_case(resampling):
    return Case(
        [MAP, (2, 5)],
        call,
        lambda w, x, condition: plain.stage(x, w, 2, resampling, condition),
        lambda: Stage(8, 16, resampling, 5, ATTENTION),
    )


def embedding_condition():
    return layers.EmbeddingCondition(classes=4, width=6, embedding_width=5)


CASES = {
    "style_statistics": Case(
        [MAP],
        lambda _, x: layers.style_statistics(x),
        lambda _, x: plain.style_statistics(x),
    ),
    "adain": Case(
        [MAP, (2, 1, 1, 8), (2, 1, 1, 8)],
        lambda _, *inputs: layers.adain(*inputs),
        lambda _, *inputs: plain.adain(*inputs),
    ),
    "style_statistics_loss": Case(
        [(2, 1, 1, 8)] * 4,
        lambda _, a, b, c, d: losses.style_statistics_loss((a, b), (c, d)),
        lambda _, a, b, c, d: plain.style_statistics_loss((a, b), (c, d)),
    ),
    **{
        f"soft_target_clip_loss-{t}": Case(
            [(5, 7), (5, 7)],
            lambda _, *inputs, t=t: losses.soft_target_clip_loss(*inputs, t),
            lambda _, *inputs, t=t: plain.soft_target_clip_loss(*inputs, t),
        )
        for t in (1.0, 0.5)
    },
    "perceptual_distance": Case(
        [(2, 4, 4, 3), (2, 2, 2, 5)] * 2,
        lambda _, a, b, c, d: losses.perceptual_distance([a, b], [c, d]),
        lambda _, a, b, c, d: plain.perceptual_distance([a, b], [c, d]),
    ),
    "hinge_discriminator_loss": Case(
        [(2, 3, 3, 1)] * 2,
        lambda _, *inputs: losses.hinge_discriminator_loss(*inputs),
        lambda _, *inputs: plain.hinge_discriminator_loss(*inputs),
    ),
    "group_norm": Case(
        [MAP],
        call,
        lambda w, x: plain.group_norm(x, w, 4),
        lambda: layers.GroupNorm(8, groups=4),
    ),
    **{
        f"residual_block-{width}-{conditioned}": residual_case(width, conditioned)
        for width in (8, 16)
        for conditioned in (False, True)
    },
    "full_attention": attention_case(layers.FullAttention, plain.attend_fully),
    "linear_attention": attention_case(layers.LinearAttention, plain.attend_linearly),
    **{f"stage-{how}": stage_case(how) for how in ("down", "up", "same")},
    "encoder": Case(
        [(2, 8, 8, 1), (2, 5)],
        call,
        lambda w, x, condition: plain.encoder(x, w, 2, condition),
        lambda: layers.Encoder(**CODER, condition_width=5),
    ),
    "decoder": Case(
        [(2, 2, 4, 16), (2, 5)],
        call,
        lambda w, x, condition: plain.decoder(x, w, 2, condition),
        lambda: layers.Decoder(**CODER, condition_width=5),
    ),
    "condition": Case(
        [],
        lambda layer: layer({"label": LABELS, "drop_condition": DROP}),
        lambda w: plain.condition(w["embedding/embeddings"][LABELS], w, DROP),
        embedding_condition,
    ),
    "projection_head": Case(
        [(3, 7)],
        call,
        lambda w, x: plain.projection_head(x, w),
        lambda: ProjectionHead(6),
        [(None, 7)],
    ),
    # The ids end in padding, which the NumPy version never reads.
    "text_encoder": Case(
        [],
        lambda layer: layer(IDS),
        lambda w: plain.text_encoder(IDS, w),
        lambda: TextEncoder(VOCABULARY_SIZE, LENGTH, width=8, depth=2, heads=2),
    ),
    **{
        f"image_encoder-training-{training}": Case(
            [(2, 8, 8, 1)],
            lambda layer, x, training=training: layer(x, training=training),
            lambda w, x, training=training: plain.image_encoder(x, w, training),
            image_encoder,
        )
        for training in (False, True)
    },
    "feature_maps": Case(
        [(2, 8, 8, 1)],
        lambda layer, x: layer.feature_maps(x),
        lambda w, x: plain.image_maps(x, w),
        image_encoder,
    ),
    **{
        f"discriminator-training-{training}": Case(
            [(2, 16, 16, 1)],
            lambda layer, x, training=training: layer(x, training=training),
            lambda w, x, training=training: plain.discriminator(x, w, training),
            lambda: PatchDiscriminator(widths=(8, 8, 16)),
        )
        for training in (False, True)
    },
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name, rng):
    check_case(CASES[name], rng)


class TestNullVector:
    def test_only_dropped_rows_reach_it(self, rng):
        layer = embedding_condition()
        layer.build()
        cotangent = rng.normal(size=(3, 6)).astype("float32")
        null, table = layer.null_vector, layer.embedding.embeddings

        def gradients(drop):
            def function():
                inputs = {"label": LABELS, "drop_condition": drop}
                _, pullback = vjp(
                    lambda: [layer(inputs)], (), [null, table], layer.variables
                )
                return pullback([ops.convert_to_tensor(cotangent)])[1]

            return evaluate(function, layer.variables)

        mixed, rows = gradients(DROP)
        # Each dropped row contributes its share, the kept row nothing.
        shares = [gradients(DROP & (np.arange(3) == row))[0] for row in range(3)]
        assert not shares[1].any()
        assert shares[0].any() and shares[2].any()
        np.testing.assert_allclose(mixed, shares[0] + shares[2], rtol=1e-5, atol=1e-7)
        assert [row.any() for row in rows] == [True, False, False, False]
        assert not gradients(np.zeros(3, bool))[0].any()

    def test_without_a_mask_nothing_is_dropped(self):
        layer = embedding_condition()
        layer.build()
        kept = layer({"label": LABELS})
        masked = layer({"label": LABELS, "drop_condition": np.zeros(3, bool)})
        np.testing.assert_array_equal(
            ops.convert_to_numpy(kept), ops.convert_to_numpy(masked)
        )


def test_the_batch_moves_the_statistics_of_the_discriminator(rng):
    layer = PatchDiscriminator(widths=(8, 16))
    layer.build()
    draw_weights(layer)
    before = plain.Weights.from_layer(layer)
    x = rng.normal(size=(2, 16, 16, 1)).astype("float32")
    layer(ops.convert_to_tensor(x), training=True)

    first = plain.convolve(x, before.of("convolution_0"), 2, padding=1)
    maps = plain.convolve(
        np.where(first > 0, first, 0.2 * first), before.of("convolution_1"), padding=1
    )
    after = plain.Weights.from_layer(layer)
    moments = {"mean": maps.mean((0, 1, 2)), "variance": maps.var((0, 1, 2))}
    for name, new in moments.items():
        path = f"norm_1/moving_{name}"
        np.testing.assert_allclose(
            after[path], 0.9 * before[path] + 0.1 * new, rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize(
    "network",
    [
        lambda: AdaINGenerator(8, (1, 2), layers.EmbeddingCondition(5, 32, 8)),
        lambda: UNet(8, (1, 2), 2, 8, layers.EmbeddingCondition(5, 32, 8), True),
        lambda: PatchDiscriminator((8, 16)),
        lambda: StyleTransfer(AdaINGenerator(8, (1,)), PatchDiscriminator((8,))),
    ],
    ids=["generator", "unet", "discriminator", "style_transfer"],
)
def test_no_layer_stays_unbuilt(network):
    # On JAX Keras calls a model with an unbuilt layer eagerly before each batch, and
    # before each `fit`, as on torch.
    network = network()
    network.build()
    unbuilt = [layer.name for layer in network._flatten_layers() if not layer.built]
    assert unbuilt == []
