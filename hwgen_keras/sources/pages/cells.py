"""Cleaned images of the cells of a flat page, with reasons to suspect them."""

import dataclasses

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold, threshold_otsu

from hwgen_keras.sources.cleaning import clean_image
from hwgen_keras.sources.cleaning.stroke_width import with_stroke_width
from hwgen_keras.sources.images import (
    bounds,
    edge_pixels,
    keeps_place,
    pieces,
    place_in_square,
)
from hwgen_keras.sources.pages import layout as geometry
from hwgen_keras.sources.pages.rectify import PIXELS_PER_MM, edge_blur

# Width of the border around a box that is read with it, mm.
_MARGIN = geometry.GAP / 2
# Half the width of the strip in which the printed line of a box is expected, mm.
_LINE_REACH = 0.9
# Brightness that a piece of ink reaches, and that none of its pixels exceeds.
_INK, _BRIGHTEST_INK = 0.82, 0.9
# Standard deviations of the paper's grain between paper and ink.
_GRAINS = 5.0
_FAINT_INK = 0.71  # brightness of low contrast
_SPECK, _LEAST_INK = 0.12, 0.35  # mm²
# A piece of ink of which less than this share is in the box is a neighbour's.
_OWN = 0.25
_SMALLEST, _MOST_INK, _MOST_BLUR = 0.3, 0.45, 0.03  # shares of the box
# Distance of stray pieces as a share of the box, and their size as a share of the ink.
_FAR, _STRAY, _VERY_FAR = 0.3, 0.15, 0.5

BORDER = "ink touches the border"
BESIDE = "ink beside the box left out"
LITTLE = "little ink"
MUCH = "much ink"
APART = "pieces far apart"
FAINT = "low contrast"
BLURRED = "blurred"


@dataclasses.dataclass(frozen=True)
class Written:
    """The content of one cell."""

    cell: geometry.Cell
    # uint8 (image_size, image_size), 0 ink, 255 paper; None if the cell is empty.
    image: np.ndarray | None
    reasons: tuple  # of suspicion, as words
    seen: np.ndarray  # uint8 crop of the photo, evenly lit


def read_cells(flat, layout, image_size, margin=0.08, stroke_width=0.06):
    """Cuts a page into its cells and cleans their handwriting.

    Args:
        flat: a `FlatPage` of this layout.
        layout: the `Layout`.
        image_size: side of the images in pixels.
        margin: empty border on each side as a fraction of the side, in [0, 0.4].
        stroke_width: mean width of strokes as a share of the image's side; 0 keeps
            the pen's width.

    Returns:
        list of `Written`, one for each cell of the page.
    """
    written = []
    for cell in layout.cells(flat.page):
        crop = _crop(flat.brightness, cell, layout.box)
        clean = _without_box(crop, layout.box)
        ink, foreign = _ink(clean, layout.box)
        seen = np.round(255 * np.clip(crop, 0, 1)).astype(np.uint8)
        if ink.sum() < _LEAST_INK * PIXELS_PER_MM**2:
            written.append(Written(cell, None, (), seen))
            continue
        small = keeps_place(cell.character)
        reasons = oddities(clean, ink, layout.box * PIXELS_PER_MM, small)
        reasons += (BESIDE,) if foreign.any() else ()
        frame = _frame(layout.box) if small else None
        image = draw_clean(clean, ink, image_size, margin, stroke_width, frame)
        written.append(Written(cell, image, reasons, seen))
    return written


def draw_clean(brightness, ink, image_size, margin, stroke_width, frame=None):
    """Draws ink in a square.

    Args:
        brightness: float (height, width), 1 is paper.
        ink: bool (height, width), the strokes to keep; not empty.
        image_size, margin, stroke_width: as in `read_cells`.
        frame: (top, bottom, left, right) of the box that fills the square; None for
            the bounds of the ink.

    Returns:
        uint8 (image_size, image_size).
    """
    top, bottom, left, right = frame or bounds(ink)
    scale = image_size * (1 - 2 * margin) / max(bottom - top, right - left)
    if stroke_width:
        drawing = with_stroke_width(ink, stroke_width * image_size / scale)
    else:
        black = np.percentile(brightness[ink], 20)
        drawing = np.clip((brightness - black) / (1 - black), 0, 1)
        near = ndimage.binary_dilation(ink, iterations=3)
        drawing = np.round(255 * np.where(near, drawing, 1)).astype(np.uint8)
    if frame is None:
        return clean_image(drawing, image_size, margin, repair=False)
    # Ink outside of the box enlarges the frame by the same length on all sides.
    ink_top, ink_bottom, ink_left, ink_right = bounds(ink)
    beyond = max(top - ink_top, ink_bottom - bottom, left - ink_left, ink_right - right)
    beyond = max(0, beyond)
    drawing = np.pad(drawing, beyond, constant_values=255)
    boxed = drawing[top : bottom + 2 * beyond, left : right + 2 * beyond]
    return place_in_square(
        Image.fromarray(np.ascontiguousarray(boxed)), image_size, margin
    )


def _crop(brightness, cell, box):
    top, left = (
        round((edge - _MARGIN) * PIXELS_PER_MM) for edge in (cell.top, cell.left)
    )
    side = round((box + 2 * _MARGIN) * PIXELS_PER_MM)
    return brightness[top : top + side, left : left + side]


def _frame(box):
    start, end = (round(edge * PIXELS_PER_MM) for edge in (_MARGIN, _MARGIN + box))
    return start, end, start, end


def _without_box(crop, box):
    """Divides a cell by the printed lines of its box, and smooths its grain.

    Print darkens ink and paper by the same factor. The median along a line is that of
    the print if ink covers less than half of the line.
    """
    clean = ndimage.gaussian_filter(crop, 0.8)
    reach = round(_LINE_REACH * PIXELS_PER_MM)
    start, end = _frame(box)[:2]
    for turned in (clean, clean.T):
        for edge in (start, end):
            strip = turned[edge - reach : edge + reach + 1, start:end]
            factor = np.median(strip, axis=1, keepdims=True)
            # A line of ink along the whole edge is no print.
            factor = np.where(factor < 0.6, 1, np.minimum(factor, 1))
            turned[edge - reach : edge + reach + 1, start - reach : end + reach] /= (
                factor
            )
    return clean


def _ink(clean, box):
    """The strokes of a cell and those of its neighbours: bool arrays like `clean`."""
    level = min(threshold_otsu(np.clip(clean, 0, 1.1)), _BRIGHTEST_INK)
    grain = 1.4826 * np.median(np.abs(clean - np.median(clean)))
    level = min(level, max(_INK, 1 - _GRAINS * grain))
    dark = apply_hysteresis_threshold(-clean, -level, -min(level, _INK))
    dark = without_specks(dark, _SPECK * PIXELS_PER_MM**2)
    top, bottom, left, right = _frame(box)
    within = np.zeros(dark.shape, bool)
    within[top:bottom, left:right] = True
    labels, areas = pieces(dark)
    inside = np.bincount(labels[within], minlength=len(areas))
    own = dark & (inside >= _OWN * areas)[labels]
    return own, dark & ~own


def without_specks(dark, least):
    """The pieces of ink that are not specks, as a bool array like `dark`.

    A speck has less than `least` pixels or less than a hundredth of all ink.
    """
    labels, areas = pieces(dark)
    return ((areas > 0) & (areas >= max(least, 0.01 * areas.sum())))[labels]


def oddities(brightness, ink, side, keeps_small, cut=True):
    """The reasons to suspect a drawing, as a tuple of words for the user.

    Args:
        brightness: float (height, width), 1 is paper.
        ink: bool (height, width), not empty.
        side: side of the writing box in pixels.
        keeps_small: whether the character is small by nature.
        cut: whether ink at the border may have been cut off.
    """
    reasons = []
    if cut and edge_pixels(ink).any():
        reasons.append(BORDER)
    top, bottom, left, right = bounds(ink)
    if max(bottom - top, right - left) < _SMALLEST * side and not keeps_small:
        reasons.append(LITTLE)
    if ink.sum() > _MOST_INK * side**2:
        reasons.append(MUCH)
    if _stray(ink, side):
        reasons.append(APART)
    if np.percentile(brightness[ink], 20) > _FAINT_INK:
        reasons.append(FAINT)
    around = slice(max(0, top - 8), bottom + 8), slice(max(0, left - 8), right + 8)
    if edge_blur(brightness[around]) > _MOST_BLUR * side:
        reasons.append(BLURRED)
    return tuple(reasons)


def _stray(ink, side):
    """Whether a small piece of ink is far from the rest, or any piece very far."""
    labels, areas = pieces(ink)
    for piece in range(1, len(areas)) if len(areas) > 2 else ():
        own = labels == piece
        distance = ndimage.distance_transform_edt(~own)[ink & ~own].min() / side
        small = areas[piece] < _STRAY * areas.sum()
        if distance > _VERY_FAR or (distance > _FAR and small):
            return True
    return False
