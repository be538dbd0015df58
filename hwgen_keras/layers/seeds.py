"""Seeds of layers that draw random numbers."""

import random


def layer_seed():
    """A seed for a layer, from Python's generator (`keras.utils.set_random_seed`).

    A Dropout layer without a seed draws, on torch, from torch's global generator, which
    no checkpoint holds: a resumed run would differ from one that never stopped.
    """
    return random.randrange(2**31)
