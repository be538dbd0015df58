"""Spectral normalisation of a convolution."""

import keras
from keras import layers, ops

# Keeps the division away from zero.
EPSILON = 1e-12


@keras.saving.register_keras_serializable("hwgen_keras")
class SpectralConv2D(layers.Conv2D):
    """A `Conv2D` whose kernel is divided by its largest singular value.

    The kernel is reshaped to a matrix (height · width · channels, filters). Each call
    in training does one power iteration for its largest singular value σ. Gradients
    pass through σ; `keras.layers.SpectralNormalization` overwrites the kernel instead,
    so its σ has no gradient.

    Args: those of `keras.layers.Conv2D`.

    Reference: Miyato et al., Spectral Normalization for Generative Adversarial
    Networks, 2018, equation 8 and algorithm 1.
    """

    def build(self, input_shape):
        super().build(input_shape)
        # Seeded, since no checkpoint holds torch's own generator.
        self.singular_vector = self.add_weight(
            name="singular_vector",
            shape=(self.filters,),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=0),
            trainable=False,
            autocast=False,
        )

    def call(self, inputs, training=False):
        kernel = ops.cast(self.kernel, "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        constant = ops.stop_gradient(matrix)
        left = _unit(ops.matmul(constant, self.singular_vector))
        if training:
            # v of the paper is `left`, u is `right`.
            right = _unit(ops.matmul(left, constant))
            self.singular_vector.assign(right)
            left = _unit(ops.matmul(constant, right))
        else:
            right = _unit(ops.convert_to_tensor(self.singular_vector))
        largest = ops.sum(left * ops.matmul(matrix, right))
        outputs = ops.conv(
            inputs,
            ops.cast(kernel / (largest + EPSILON), self.compute_dtype),
            strides=list(self.strides),
            padding=self.padding,
            data_format=self.data_format,
        )
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    # Keras's convolutions save only kernel and bias.
    def save_own_variables(self, store):
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        layers.Layer.load_own_variables(self, store)


def _unit(vector):
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + EPSILON)
