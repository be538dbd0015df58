"""Changing the mean width of the strokes of a drawing."""

import numpy as np
from scipy import ndimage
from skimage.morphology import skeletonize

from hwgen_keras.sources.images import bounds

# Largest width as a share of the mean distance between strokes.
_MOST_OF_DISTANCE = 0.28
# Share of the width that remains where thinning would remove a stroke.
_THINNEST = 0.35


def with_stroke_width(ink, width):
    """Thickens or thins all strokes by the same amount to a mean width.

    The hand's pressure is kept: heavy parts of a stroke stay wider than light ones.
    Dense characters get thinner strokes, as in print, so that strokes do not merge.

    Args:
        ink: bool (height, width), True is ink.
        width: target mean width in pixels.

    Returns:
        uint8 (height, width), 0 ink, 255 paper, antialiased.
    """
    pad = int(np.ceil(width)) + 2
    ink = np.pad(ink, pad)
    inside = ndimage.distance_transform_edt(ink)
    skeleton = skeletonize(ink)
    if not skeleton.any():
        return np.full(np.subtract(ink.shape, 2 * pad), 255, np.uint8)
    top, bottom, left, right = bounds(ink)
    side = max(bottom - top, right - left)
    distance = side**2 / skeleton.sum()
    width = min(width, max(1.0, _MOST_OF_DISTANCE * distance))
    grow = (width - (2 * inside[skeleton].mean() - 1)) / 2
    # Distance beyond the ink's edge, which lies half a pixel from the outer pixels.
    beyond = np.where(ink, 0.5 - inside, ndimage.distance_transform_edt(~ink) - 0.5)
    # Smoothed, so that the steps of the pixels do not show as bumps.
    beyond = ndimage.gaussian_filter(beyond, 1)
    coverage = np.clip(0.5 + grow - beyond, 0, 1)
    if grow < 0:
        line = ndimage.distance_transform_edt(~skeleton)
        coverage = np.maximum(coverage, np.clip(0.5 + _THINNEST * width - line, 0, 1))
    coverage = coverage[pad:-pad, pad:-pad]
    return np.round(255 * (1 - coverage)).astype(np.uint8)
