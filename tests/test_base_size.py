"""Weights and multiplications of the paper's size, by formula and counted."""

import numpy as np
import pytest
from networks import BACKEND

from hwgen_keras.layers import EmbeddingCondition
from hwgen_keras.models import SIZES, AdaINGenerator, PatchDiscriminator

pytestmark = pytest.mark.skipif(
    BACKEND != "torch", reason="slow; one backend is enough"
)
# Input and output channels of the encoder's levels; the decoder reverses them.
DOWN = ((64, 64), (64, 128), (128, 256), (256, 512))
UP = tuple((wide, narrow) for narrow, wide in reversed(DOWN))
CLASSES, EMBEDDING, CONDITION = 3057, 64, 256
HEADS = 4 * 32  # channels of all heads
# The weights of the published generator of mode adain, with three image channels.
PUBLISHED_WEIGHTS = 63_806_854


def convolution(inputs, outputs, size, bias=True):
    return inputs * outputs * size**2 + outputs * bias


def dense(inputs, outputs):
    return inputs * outputs + outputs


class Weights:
    """Numbers of weights of the published networks, by formula."""

    def __init__(self, channels):
        self.last_layer = convolution(64, channels, 1)
        blocks = sum(self.level(width) for width, _ in DOWN)
        downwards = sum(convolution(*widths, 4) for widths in DOWN[:3])
        middle = 2 * self.residual(512) + self.attention(512, norms=1)
        self.encoder = convolution(channels, 64, 7) + blocks + downwards + middle
        self.encoder += convolution(*DOWN[3], 3)
        blocks = sum(self.level(width) for width, _ in UP)
        upwards = sum(convolution(*widths, 3) for widths in UP)
        self.decoder = blocks + upwards + self.residual(64)
        # Each block has a linear layer for the condition, used or not.
        self.encoder_modulation = sum(2 * self.modulation(w) for w, _ in DOWN)
        self.encoder_modulation += 2 * self.modulation(512)
        self.decoder_modulation = sum(2 * self.modulation(w) for w, _ in UP)
        self.decoder_modulation += self.modulation(64)

    def residual(self, width):
        return 2 * (convolution(width, width, 3) + 2 * width)

    def attention(self, width, norms):
        qkv = convolution(width, 3 * HEADS, 1, bias=False)
        return qkv + convolution(HEADS, width, 1) + norms * width

    def level(self, width):
        return 2 * self.residual(width) + self.attention(width, norms=2)

    def modulation(self, width):
        return dense(CONDITION, 2 * width)

    @property
    def published(self):
        """With a second decoder, for styles, and all modulations."""
        encoder = self.encoder + self.encoder_modulation
        decoder = self.decoder + self.decoder_modulation + self.last_layer
        return 2 * encoder + 2 * decoder

    @property
    def used(self):
        return 2 * self.encoder + self.decoder + self.last_layer

    @property
    def used_with_embedding(self):
        condition = (CLASSES + 1) * EMBEDDING  # and the null vector
        condition += dense(EMBEDDING, CONDITION) + dense(CONDITION, CONDITION)
        modulation = self.encoder_modulation + self.decoder_modulation
        return self.used + modulation + condition


def multiplications(size, channels=1, fused=False):
    """Multiplications of convolutions and attentions for an image of `size`² pixels.

    `fused` counts upsampling and the convolution after it as `UpsampledConv2D`.
    """

    def residual(width, positions):
        return 2 * 9 * width**2 * positions

    def projections(width, positions):
        return (3 + 1) * HEADS * width * positions

    def of_level(width, positions):
        # A head's keys times its values, and its queries times the sum.
        linear = 2 * positions * 32 * HEADS
        blocks = 2 * residual(width, positions)
        return blocks + projections(width, positions) + linear

    area = [(size >> level) ** 2 for level in range(4)]
    encoder = 7**2 * channels * 64 * area[0]
    for level, (width, target) in enumerate(DOWN):
        encoder += of_level(width, area[level])
        kernel, outputs = (16, area[level] // 4) if level < 3 else (9, area[3])
        encoder += kernel * width * target * outputs
    encoder += 2 * residual(512, area[3]) + projections(512, area[3])
    encoder += 2 * area[3] ** 2 * HEADS  # full attention
    decoder = residual(64, area[0]) + 64 * channels * area[0]
    for level, (width, target) in zip((3, 2, 1, 0), UP, strict=True):
        decoder += of_level(width, area[level])
        # Four pixels after upsampling are two by two pixels before it.
        taps = 4 if fused and level else 9
        decoder += taps * width * target * area[max(level - 1, 0)]
    return 2 * encoder + decoder


def count(network):
    return sum(np.prod(v.shape) for v in network.weights)


def test_the_published_generator():
    assert Weights(channels=3).published == PUBLISHED_WEIGHTS
    # 134 billion multiplications, each with an addition: 268 GFLOP; 270 with colours.
    assert multiplications(256) == 134_087_704_576
    assert round(2 * multiplications(256, channels=3) / 1e9) == 270


def test_the_generator_has_the_weights_that_the_published_one_uses():
    from torch import no_grad
    from torch.utils.flop_counter import FlopCounterMode

    generator = AdaINGenerator(**SIZES["base"]["generator"])
    generator.build()
    assert count(generator) == Weights(channels=1).used == 44_949_633

    # Smaller images: the formula holds for every size.
    images = np.ones((1, 32, 32, 1), "float32")
    with FlopCounterMode(display=False) as counter, no_grad():
        generator({"content": images, "style": images})
    assert counter.get_total_flops() == 2 * multiplications(32, fused=True)


def test_the_condition_adds_the_weights_that_the_published_one_uses():
    arguments = SIZES["base"]["generator"]
    condition = EmbeddingCondition(CLASSES, CONDITION, EMBEDDING)
    assert 4 * arguments["width"] == CONDITION
    generator = AdaINGenerator(**arguments, condition=condition)
    generator.build()
    assert count(generator) == Weights(channels=1).used_with_embedding == 47_300_225


def test_the_discriminator():
    discriminator = PatchDiscriminator(**SIZES["base"]["discriminator"])
    discriminator.build()
    expected = convolution(1, 64, 4) + convolution(512, 1, 4)
    for inputs, outputs in ((64, 128), (128, 256), (256, 512)):
        expected += convolution(inputs, outputs, 4, bias=False) + 2 * outputs
    trainable = sum(np.prod(v.shape) for v in discriminator.trainable_variables)
    assert trainable == expected == 2_763_585
