"""The frame of a new hand, in NumPy: exported models write without Keras.

`layers.HandFrame` is the same inside a network.
"""

import numpy as np


def drawn_frame(mean, deviation, rng):
    """The `HandFrame.numbers` of a new hand, float32 (n,).

    Args:
        mean, deviation: (n,), of the numbers of known hands.
        rng: a NumPy generator.
    """
    # More than two deviations would be no hand that anybody writes.
    numbers = np.clip(rng.standard_normal(len(mean)), -2, 2)
    return (mean + deviation * numbers).astype(np.float32)


def framed(points, radii, numbers):
    """Points (..., 2) and radii as a hand writes them that has these numbers."""
    matrix = numbers[:4].reshape(2, 2) + np.eye(2, dtype=np.float32)
    turned = (points.astype(np.float32) - 0.5) @ matrix.T
    radii = radii.astype(np.float32) * np.exp(numbers[6])
    return 0.5 + turned + numbers[4:6], radii
