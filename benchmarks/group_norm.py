"""python benchmarks/group_norm.py

Group normalisation of Keras against the package's, which reads the features once for
the statistics of the channels and never reshapes them. Forward and backward on the
backend in use; prints the ratio.
"""

import keras
from timing import compare

from hwgen_keras.layers import GroupNorm


def of_keras(width):
    return keras.layers.GroupNormalization(8, epsilon=1e-5)


if __name__ == "__main__":
    compare(__doc__, of_keras, GroupNorm, width=16)
