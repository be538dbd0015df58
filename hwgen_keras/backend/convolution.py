"""A convolution for the frameworks that have a fast transposed one."""

from keras import ops


def fractionally_strided_convolution(x, kernel):
    """Upsamples by two; input pixels are half a step of the kernel apart.

    Args:
        x: (batch, height, width, channels).
        kernel: (4, 4, channels, filters); even rows and columns meet even output
            pixels, odd ones odd pixels.

    Returns:
        (batch, 2 height, 2 width, filters).
    """
    # A transposed convolution reads its kernel backwards.
    kernel = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))
    return ops.conv_transpose(x, kernel, strides=2, padding="same")
