"""The skeleton of ink: the pixels in the middle of lines, as a graph."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree
from skimage.filters import threshold_otsu
from skimage.morphology import skeletonize

from hwgen_keras.sources.images import pieces

# Steps from a pixel to its neighbours: down, right.
STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
# Pieces of ink, and holes in it, of fewer pixels are dirt.
_SPECK, _HOLE = 7, 5
# A branch that ends is a spur of thick ink, not a line, if it is shorter than so many
# radii of the ink where it begins, or than so many pixels.
_SPUR_RADII, _SPUR_PIXELS = 1.3, 2
# Directions are those of the pixels so far around.
_REACH = 3
# Lines are measured across by so many samples, from so many pixels beyond the ink on.
_SAMPLES, _BEYOND = 33, 2.0
# A line is measured where it has a direction, and has paper (this share of ink, or
# less) on both sides; at as many places as these, at least.
_STRAIGHT, _PAPER, _PLACES = 0.5, 0.1, 8
# What the depth of a line's middle has beyond half the width on average, in pixels: it
# counts to the middle of the first pixel of paper, and the middle is that of a pixel.
_TOO_DEEP = 0.25
# Half the width of the thinnest line, in pixels.
_THINNEST = 0.25


class Skeleton:
    """The pixels in the middle of the lines of a character.

    Args:
        image: uint8 (side, side), black on white.

    Attributes:
        side: of the image in pixels.
        points: (n, 2), the middles of the pixels, x and y as shares of the side.
        radii: (n,), half the width of the ink there, as a share of the side.
        neighbours: (n, 8), indices of the adjacent pixels of the skeleton, else -1.
        directions: (n, 2), cosine and sine of twice the angle of the line; shorter
            where lines meet.
        tree: `scipy.spatial.KDTree` of `points`.
        distances: (side, side), distance of each pixel from the skeleton, in shares.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        ink = _without_specks(image <= threshold_otsu(image))
        self.side = len(ink)
        depth = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
        mask = _without_spurs(skeletonize(ink), depth)
        rows, columns = np.nonzero(mask)
        self.points = (np.stack([columns, rows], axis=1) + 0.5) / self.side
        index = np.full(ink.shape, -1)
        index[rows, columns] = np.arange(len(rows))
        index = np.pad(index, 1, constant_values=-1)
        near = [index[rows + 1 + down, columns + 1 + right] for down, right in STEPS]
        self.neighbours = np.stack(near, axis=1)
        self.directions = _directions(mask, rows, columns)
        deep = depth[rows, columns]
        alone = (self.neighbours >= 0).sum(1) == 2
        deep -= _too_deep(image, rows, columns, deep, self.directions, alone)
        self.radii = np.maximum(deep, _THINNEST) / self.side
        self.tree = KDTree(self.points)
        self.distances = ndimage.distance_transform_edt(~mask) / self.side


def _without_specks(ink):
    """Ink without dirt and without holes that are dirt."""
    labels, areas = pieces(ink)
    if areas.max() >= _SPECK:
        ink = (areas >= _SPECK)[labels]
    labels, areas = pieces(~ink)
    return ink | ((areas < _HOLE) & (areas > 0))[labels]


def _without_spurs(mask, depth):
    """A skeleton without the branches that thinning leaves in thick ink."""
    mask = mask.copy()
    for _ in range(2):
        count = ndimage.convolve(mask.astype(np.uint8), _AROUND, mode="constant")
        spurs = [
            _spur(mask, tuple(end), depth) for end in np.argwhere(mask & (count == 1))
        ]
        if not any(spurs):
            break
        for pixel in (pixel for spur in spurs for pixel in spur):
            mask[pixel] = False
        mask = skeletonize(mask)
    return mask


def _spur(mask, end, depth):
    """The pixels from an end to the junction, if that is near; else none."""
    path, seen = [end], {end}
    while True:
        row, column = path[-1]
        around = [(row + down, column + right) for down, right in STEPS]
        onward = [
            pixel
            for pixel in around
            if pixel not in seen
            and 0 <= min(pixel)
            and max(pixel) < len(mask)
            and mask[pixel]
        ]
        if len(onward) != 1:
            break
        path.append(onward[0])
        seen.add(onward[0])
    longest = max(_SPUR_PIXELS, _SPUR_RADII * depth[path[-1]])
    return path[:-1] if onward and len(path) - 1 <= longest else []


def _directions(mask, rows, columns):
    """The direction of the line at each pixel, as twice its angle: (n, 2)."""
    padded = np.pad(mask, _REACH).astype(float)
    cosine, sine = np.zeros(len(rows)), np.zeros(len(rows))
    span = range(-_REACH, _REACH + 1)
    for down, right in ((down, right) for down in span for right in span):
        there = padded[rows + _REACH + down, columns + _REACH + right]
        cosine += there * (right * right - down * down)
        sine += there * 2 * right * down
    size = np.hypot(cosine, sine)
    # Twelve is what two pixels of a line, at a distance of two and more, add up to.
    return np.stack([cosine, sine], axis=1) / np.maximum(size, 12.0)[:, None]


def _too_deep(image, rows, columns, depth, directions, alone):
    """By how many pixels the depth is more than half the width of the lines.

    A line is as wide as there is ink across it. Greys tell this more exactly than the
    pixels of the mask do, in which a thin line is one or two pixels wide.

    Args:
        image: uint8 (side, side), black on white.
        rows, columns: (n,), the pixels of the skeleton.
        depth: (n,), distance to the nearest pixel of paper, in pixels.
        directions: see `Skeleton`.
        alone: (n,), bool, pixels of the skeleton with two neighbours.
    """
    angle = np.arctan2(directions[:, 1], directions[:, 0]) / 2
    reach = depth + _BEYOND
    across = np.linspace(-1, 1, _SAMPLES) * reach[:, None]
    places = (
        rows[:, None] + np.cos(angle)[:, None] * across,
        columns[:, None] - np.sin(angle)[:, None] * across,
    )
    ink = ndimage.map_coordinates(1 - image / 255.0, places, order=1)
    width = 2 * reach * ink.sum(1) / (_SAMPLES - 1)
    clear = ink[:, [0, -1]].max(1) <= _PAPER
    measured = alone & clear & (np.hypot(*directions.T) >= _STRAIGHT)
    if measured.sum() < _PLACES:
        return _TOO_DEEP
    return float((depth - width / 2)[measured].mean())
