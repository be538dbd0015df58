"""Upsampling and the convolution after it in one operation."""

import keras
from keras import layers, ops

from hwgen_keras.backend import fractionally_strided_convolution


@keras.saving.register_keras_serializable("hwgen_keras")
class UpsampledConv2D(layers.Conv2D):
    """Nearest-neighbour upsampling by two, then a 3x3 convolution, in one pass.

    Each output pixel depends on only 2x2 pixels of the input. So a 4x4 kernel of sums
    of the 3x3 weights, with a stride of half an input pixel, gives the same numbers
    with 16 multiplications instead of 36. Weights, their names and their shapes are
    those of `keras.layers.Conv2D`.

    Args:
        filters: number of output channels.
        kwargs: those of `keras.layers.Conv2D`; kernel size, strides and padding are
            fixed.

    Input: (batch, height, width, channels).
    Output: (batch, 2 height, 2 width, `filters`).

    Reference: Dumoulin and Visin, A guide to convolution arithmetic for deep
    learning, 2016, section 4 (fractionally strided convolution).
    """

    def __init__(self, filters, **kwargs):
        fixed = {"kernel_size": 3, "strides": 1, "padding": "same"}
        super().__init__(filters, **{**kwargs, **fixed})

    def call(self, inputs):
        # An input pixel covers two rows and two columns of the upsampled image.
        kernel = ops.pad(self.kernel, ((1, 1), (1, 1), (0, 0), (0, 0)))
        kernel = kernel[:-1] + kernel[1:]
        kernel = kernel[:, :-1] + kernel[:, 1:]
        outputs = fractionally_strided_convolution(inputs, kernel)
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        height, width = (side and 2 * side for side in (height, width))
        return (batch, height, width, self.filters)
