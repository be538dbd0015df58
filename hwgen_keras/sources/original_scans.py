"""The preparation of a scan as the original does it, for comparisons with it.

The original prepares the scans of its generator, of its CLIP and of its recogniser each
in another way. All three cut off the borders, scale what is left to a square whatever
its proportions, and make it black and white. They do not look for specks.
"""

import numpy as np
from skimage.filters import threshold_otsu
from skimage.transform import resize

# {name of a preparation: side in pixels; shares of the height and width that are cut
# off at the top, bottom, left and right}.
PREPARATIONS = {
    "original": (256, (0.1, 0.1, 0.17, 0.15)),
    "original_clip": (224, (0.125, 0.125, 0.15, 0.15)),
    "original_recogniser": (224, (0.1, 0.1, 0.1, 0.1)),
}
# The generator's square has this much paper around the ink. The last row and column of
# the ink count as margin, so that below and to the right there is one pixel less.
_SPACE = 10
# Paper around the scan from which the square is cut; the square ends at its edge.
_PAPER = 80
# CLIP's margin around the ink, before the image is scaled.
_CLIP_MARGIN = 20


def prepare_as_original(image, preparation):
    """A scan of one character as the original's networks see it.

    Args:
        image: uint8 array (height, width), black on white.
        preparation: a name in `PREPARATIONS`.

    Returns:
        uint8 array (side, side). Where nothing is written, it is white.

    Reference: path2handimg and path2img_etl of the original (commit a7b2d3e).
    """
    side, (top, bottom, left, right) = PREPARATIONS[preparation]
    height, width = image.shape
    image = image[
        round(height * top) : height - round(height * bottom),
        round(width * left) : width - round(width * right),
    ]
    image = _scaled(image, side, side)
    if image.min() == image.max():
        return np.full((side, side), 255, np.uint8)
    image = np.where(image > threshold_otsu(image), 255, 0).astype(np.uint8)
    if preparation == "original":
        return _scaled(_square_around(image), side, side)
    if preparation == "original_clip":
        return _scaled(_padded_box(image), side, side)
    return image


def _scaled(image, height, width):
    """Linear between the four nearest pixels, without smoothing before."""
    scaled = resize(image, (height, width), 1, "edge", anti_aliasing=False)
    return np.round(255 * scaled).astype(np.uint8)


def _ends(ink):
    """(First, last) index of the ink along both axes, rows before columns."""
    return [np.flatnonzero(ink.any(axis))[[0, -1]] for axis in (1, 0)]


def _square_around(image):
    """The ink in the middle of a square, which is cut off at the edge of the paper."""
    image = np.pad(image, _PAPER, constant_values=255)
    (top, bottom), (left, right) = _ends(image == 0)
    spare = int(round(((bottom - top) - (right - left)) / 2))
    top, bottom = top - max(-spare, 0), bottom + max(-spare, 0)
    left, right = left - max(spare, 0), right + max(spare, 0)
    top, left = max(top, _SPACE), max(left, _SPACE)
    return image[top - _SPACE : bottom + _SPACE, left - _SPACE : right + _SPACE]


def _padded_box(image):
    """The ink's box, widened to a square and with a margin."""
    (top, bottom), (left, right) = _ends(image == 0)
    box = image[top : bottom + 1, left : right + 1]
    height, width = box.shape
    rows, columns = max(width - height, 0) // 2, max(height - width, 0) // 2
    box = np.pad(box, ((rows, rows), (columns, columns)), constant_values=255)
    # Where the difference was odd, it is a pixel too narrow or too low.
    box = _scaled(box, len(box), len(box))
    return np.pad(box, _CLIP_MARGIN, constant_values=255)
