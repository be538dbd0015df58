"""Draws a track as an image."""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.images import check_layout
from hwgen_keras.sources.ink import stamp
from hwgen_keras.sources.track import Track


def draw_track(track: Track, image_size: int, margin: float = 0.08) -> NDArray:
    """Draws the ink of a track so that it fills the square, as `PenWriter.draw` does.

    Args:
        track: the `Track`.
        image_size: side of the square in pixels, at least 8.
        margin: empty border on each side as a fraction of the side, in [0, 0.4].

    Returns:
        uint8 array (image_size, image_size), 0 ink, 255 paper.

    Raises:
        InputError: a value is out of range.
    """
    check_layout(image_size, margin)
    placed = track.filling(margin)
    ink = track_ink(placed, image_size, np.ones(placed.inked.shape))
    return np.round(255 * (1 - ink)).astype(np.uint8)


def track_ink(track: Track, image_size: int, darkness: NDArray) -> NDArray:
    """The ink of a track that stays where it is.

    Args:
        track: the `Track`.
        image_size: side of the square in pixels.
        darkness: (2n - 1, P - 1), of each segment in [0, 1]; 1 is full ink, and
            what is 0 covers nothing.

    Returns:
        float array (image_size, image_size) in [0, 1], 0 where there is no ink.
    """
    inked = track.inked & (darkness > 0)
    if not inked.any():
        return np.zeros((image_size, image_size))
    points = track.points.astype(float) * image_size
    radii = track.radii.astype(float) * image_size
    starts, ends = points[:, :-1][inked], points[:, 1:][inked]
    first, last = radii[:, :-1][inked], radii[:, 1:][inked]
    return stamp(starts, ends, first, last, darkness[inked], image_size)
