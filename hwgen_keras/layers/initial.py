"""Convolutions and dense layers with the initial weights of the published generator."""

import keras
from keras import layers


def fan_in_uniform():
    """Uniform within ±1/√fan-in, the default of PyTorch and of the published generator.

    Keras's own default is wider. Through the depth of the generator the first images
    then have a standard deviation of about 3 instead of 0.4, and hundreds of steps are
    lost in reducing it.
    """
    # A new one for each layer: an initializer gives the same numbers at every call.
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def convolution(filters, kernel_size, kind=layers.Conv2D, **arguments):
    """A `kind` of convolution with `fan_in_uniform` weights and padding "same"."""
    defaults = {"padding": "same", "kernel_initializer": fan_in_uniform()}
    return kind(filters, kernel_size=kernel_size, **{**defaults, **arguments})


def dense(width, **arguments):
    """A `Dense` layer with `fan_in_uniform` weights."""
    return layers.Dense(width, kernel_initializer=fan_in_uniform(), **arguments)
