"""Seeds of layers that draw random numbers."""

import random


def layer_seed():
    """A seed from Python's generator, which `keras.utils.set_random_seed` seeds.

    On torch a Dropout layer without a seed uses torch's global generator, which no
    checkpoint holds. A resumed run would then differ from an uninterrupted one.
    """
    return random.randrange(2**31)
