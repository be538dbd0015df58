"""The encoder and the decoder of the generators."""

import keras
from keras import layers

from hwgen_keras.layers.attention import FullAttention, LinearAttention
from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import convolution
from hwgen_keras.layers.residual import ResidualBlock
from hwgen_keras.layers.upsampling import UpsampledConv2D


class Level(layers.Layer):
    """Two residual blocks and linear attention.

    Args:
        width: channels of the output; a multiple of 8.
        condition_width: length of the condition vector, or `None` for none.
        attention: arguments of the attention, or `None` for its defaults.
    """

    def __init__(self, width, condition_width, attention, **kwargs):
        super().__init__(**kwargs)
        self.width, self.condition_width = width, condition_width
        policy, conditioned = self.dtype_policy, condition_width is not None
        self.block_1 = ResidualBlock(width, conditioned, dtype=policy, name="block_1")
        self.block_2 = ResidualBlock(width, conditioned, dtype=policy, name="block_2")
        self.attention = LinearAttention(
            width, **(attention or {}), dtype=policy, name="attention"
        )

    def build(self, input_shape):
        condition, inner = (None, self.condition_width), (None, None, None, self.width)
        self.block_1.build(input_shape, condition)
        self.block_2.build(inner, condition)
        self.attention.build(inner)

    def call(self, features, condition=None):
        features = self.block_1(features, condition)
        return self.attention(self.block_2(features, condition))


# The class and the attribute `stages` name groups of weights in saved files.
class Stage(Level):
    """A `Level` and a change of resolution.

    Args:
        width: channels of the input; a multiple of 8.
        target_width: channels of the output.
        resampling: `"down"` (4x4 convolution, stride 2), `"up"` (nearest neighbour,
            then a 3x3 convolution) or `"same"` (3x3 convolution).
        condition_width, attention: see `Level`.
    """

    def __init__(
        self, width, target_width, resampling, condition_width, attention, **kwargs
    ):
        super().__init__(width, condition_width, attention, **kwargs)
        kernel_size, kind, strides = {
            "down": (4, layers.Conv2D, 2),
            "up": (3, UpsampledConv2D, 1),
            "same": (3, layers.Conv2D, 1),
        }[resampling]
        self.convolution = convolution(
            *(target_width, kernel_size, kind),
            strides=strides,
            dtype=self.dtype_policy,
            name="convolution",
        )

    def build(self, input_shape=None):
        super().build((None, None, None, self.width))
        self.convolution.build((None, None, None, self.width))

    def call(self, features, condition=None):
        return self.convolution(super().call(features, condition))


class _Coder(ConfigFromSignature, layers.Layer):
    def __init__(
        self, width, multipliers, condition_width=None, attention=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.width, self.multipliers = width, tuple(multipliers)
        self.condition_width, self.attention = condition_width, attention
        self.widths = [width, *(width * m for m in self.multipliers)]

    def _block(self, width, name):
        return ResidualBlock(
            width, self.condition_width is not None, dtype=self.dtype_policy, name=name
        )

    def _levels(self, widths, resampling):
        last = len(self.multipliers) - 1
        return [
            Stage(
                widths[i],
                widths[i + 1],
                "same" if i == last else resampling,
                self.condition_width,
                self.attention,
                dtype=self.dtype_policy,
                name=f"stage_{i}",
            )
            for i in range(len(self.multipliers))
        ]


@keras.saving.register_keras_serializable("hwgen_keras")
class Encoder(_Coder):
    """From an image to a feature map, without skip connections.

    First a 7x7 convolution. Each level has two residual blocks, linear attention and a
    4x4 convolution of stride 2 (at the last level 3x3, stride 1). Then come a residual
    block, full attention and a residual block.

    Args:
        width: channels of the first convolution; a multiple of 8.
        multipliers: the output of level i has `width * multipliers[i]` channels.
        condition_width: length of the condition vector, or `None` for none.
        attention: dict of `heads` and `head_width`, or `None` for 4 heads of 32.

    Call arguments:
        image: (batch, height, width, 1); sides divisible by 2**(levels - 1).
        condition: (batch, condition_width), if there is one.

    Output: (batch, height / stride, width / stride, width * multipliers[-1]).
    """

    def __init__(
        self, width, multipliers, condition_width=None, attention=None, **kwargs
    ):
        super().__init__(width, multipliers, condition_width, attention, **kwargs)
        policy = self.dtype_policy
        self.stem = convolution(width, 7, dtype=policy, name="stem")
        self.stages = self._levels(self.widths, "down")
        self.middle_1 = self._block(self.widths[-1], "middle_1")
        self.middle_attention = FullAttention(
            self.widths[-1], **(attention or {}), dtype=policy, name="middle_attention"
        )
        self.middle_2 = self._block(self.widths[-1], "middle_2")

    def build(self, image_shape=None, condition_shape=None):
        shape = (None, None, None, self.widths[-1])
        condition = (None, self.condition_width)
        self.stem.build((None, None, None, 1))
        for level in self.stages:
            level.build()
        self.middle_1.build(shape, condition)
        self.middle_attention.build(shape)
        self.middle_2.build(shape, condition)

    def call(self, image, condition=None):
        features = self.stem(image)
        for level in self.stages:
            features = level(features, condition)
        features = self.middle_attention(self.middle_1(features, condition))
        return self.middle_2(features, condition)


@keras.saving.register_keras_serializable("hwgen_keras")
class Decoder(_Coder):
    """The mirror of `Encoder`: from features to the input of the last layer.

    Each level has two residual blocks, linear attention, nearest-neighbour upsampling
    and a 3x3 convolution (at the last level without upsampling). Then comes a residual
    block.

    Args:
        width, multipliers, condition_width, attention: as in `Encoder`.

    Call arguments:
        features: (batch, height, width, width * multipliers[-1]).
        condition: (batch, condition_width), if there is one.

    Output: (batch, height * stride, width * stride, `width`).
    """

    def __init__(
        self, width, multipliers, condition_width=None, attention=None, **kwargs
    ):
        super().__init__(width, multipliers, condition_width, attention, **kwargs)
        self.stages = self._levels(self.widths[::-1], "up")
        self.last_block = self._block(width, "last_block")

    def build(self, features_shape=None, condition_shape=None):
        for level in self.stages:
            level.build()
        self.last_block.build(
            (None, None, None, self.width), (None, self.condition_width)
        )

    def call(self, features, condition=None):
        for level in self.stages:
            features = level(features, condition)
        return self.last_block(features, condition)
