"""Even light, polarity and contrast: ink becomes black and paper white."""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import LEAST_CONTRAST, edge_pixels

# Blocks a side in which the brightness of the paper is looked for.
_BLOCKS = 8
# Paper is uneven from this many greys on, and so many times the step from a pixel to
# the next. Darker than this share, it may be ink.
_UNEVEN, _NOISE, _DARKEST_PAPER = 10, 1.5, 0.3
# The greatest distance of the paper's brightness from a parabola, as a share of its
# range: up to the first it is one, and beyond the second nothing is done.
_SMOOTH, _DIPS = 0.1, 0.4
# How deep a frame may lie, as a share of the side.
_FRAME_DEPTH = 0.16
# Shares of a ring around the middle that is paper, or that is not.
_FEW, _MOST = 0.25, 0.95
# What dark paper covers at least. Bold print that is cropped to its ink covers less.
_DARK = 0.8


def even_light(image):
    """An image whose paper has one brightness, ink on it of either polarity.

    The paper's brightness is that of the lightest parts of blocks, or of the darkest
    for light ink. Where blocks may be full of ink, nothing is done.

    Args:
        image: uint8 (height, width).

    Returns:
        uint8 (height, width), the image itself if its paper is even.
    """
    if min(image.shape) < 2 * _BLOCKS:
        return image
    low, high = _block_percentiles(image)
    if min(np.ptp(low), np.ptp(high)) < _UNEVEN:
        return image
    # Strokes cover some of the blocks; paper is smooth.
    light_ink = _roughness(low) < _roughness(high)
    if light_ink:
        return 255 - _divided(255 - image, 255 - low)
    return _divided(image, high)


def black_on_white(image, name, frames=False):
    """Inverts white ink on black and stretches the contrast, so that paper is 255.

    Args:
        image: uint8 (height, width).
        name: of the image in an error.
        frames: whether lines along the edges may be a frame instead of paper.

    Raises:
        InputError: there is too little contrast.
    """
    blank = InputError(f"{name} is blank; remove it, or scan it with more contrast.")
    if image.max() - image.min() < LEAST_CONTRAST:
        raise blank
    dark = image <= threshold_otsu(image)
    # Even bold ink rarely touches most of the edges.
    inverted = edge_pixels(dark).mean() > 0.5
    if inverted != (dark.mean() > 0.5) and frames:
        inverted = _inverted_in_frame(dark, inverted)
    if inverted:
        image, dark = 255 - image, ~dark
    paper, black = np.median(image[~dark]), np.percentile(image[dark], 20)
    if paper - black < LEAST_CONTRAST:
        raise blank
    stretched = (image - black) * (255 / (paper - black))
    return np.clip(stretched, 0, 255).round().astype(np.uint8)


def _inverted_in_frame(dark, inverted):
    """Whether paper is dark, although or as the edges are: those may be a frame."""
    reach = int(_FRAME_DEPTH * min(dark.shape))
    rings = [
        edge_pixels(dark[k : len(dark) - k, k : dark.shape[1] - k]).mean()
        for k in range(1, reach)
    ]
    if inverted and min(rings, default=1) < _FEW:
        return False
    return inverted or (dark.mean() > _DARK and max(rings, default=0) > _MOST)


def _block_percentiles(image):
    """The 10th and the 90th percentile of each block, float (blocks, blocks) each."""
    # Large images have more pixels than it takes.
    step = max(1, min(image.shape) // 96)
    image = image[::step, ::step]
    rows, columns = (side // _BLOCKS for side in image.shape)
    top, left = (side % _BLOCKS // 2 for side in image.shape)
    blocks = image[top : top + _BLOCKS * rows, left : left + _BLOCKS * columns]
    blocks = blocks.reshape(_BLOCKS, rows, _BLOCKS, columns).swapaxes(1, 2)
    last = rows * columns - 1
    low, high = round(0.1 * last), round(0.9 * last)
    blocks = np.partition(blocks.reshape(_BLOCKS, _BLOCKS, -1), (low, high), axis=-1)
    return blocks[..., low].astype(float), blocks[..., high].astype(float)


def _roughness(field):
    """What a parabola leaves of a field, on average."""
    return np.abs(field - _parabola(field)).mean()


def _parabola(field, shape=(_BLOCKS, _BLOCKS)):
    """The parabola that fits a field of blocks best, at the pixels of a shape."""
    factors = _FIT @ field.ravel()
    return np.einsum("k,kyx->yx", factors, _terms(*shape))


def _terms(height, width):
    """The terms of a parabola, float (6, height, width)."""
    y = ((np.arange(height) + 0.5) / height - 0.5)[:, None]
    x = ((np.arange(width) + 0.5) / width - 0.5)[None]
    return np.stack(np.broadcast_arrays(1.0, x, y, x * x, y * y, x * y))


_FIT = np.linalg.pinv(_terms(_BLOCKS, _BLOCKS).reshape(6, -1).T)


def _divided(image, paper):
    """An image divided by its paper, which is looked for between blocks of ink."""
    paper = ndimage.grey_closing(paper, (3, 3), mode="nearest")
    lightest, darkest = paper.max(), paper.min()
    steps = np.abs(np.diff(image[::2].astype(np.int16), axis=1))
    least = _UNEVEN + _NOISE * np.median(steps)
    if lightest - darkest < least or darkest < _DARKEST_PAPER * lightest:
        return image
    # Dense, bold ink leaves dips.
    dips = np.abs(paper - _parabola(paper)).max()
    if dips > _DIPS * (lightest - darkest):
        return image
    if dips <= _SMOOTH * (lightest - darkest):
        # It goes on to the edges, where blocks do not show how.
        field = np.maximum(_parabola(paper, image.shape), _DARKEST_PAPER * lightest)
    else:
        size = image.shape[::-1]
        small = Image.fromarray(paper.astype(np.float32))
        field = np.asarray(small.resize(size, Image.Resampling.BICUBIC))
    return np.clip(np.rint(image * (lightest / field)), 0, 255).astype(np.uint8)
