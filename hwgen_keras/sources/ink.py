"""Draws lines of varying width as antialiased pixels."""

import numpy as np

# Thinner lines would break up at small sizes.
_LEAST_RADIUS = 0.45


def stamp(starts, ends, start_radii, end_radii, darkness, image_size):
    """Draws straight pieces with round ends as discs along them.

    Args:
        starts, ends: float arrays (pieces, 2), x and y in pixels from the top left.
        start_radii, end_radii: float arrays (pieces,), half the width in pixels.
        darkness: float array (pieces,) in [0, 1]; 1 is full ink.
        image_size: side of the square image in pixels.

    Returns:
        float array (image_size, image_size) in [0, 1], 0 where there is no ink.
    """
    centres, radii, tones = _discs(starts, ends, start_radii, end_radii, darkness)
    reach = int(np.ceil(radii.max() + 0.5))
    offsets = np.arange(-reach, reach + 1)
    corners = np.floor(centres).astype(int)
    # Distance from each disc's centre to the middles of the pixels around it.
    shifts = offsets + 0.5 - (centres - corners)[:, :, None]
    distances = np.sqrt(shifts[:, 1, :, None] ** 2 + shifts[:, 0, None, :] ** 2)
    covered = np.clip(radii[:, None, None] + 0.5 - distances, 0, 1)
    covered *= tones[:, None, None]
    # A border, cut off later, takes the discs beyond the edge.
    side = image_size + 2 * reach + 2
    middles = np.clip(corners + reach + 1, reach, side - reach - 1)
    indices = (middles[:, 1, None] + offsets)[:, :, None] * side
    indices = indices + (middles[:, 0, None] + offsets)[:, None, :]
    canvas = np.zeros(side * side)
    inked = covered > 0
    np.maximum.at(canvas, indices[inked], covered[inked])
    border = reach + 1
    return canvas.reshape(side, side)[border:-border, border:-border]


def _discs(starts, ends, start_radii, end_radii, darkness):
    """Centres, radii and darkness of discs that are close enough to form lines."""
    lengths = np.hypot(*(ends - starts).T)
    spacing = np.maximum(0.5, 0.35 * np.minimum(start_radii, end_radii))
    counts = np.maximum(1, np.ceil(lengths / spacing)).astype(int) + 1
    piece = np.repeat(np.arange(len(starts)), counts)
    first = np.cumsum(counts) - counts
    t = (np.arange(len(piece)) - first[piece]) / (counts[piece] - 1)
    centres = starts[piece] + t[:, None] * (ends - starts)[piece]
    radii = start_radii[piece] + t * (end_radii - start_radii)[piece]
    return centres, np.maximum(radii, _LEAST_RADIUS), darkness[piece]
