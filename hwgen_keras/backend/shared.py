"""The parts of `hwgen_keras.backend` that need no framework, and their defaults."""

from collections.abc import Callable
from typing import Any

from keras import ops


class ModelAttributes:
    """The attributes of a `keras.Model` that `StatefulTrainer` uses."""

    update: Callable
    get_metrics_result: Callable
    optimizer: Any
    trainable_variables: list
    non_trainable_variables: list
    metrics_variables: list


def device_count():
    """See `hwgen_keras.backend`."""
    return 1


def process():
    """See `hwgen_keras.backend`."""
    return 0, 1


def expected_process():
    """See `hwgen_keras.backend`."""
    return 0, 1


def meet():
    """See `hwgen_keras.backend`."""


def in_any_process(flag):
    """See `hwgen_keras.backend`."""
    return flag


def replica_count():
    """See `hwgen_keras.backend`."""
    return 1


def gather_rows(x):
    """See `hwgen_keras.backend`."""
    return x


def sum_over_replicas(x):
    """See `hwgen_keras.backend`."""
    return x


def synchronize_batch_norm(model):
    """See `hwgen_keras.backend`."""


def fractionally_strided_convolution(x, kernel):
    """Upsamples by two; the kernel has a stride of half an input pixel.

    Args:
        x: (batch, height, width, channels).
        kernel: (4, 4, channels, filters); even rows and columns contribute to even
            output pixels, odd ones to odd pixels.

    Returns:
        (batch, 2 height, 2 width, filters).
    """
    # A transposed convolution flips its kernel.
    kernel = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))
    return ops.conv_transpose(x, kernel, strides=2, padding="same")
