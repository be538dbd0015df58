"""How the kernels of the generators begin."""

import keras


def fan_in_uniform():
    """Uniform within ±1/√fan-in, PyTorch's default and so the published generator's.

    Keras's own default has three times its variance or more: through the depth of the
    generator the first images come out some ten times too strong, and hundreds of
    steps are lost in bringing them down.
    """
    # A new one each time: an initializer gives the same numbers at every call.
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
