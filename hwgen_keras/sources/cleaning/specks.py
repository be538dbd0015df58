"""What is no part of a character: neighbours, specks, what shines through."""

import math

import numpy as np
from scipy import ndimage

from hwgen_keras.sources.images import bounds, pieces

# A connected piece is a speck if it is at most these shares of the image and the ink.
_SPECK_SHARE_OF_IMAGE = 0.0005
_SPECK_SHARE_OF_INK = 0.01
# One that is far from all other ink may be so many times as large.
_ALONE = 4
# A speck nearer to ink than this share of the side may be a part of it.
_SPECK_DISTANCE = 0.03
# Depth of a neighbour at one edge, and at one of two opposite edges.
_DEPTH, _DEPTH_OF_BOTH = 0.15, 0.06
# The least distances of the character from its neighbours and from the edges.
_GAP, _CLEAR = 0.03, 0.02
# The least share of the ink and of the side that a character with neighbours has.
_LEAST_INK, _LEAST_SIDE = 0.75, 0.4
# Darkness below which what is apart from ink comes from the other side of the paper.
_SHINES_THROUGH = 0.42


def specks(labels, areas, larger=1):
    """Which of the pieces of ink are specks, bool (pieces + 1,); paper is none.

    Args:
        labels, areas: see `pieces`.
        larger: factor on the share of the ink that a speck may have.
    """
    most = min(
        _SPECK_SHARE_OF_IMAGE * labels.size, larger * _SPECK_SHARE_OF_INK * areas.sum()
    )
    return (areas > 0) & (areas <= most)


def without_specks(image, ink):
    """Erases specks that are far from all other ink, and faint spots and writing.

    Args:
        image: uint8 (height, width), 0 ink, 255 paper.
        ink: bool (height, width), what is darker than a threshold.
    """
    labels, areas = pieces(ink)
    small = specks(labels, areas, _ALONE)
    kept = ink & ~small[labels]
    if not kept.any():
        return image
    side = max(ink.shape)
    reach = math.ceil(2 + 0.015 * side)
    faint = (image > 255 * (1 - _SHINES_THROUGH)) & (image < 255)
    erased = faint & ~ndimage.maximum_filter(kept, 2 * reach + 1)
    if small.any():
        distance = ndimage.distance_transform_edt(~kept)
        nearest = ndimage.minimum(distance, labels, np.arange(len(areas)))
        alone = small & (nearest > max(reach, _SPECK_DISTANCE * side))
        spots = ndimage.binary_dilation(alone[labels], iterations=2)
        erased |= spots & (distance > reach)
    return np.where(erased, 255, image).astype(np.uint8) if erased.any() else image


def without_neighbours(image, ink):
    """Erases pieces of other characters that the edges cut.

    Nothing is done unless the rest is a character by itself that touches no edge.

    Args:
        image, ink: see `without_specks`.
    """
    touched = [edge.any() for edge in (ink[0], ink[:, -1], ink[-1], ink[:, 0])]
    if not any(touched):
        return image
    height, width = ink.shape
    labels, areas = pieces(ink)
    foreign = np.zeros(len(areas), bool)
    both = touched[0] and touched[2], touched[1] and touched[3]
    boxes = ndimage.find_objects(labels)
    for number, (rows, columns) in enumerate(boxes, 1):
        depths = (
            *(rows.stop / height, 1 - columns.start / width),
            *(1 - rows.start / height, columns.stop / width),
        )
        touches = rows.start == 0, columns.stop == width, rows.stop == height
        for side, touch in enumerate((*touches, columns.start == 0)):
            most = _DEPTH_OF_BOTH if both[side % 2] else _DEPTH
            foreign[number] |= touch and depths[side] <= most
    if not foreign.any():
        return image
    rest = ink & ~foreign[labels]
    if rest.sum() < _LEAST_INK * ink.sum():
        return image
    top, bottom, left, right = bounds(rest)
    clear = top >= _CLEAR * height and height - bottom >= _CLEAR * height
    clear &= left >= _CLEAR * width and width - right >= _CLEAR * width
    side = max(bottom - top, right - left)
    if not clear or side < _LEAST_SIDE * max(height, width):
        return image
    distance = ndimage.distance_transform_edt(~rest)
    others = foreign[labels]
    if distance[others].min() < _GAP * max(height, width):
        return image
    erased = ndimage.binary_dilation(others, iterations=3) & (distance > 2)
    return np.where(erased, 255, image).astype(np.uint8)
