"""Group normalisation in few passes over the features."""

import keras
from keras import layers, ops

EPSILON = 1e-5


@keras.saving.register_keras_serializable("hwgen_keras")
class GroupNorm(layers.Layer):
    """What `keras.layers.GroupNormalization` computes, at a lower cost.

    The statistics of the groups come from those of the channels, so the features are
    read once for them, and once more for one multiplication and one addition; they
    are never reshaped.

    Args:
        width: number of channels, a multiple of `groups`.
        groups: number of groups.

    Input and output: (batch, height, width, channels). Statistics are float32.

    Reference: Wu and He, Group Normalization, 2018.
    """

    def __init__(self, width, groups=8, **kwargs):
        super().__init__(**kwargs)
        if width % groups:
            raise ValueError(f"{width} channels cannot make {groups} equal groups.")
        self.width, self.groups = width, groups

    def build(self, input_shape=None):
        self.gamma = self.add_weight(
            shape=(self.width,), initializer="ones", name="gamma"
        )
        self.beta = self.add_weight(
            shape=(self.width,), initializer="zeros", name="beta"
        )

    def call(self, features):
        wide = ops.cast(features, "float32")
        mean = self._of_groups(ops.mean(wide, axis=(1, 2)))
        square = self._of_groups(ops.mean(ops.square(wide), axis=(1, 2)))
        # Rounding may bring a variance of almost nothing below zero.
        variance = ops.maximum(square - ops.square(mean), 0.0)
        scale = ops.cast(self.gamma, "float32") * ops.rsqrt(variance + EPSILON)
        shift = ops.cast(self.beta, "float32") - mean * scale
        scale, shift = (
            ops.cast(x[:, None, None, :], features.dtype) for x in (scale, shift)
        )
        return features * scale + shift

    def _of_groups(self, channels):
        """(batch, channels) → the mean of each group, at each of its channels."""
        size = self.width // self.groups
        groups = ops.mean(ops.reshape(channels, (-1, self.groups, size)), axis=-1)
        return ops.repeat(groups, size, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "width": self.width, "groups": self.groups}
