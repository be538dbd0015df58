"""What tells a denoiser how noisy its input is."""

import math

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import fan_in_uniform

# Of sines and cosines of an angle that is counted from 0 to 1000.
STEPS, LONGEST_PERIOD = 1000.0, 10000.0


@keras.saving.register_keras_serializable("hwgen_keras")
class NoiseLevel(ConfigFromSignature, layers.Layer):
    """A vector for a noise level: sines and cosines, Linear, SiLU, Linear.

    The level is the angle atan(noise rate / signal rate), so it means the same under
    every schedule.

    Args:
        width: length of the vector.
        frequencies: number of sines, and of cosines.

    Input: log-SNR, (batch,), float32: log(signal rate² / noise rate²).
    Output: (batch, width).

    Reference: Vaswani et al., 2017, section 3.5; Ho et al., DDPM, 2020, appendix B.
    """

    def __init__(self, width, frequencies=32, **kwargs):
        super().__init__(**kwargs)
        self.width, self.frequencies = width, frequencies
        self.hidden = layers.Dense(
            width,
            activation=keras.activations.silu,
            dtype=self.dtype_policy,
            name="hidden",
            kernel_initializer=fan_in_uniform(),
        )
        self.output_layer = layers.Dense(
            width,
            dtype=self.dtype_policy,
            name="output",
            kernel_initializer=fan_in_uniform(),
        )

    def build(self, input_shape=None):
        self.hidden.build((None, 2 * self.frequencies))
        self.output_layer.build((None, self.width))

    def call(self, log_snr):
        # tan(angle) = noise rate / signal rate = exp(-log_snr / 2).
        angle = ops.arctan(ops.exp(-0.5 * ops.cast(log_snr, "float32")))
        step = angle * (STEPS * 2 / math.pi)
        periods = ops.arange(self.frequencies, dtype="float32") / self.frequencies
        phases = step[:, None] * ops.exp(-math.log(LONGEST_PERIOD) * periods)[None]
        waves = ops.concatenate([ops.sin(phases), ops.cos(phases)], axis=-1)
        return self.output_layer(self.hidden(ops.cast(waves, self.compute_dtype)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.width)
