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
    inked = track.inked
    if not inked.any():
        return np.full((image_size, image_size), 255, np.uint8)
    placed = track.filling(margin)
    points = placed.points.astype(float) * image_size
    radii = placed.radii.astype(float) * image_size
    starts, ends = points[:, :-1][inked], points[:, 1:][inked]
    first, last = radii[:, :-1][inked], radii[:, 1:][inked]
    ink = stamp(starts, ends, first, last, np.ones(len(starts)), image_size)
    return np.round(255 * (1 - ink)).astype(np.uint8)
