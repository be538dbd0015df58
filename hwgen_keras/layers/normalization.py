"""Group normalisation in two passes over the features."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature

EPSILON = 1e-5


@keras.saving.register_keras_serializable("hwgen_keras")
class GroupNorm(ConfigFromSignature, layers.Layer):
    """`keras.layers.GroupNormalization` at a lower cost.

    The statistics of the groups come from those of the channels. So the features are
    read once for the statistics and once for one multiplication and one addition, and
    are never reshaped.

    Args:
        width: number of channels, a multiple of `groups`.
        groups: number of groups.

    Call arguments:
        features: (batch, height, width, channels).
        scale, shift: (batch, channels), optional: the normalised features are
            multiplied by `scale + 1` and shifted, in the same pass.

    Output: as `features`. Statistics are float32.

    Reference: Wu and He, Group Normalization, 2018.
    """

    def __init__(self, width, groups=8, **kwargs):
        super().__init__(**kwargs)
        if width % groups:
            raise ValueError(f"{width} channels cannot make {groups} equal groups.")
        self.width, self.groups = width, groups

    def build(self, features_shape=None, scale_shape=None, shift_shape=None):
        self.gamma = self.add_weight(
            shape=(self.width,), initializer="ones", name="gamma"
        )
        self.beta = self.add_weight(
            shape=(self.width,), initializer="zeros", name="beta"
        )

    def call(self, features, scale=None, shift=None):
        wide = ops.cast(features, "float32")
        # (batch, groups, 1): what a group shares is broadcast over its channels.
        mean = self._group_means(ops.mean(wide, axis=(1, 2)))
        square = self._group_means(ops.mean(ops.square(wide), axis=(1, 2)))
        # Rounding may make a tiny variance negative.
        variance = ops.maximum(square - ops.square(mean), 0.0)
        factor = self._in_groups(self.gamma) * ops.rsqrt(variance + EPSILON)
        term = self._in_groups(self.beta) - mean * factor
        if scale is not None:
            scale = self._in_groups(scale) + 1
            factor, term = factor * scale, term * scale + self._in_groups(shift)
        factor, term = (
            ops.cast(ops.reshape(x, (-1, 1, 1, self.width)), features.dtype)
            for x in (factor, term)
        )
        return features * factor + term

    def _in_groups(self, channels):
        """(…, channels) → (batch or 1, groups, channels of a group), float32."""
        size = self.width // self.groups
        wide = ops.cast(channels, "float32")
        return ops.reshape(wide, (-1, self.groups, size))

    def _group_means(self, channels):
        return ops.mean(self._in_groups(channels), axis=-1, keepdims=True)
