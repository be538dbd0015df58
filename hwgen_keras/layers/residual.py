"""The residual block of the generators."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import fan_in_uniform
from hwgen_keras.layers.normalization import GroupNorm


@keras.saving.register_keras_serializable("hwgen_keras")
class ResidualBlock(ConfigFromSignature, layers.Layer):
    """Two normalised convolutions, modulated by a condition, plus the input.

    Twice: 3x3 convolution, group normalisation, SiLU. The first normalised map is
    multiplied by (scale + 1) and shifted when the block has a condition.

    Args:
        width: number of output channels; a multiple of `groups`.
        conditioned: whether `call` takes a condition vector.
        groups: groups of the group normalisation.

    Call arguments:
        features: (batch, height, width, channels).
        condition: (batch, n), only if `conditioned`.

    Output: (batch, height, width, `width`).

    Reference: Perez et al., FiLM, 2018; Ho et al., DDPM, 2020 (the block's form).
    """

    def __init__(self, width, conditioned=False, groups=8, **kwargs):
        super().__init__(**kwargs)
        self.width, self.conditioned, self.groups = width, conditioned, groups
        policy = self.dtype_policy
        self.convolution_1 = layers.Conv2D(
            width,
            3,
            padding="same",
            dtype=policy,
            name="convolution_1",
            kernel_initializer=fan_in_uniform(),
        )
        self.convolution_2 = layers.Conv2D(
            width,
            3,
            padding="same",
            dtype=policy,
            name="convolution_2",
            kernel_initializer=fan_in_uniform(),
        )
        self.norm_1 = GroupNorm(width, groups, dtype=policy, name="norm_1")
        self.norm_2 = GroupNorm(width, groups, dtype=policy, name="norm_2")
        self.modulation = None
        if conditioned:
            self.modulation = layers.Dense(
                2 * width,
                dtype=policy,
                name="modulation",
                kernel_initializer=fan_in_uniform(),
            )
        self.shortcut = None

    def build(self, features_shape, condition_shape=None):
        inner = (None, None, None, self.width)
        self.convolution_1.build(features_shape)
        self.convolution_2.build(inner)
        self.norm_1.build(inner)
        self.norm_2.build(inner)
        if self.modulation is not None:
            self.modulation.build(condition_shape)
        # Not before it is known to be needed: a layer that is never built makes Keras
        # take the whole model for unbuilt, and on JAX run it eagerly at every call.
        if features_shape[-1] != self.width:
            self.shortcut = layers.Conv2D(
                self.width,
                1,
                dtype=self.dtype_policy,
                name="shortcut",
                kernel_initializer=fan_in_uniform(),
            )
            self.shortcut.build(features_shape)

    def call(self, features, condition=None):
        scale = shift = None
        if self.modulation is not None:
            modulation = self.modulation(ops.silu(condition))
            scale, shift = ops.split(modulation, 2, axis=-1)
        hidden = self.norm_1(self.convolution_1(features), scale, shift)
        hidden = self.norm_2(self.convolution_2(ops.silu(hidden)))
        shortcut = features if self.shortcut is None else self.shortcut(features)
        return ops.silu(hidden) + shortcut

    def compute_output_shape(self, features_shape, condition_shape=None):
        return (*features_shape[:-1], self.width)
