"""The embedding of the noise level of a denoiser's input."""

import math

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import dense

# The angle is scaled to 0 … 1000, as the timesteps of DDPM.
STEPS, LONGEST_PERIOD = 1000.0, 10000.0


@keras.saving.register_keras_serializable("hwgen_keras")
class NoiseLevel(ConfigFromSignature, layers.Layer):
    """The vector of a noise level: sines and cosines, Linear, SiLU, Linear.

    The level is the angle atan(noise rate / signal rate), which does not depend on the
    schedule.

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
        policy, silu = self.dtype_policy, keras.activations.silu
        self.hidden = dense(width, activation=silu, dtype=policy, name="hidden")
        self.output_layer = dense(width, dtype=policy, name="output")

    def build(self, input_shape=None):
        self.hidden.build((None, 2 * self.frequencies))
        self.output_layer.build((None, self.width))

    def call(self, log_snr):
        # tan(angle) = noise rate / signal rate = exp(-log_snr / 2).
        angle = ops.arctan(ops.exp(-0.5 * ops.cast(log_snr, "float32")))
        timestep = angle * (STEPS * 2 / math.pi)
        periods = ops.arange(self.frequencies, dtype="float32") / self.frequencies
        phases = timestep[:, None] * ops.exp(-math.log(LONGEST_PERIOD) * periods)[None]
        waves = ops.concatenate([ops.sin(phases), ops.cos(phases)], axis=-1)
        return self.output_layer(self.hidden(ops.cast(waves, self.compute_dtype)))
