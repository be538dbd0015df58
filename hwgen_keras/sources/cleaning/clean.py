"""Cleaning an image of one character."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from skimage.filters import threshold_otsu

from hwgen_keras.errors import InputError, check_number
from hwgen_keras.sources.cleaning.frames import without_frame
from hwgen_keras.sources.cleaning.light import black_on_white, even_light
from hwgen_keras.sources.cleaning.specks import (
    specks,
    without_neighbours,
    without_specks,
)
from hwgen_keras.sources.cleaning.stroke_width import with_stroke_width
from hwgen_keras.sources.images import (
    as_array,
    bounds,
    check_layout,
    pieces,
    place_in_square,
)

# The least side at which the width of strokes is changed, pixels.
_FINE = 160


def clean_image(
    image: ArrayLike,
    image_size: int,
    margin: float = 0.08,
    *,
    border_fraction: float = 0.0,
    threshold: bool = False,
    box_margin: float | None = None,
    repair: bool = True,
    stroke_width: float | None = None,
    name: str = "The image",
) -> NDArray[np.uint8]:
    """Turns a scan of one character into a centred square, black on white.

    White ink on black paper is inverted, the contrast is stretched to the full
    range, the empty border is cut off with the specks in it, and the character is
    scaled to fill the square.

    Damage is looked for and undone, in this order: uneven light; ruled boxes and lines
    near the edges; pieces of other characters that the edges cut; specks, and faint
    writing that shines through the paper. Where a piece may be a part of the character
    it stays: a box as heavy as the strokes around what may be print, say, as of 国.

    Args:
        image: uint8 array (height, width), ink on paper of either polarity.
        image_size: side of the square in pixels.
        margin: empty border on each side as a fraction of the side, in [0, 0.4].
        border_fraction: share of the side to cut off first at each edge, in
            [0, 0.45]; for ruled boxes of a known width.
        threshold: whether to reduce the scan to pure black and white (Otsu's
            method) before scaling; only the antialiased edges are grey then.
        box_margin: None, or a number in [0, 0.4] if the scan is the whole box in which
            the character was written: then the box, without this share of its side at
            each edge, fills the square instead of the ink, so that small kana and
            punctuation keep their size and place. A ruled box that was found is that
            box. No ink of the character is cut off.
        repair: whether to undo damage. Clean images are the same without it, and take
            less time.
        stroke_width: None, or the mean width of all strokes as a share of the side, in
            [0.01, 0.2], whatever the pen; dense characters get thinner ones. Use it for
            a reader only if that was trained on such images.
        name: name of the image in an error, for instance its path.

    Returns:
        uint8 array (image_size, image_size).

    Raises:
        InputError: the image is blank, it is not uint8 (height, width), or a number is
            out of range.

    Example:
        >>> scan = np.full((60, 40), 230, "uint8")
        >>> scan[20:40, 18:21] = 60
        >>> image = hw.clean_image(scan, image_size=32)
        >>> image.shape, int(image.min()), int(image.max())
        ((32, 32), 0, 255)

    Reference: N. Otsu, A threshold selection method from gray-level histograms,
    IEEE Transactions on Systems, Man, and Cybernetics 9 (1979).
    """
    check_layout(image_size, margin)
    image = as_array(image, name)
    if image.ndim != 2 or image.dtype != np.uint8 or 0 in image.shape:
        raise InputError(
            f"{name} has shape {image.shape} and type {image.dtype}; "
            "give uint8 greys of shape (height, width), as read_image returns them."
        )
    check_number(
        *(border_fraction, "border_fraction", "a number from 0 to 0.45"), most=0.45
    )
    if box_margin is not None:
        check_number(
            *(box_margin, "box_margin", "None, or a number from 0 to 0.4"), most=0.4
        )
    if stroke_width is not None:
        check_number(
            *(stroke_width, "stroke_width", "None, or a number from 0.01 to 0.2"),
            least=0.01,
            most=0.2,
        )
    trim_y, trim_x = (math.floor(side * border_fraction) for side in image.shape)
    image = image[trim_y : image.shape[0] - trim_y, trim_x : image.shape[1] - trim_x]
    if repair:
        image, box = _repaired(image, name)
    else:
        image, box = black_on_white(image, name), None
    ink = image <= threshold_otsu(image)
    edges = _ink_box(ink, name)
    if threshold:
        image = np.where(ink, 0, 255).astype(np.uint8)
    if box_margin is None:
        box = edges
    else:
        image, box = _boxed(image, edges, box, box_margin)
    top, bottom, left, right = box
    image = np.ascontiguousarray(image[top:bottom, left:right])
    if stroke_width:
        image = _with_stroke_width(image, stroke_width, margin, box is edges)
    return place_in_square(Image.fromarray(image), image_size, margin)


def _repaired(image, name):
    """An image without damage, black on white, and the bounds of the ruled box or None.

    What is clean stays as it is.
    """
    image = black_on_white(even_light(image), name, frames=True)
    box = None
    # Beside a box there may be the line of the next one.
    for _ in range(2):
        cleared, inside = without_frame(image)
        if cleared is image:
            break
        # The frame may have been darker than the ink.
        image, box = black_on_white(cleared, name), inside or box
    threshold = threshold_otsu(image)
    cleared = without_neighbours(image, image <= threshold)
    return without_specks(cleared, cleared <= threshold), box


def _boxed(image, edges, box, box_margin):
    """The writing box as a square image without its margin, and the bounds of it all.

    Args:
        image: uint8 (height, width).
        edges: (top, bottom, left, right) of the ink.
        box: those of the ruled box, if there is one.
        box_margin: see `clean_image`.
    """
    top, bottom, left, right = edges
    if box is not None:
        # Ink beyond the ruled box stays.
        first_y, first_x = min(top, box[0]), min(left, box[2])
        image = image[first_y : max(bottom, box[1]), first_x : max(right, box[3])]
        top, bottom, left, right = (
            *(top - first_y, bottom - first_y),
            *(left - first_x, right - first_x),
        )
    side = max(image.shape)
    square = np.full((side, side), 255, np.uint8)
    y, x = (side - np.array(image.shape)) // 2
    ink = image[top:bottom, left:right]
    top, bottom, left, right = y + top, y + bottom, x + left, x + right
    square[top:bottom, left:right] = ink
    cut = min(round(box_margin * side), top, left, side - bottom, side - right)
    return square, (cut, side - cut, cut, side - cut)


def _with_stroke_width(image, stroke_width, margin, cropped):
    """An image whose strokes have one mean width, a share of the square's side.

    Strokes that reach the edges grow beyond them, or shrink from them, if the image is
    cropped to its ink.
    """
    side = max(image.shape) / (1 - 2 * margin)
    # Finer than the pixels, so that thin strokes keep their form.
    factor = math.ceil(_FINE / side)
    width = stroke_width * side * factor
    size = factor * image.shape[1], factor * image.shape[0]
    fine = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    if not cropped:
        return with_stroke_width(fine <= 127, width)
    ink = np.pad(fine <= 127, math.ceil(width))
    drawn = with_stroke_width(ink, width)
    top, bottom, left, right = bounds(drawn < 128)
    return np.ascontiguousarray(drawn[top:bottom, left:right])


def _ink_box(ink, name):
    """Bounds (top, bottom, left, right) of all ink but specks, edges included."""
    labels, areas = pieces(ink)
    kept = (areas > 0) & ~specks(labels, areas)
    if not kept.any():
        raise InputError(f"{name} holds nothing but specks; remove it.")
    top, bottom, left, right = bounds(kept[labels])
    # The grey rim of antialiased ink lies one pixel outside the threshold.
    height, width = ink.shape
    return (
        *(max(top - 1, 0), min(bottom + 1, height)),
        *(max(left - 1, 0), min(right + 1, width)),
    )
