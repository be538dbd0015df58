"""The encoder and the decoder that the generators are made of."""

import keras
from keras import layers

from hwgen_keras.layers.attention import FullAttention, LinearAttention
from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import fan_in_uniform
from hwgen_keras.layers.residual import ResidualBlock
from hwgen_keras.layers.upsampling import UpsampledConv2D


class Stage(layers.Layer):
    """One level: two residual blocks, linear attention, and a change of resolution.

    Args:
        width: channels of the input; a multiple of 8.
        target_width: channels of the output.
        resampling: `"down"` (4x4 convolution, stride 2), `"up"` (nearest neighbour,
            then a 3x3 convolution) or `"same"` (3x3 convolution).
        condition_width: length of the condition vector, or `None` for none.
        attention: arguments of the attention, or `None` for its defaults.
    """

    def __init__(
        self,
        width,
        target_width,
        resampling,
        condition_width=None,
        attention=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.target_width = width, target_width
        self.condition_width = condition_width
        policy, conditioned = self.dtype_policy, condition_width is not None
        self.block_1 = ResidualBlock(width, conditioned, dtype=policy, name="block_1")
        self.block_2 = ResidualBlock(width, conditioned, dtype=policy, name="block_2")
        self.attention = LinearAttention(
            width, **(attention or {}), dtype=policy, name="attention"
        )
        convolution = UpsampledConv2D if resampling == "up" else layers.Conv2D
        down = resampling == "down"
        self.convolution = convolution(
            target_width,
            kernel_size=4 if down else 3,
            strides=2 if down else 1,
            padding="same",
            dtype=policy,
            name="convolution",
            kernel_initializer=fan_in_uniform(),
        )

    def build(self, input_shape=None):
        shape, condition = (None, None, None, self.width), (None, self.condition_width)
        self.block_1.build(shape, condition)
        self.block_2.build(shape, condition)
        self.attention.build(shape)
        self.convolution.build(shape)

    def call(self, features, condition=None):
        features = self.block_1(features, condition)
        features = self.attention(self.block_2(features, condition))
        return self.convolution(features)


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

    def _stages(self, widths, resampling):
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
    """From an image to a map of features, without skip connections.

    A 7x7 convolution; at each level two residual blocks, linear attention and a 4x4
    convolution of stride 2 (at the last level 3x3, stride 1); then a residual block,
    full attention and a residual block.

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
        self.stem = layers.Conv2D(
            width,
            7,
            padding="same",
            dtype=policy,
            name="stem",
            kernel_initializer=fan_in_uniform(),
        )
        self.stages = self._stages(self.widths, "down")
        self.middle_1 = self._block(self.widths[-1], "middle_1")
        self.middle_attention = FullAttention(
            self.widths[-1],
            **(attention or {}),
            dtype=policy,
            name="middle_attention",
        )
        self.middle_2 = self._block(self.widths[-1], "middle_2")

    def build(self, image_shape=None, condition_shape=None):
        shape, condition = (
            (None, None, None, self.widths[-1]),
            (None, self.condition_width),
        )
        self.stem.build((None, None, None, 1))
        for stage in self.stages:
            stage.build()
        self.middle_1.build(shape, condition)
        self.middle_attention.build(shape)
        self.middle_2.build(shape, condition)

    def call(self, image, condition=None):
        features = self.stem(image)
        for stage in self.stages:
            features = stage(features, condition)
        features = self.middle_attention(self.middle_1(features, condition))
        return self.middle_2(features, condition)


@keras.saving.register_keras_serializable("hwgen_keras")
class Decoder(_Coder):
    """The mirror of `Encoder`: from features to the input of the last layer.

    At each level two residual blocks, linear attention, then nearest-neighbour
    upsampling and a 3x3 convolution (at the last level the convolution alone); a
    last residual block.

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
        self.stages = self._stages(self.widths[::-1], "up")
        self.last_block = self._block(width, "last_block")

    def build(self, features_shape=None, condition_shape=None):
        for stage in self.stages:
            stage.build()
        self.last_block.build(
            (None, None, None, self.width), (None, self.condition_width)
        )

    def call(self, features, condition=None):
        for stage in self.stages:
            features = stage(features, condition)
        return self.last_block(features, condition)
