"""The residual block of the generators."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import convolution, dense
from hwgen_keras.layers.normalization import GroupNorm


@keras.saving.register_keras_serializable("hwgen_keras")
class ResidualBlock(ConfigFromSignature, layers.Layer):
    """Two normalised convolutions, modulated by a condition, with a shortcut.

    Twice: 3x3 convolution, group normalisation, SiLU. A condition scales the first
    normalised map by (scale + 1) and shifts it.

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
        self.convolution_1 = convolution(width, 3, dtype=policy, name="convolution_1")
        self.convolution_2 = convolution(width, 3, dtype=policy, name="convolution_2")
        self.norm_1 = GroupNorm(width, groups, dtype=policy, name="norm_1")
        self.norm_2 = GroupNorm(width, groups, dtype=policy, name="norm_2")
        self.modulation = self.shortcut = None
        if conditioned:
            self.modulation = dense(2 * width, dtype=policy, name="modulation")

    def build(self, features_shape, condition_shape=None):
        inner = (None, None, None, self.width)
        self.convolution_1.build(features_shape)
        self.convolution_2.build(inner)
        self.norm_1.build(inner)
        self.norm_2.build(inner)
        if self.modulation is not None:
            self.modulation.build(condition_shape)
        # Only where it is needed: with one unbuilt layer Keras takes the whole model
        # for unbuilt, and on JAX runs it eagerly at every call.
        if features_shape[-1] != self.width:
            self.shortcut = convolution(
                self.width, 1, dtype=self.dtype_policy, name="shortcut"
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
