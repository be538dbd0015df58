"""The cells of a flat page → cleaned images, and what is odd about them."""

import dataclasses

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold, threshold_otsu

from hwgen_keras.sources.images import clean_image, keeps_place, place_in_square
from hwgen_keras.sources.pages import layout as geometry
from hwgen_keras.sources.pages.rectify import PIXELS_PER_MM, edge_blur
from hwgen_keras.sources.pages.stroke_width import with_stroke_width

# What is seen of a cell beyond its box, mm; half of the gap between two boxes.
_MARGIN = geometry.GAP / 2
# Half the width of the strip in which the printed line of a box is sought, mm.
_LINE_REACH = 0.9
# Ink is somewhere darker than the first and nowhere brighter than the second; nor
# than paper less this many deviations of its grain. Beyond the last, contrast is low.
_INK, _BRIGHTEST_INK, _GRAINS, _FAINT_INK = 0.82, 0.9, 5.0, 0.71
_SPECK = 0.12  # mm²
# A piece of ink of which less than this share is in the box is a neighbour's.
_OWN = 0.25
_LEAST_INK = 0.35  # mm²
_SMALLEST = 0.3  # share of the box
_MOST_INK = 0.45  # share of the box
# Pieces this far apart, as a share of the box, and this small, as a share of the ink.
_FAR, _STRAY, _VERY_FAR = 0.3, 0.15, 0.5
_MOST_BLUR = 0.03  # share of the box

BORDER = "ink touches the border"
BESIDE = "ink beside the box left out"
LITTLE = "little ink"
MUCH = "much ink"
APART = "pieces far apart"
FAINT = "low contrast"
BLURRED = "blurred"


@dataclasses.dataclass(frozen=True)
class Written:
    """What stands in one cell.

    Attributes:
        cell: the `Cell`.
        image: uint8 (image_size, image_size), 0 ink, 255 paper; None where the cell
            is empty.
        reasons: tuple of what makes the cell suspicious; empty where nothing does.
        seen: uint8 picture of the cell as it was photographed, lit evenly.
    """

    cell: geometry.Cell
    image: np.ndarray | None
    reasons: tuple
    seen: np.ndarray


def read_cells(flat, layout, image_size, margin=0.08, stroke_width=0.06):
    """Cuts a page into its cells and cleans what is written there.

    Args:
        flat: a `FlatPage` of this layout.
        layout: the `Layout`.
        image_size: side of the images in pixels.
        margin: empty border on each side as a fraction of the side, in [0, 0.4].
        stroke_width: mean width of strokes as a share of the image's side; 0 keeps
            the pen's.

    Returns:
        list of `Written`, one for each cell of the page.
    """
    written = []
    for cell in layout.cells(flat.page):
        crop = _crop(flat.brightness, cell, layout.box)
        clean = _without_box(crop, layout.box)
        ink, beside = _ink(clean, layout.box)
        seen = np.round(255 * np.clip(crop, 0, 1)).astype(np.uint8)
        if ink.sum() < _LEAST_INK * PIXELS_PER_MM**2:
            written.append(Written(cell, None, (), seen))
            continue
        small = keeps_place(cell.character)
        reasons = oddities(clean, ink, layout.box * PIXELS_PER_MM, small)
        frame = _frame(layout.box) if small else None
        if beside.any():
            reasons += (BESIDE,)
        image = draw_clean(clean, ink, image_size, margin, stroke_width, frame)
        written.append(Written(cell, image, reasons, seen))
    return written


def draw_clean(brightness, ink, image_size, margin, stroke_width, frame=None):
    """The ink of a drawing, in a square.

    Args:
        brightness: float (height, width), 1 is paper.
        ink: bool (height, width), the strokes to keep, of which there are some.
        image_size, margin, stroke_width: as in `read_cells`.
        frame: (top, bottom, left, right) of the box that fills the square; None: the
            ink fills it.

    Returns:
        uint8 (image_size, image_size).
    """
    top, bottom, left, right = frame or _bounds(ink)
    scale = image_size * (1 - 2 * margin) / max(bottom - top, right - left)
    if stroke_width:
        drawing = with_stroke_width(ink, stroke_width * image_size / scale)
    else:
        black = np.percentile(brightness[ink], 20)
        drawing = np.clip((brightness - black) / (1 - black), 0, 1)
        near = ndimage.binary_dilation(ink, iterations=3)
        drawing = np.round(255 * np.where(near, drawing, 1)).astype(np.uint8)
    if frame is None:
        return clean_image(drawing, image_size, margin)
    # Ink that leaves the box makes the frame larger, the same on all sides.
    ink_top, ink_bottom, ink_left, ink_right = _bounds(ink)
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
    """Divides the printed lines of the box out of a cell, and smooths its grain.

    Light print under ink darkens it by the same share as it darkens paper, and the
    middle value along a line is the print's wherever ink covers less than half of it.
    """
    clean = ndimage.gaussian_filter(crop, 0.8)
    reach = round(_LINE_REACH * PIXELS_PER_MM)
    start, end = _frame(box)[:2]
    for turned in (clean, clean.T):
        for edge in (start, end):
            strip = turned[edge - reach : edge + reach + 1, start:end]
            print_ = np.median(strip, axis=1, keepdims=True)
            # A line of ink along the whole edge is no print.
            print_ = np.where(print_ < 0.6, 1, np.minimum(print_, 1))
            turned[edge - reach : edge + reach + 1, start - reach : end + reach] /= (
                print_
            )
    return clean


def _ink(clean, box):
    """The strokes that belong to a cell, and those of neighbours: bool like `clean`."""
    level = min(threshold_otsu(np.clip(clean, 0, 1.1)), _BRIGHTEST_INK)
    grain = 1.4826 * np.median(np.abs(clean - np.median(clean)))
    level = min(level, max(_INK, 1 - _GRAINS * grain))
    dark = apply_hysteresis_threshold(-clean, -level, -min(level, _INK))
    dark = without_specks(dark, _SPECK * PIXELS_PER_MM**2)
    top, bottom, left, right = _frame(box)
    within = np.zeros(dark.shape, bool)
    within[top:bottom, left:right] = True
    labels, _ = ndimage.label(dark, structure=np.ones((3, 3)))
    areas = np.maximum(np.bincount(labels.ravel()), 1)
    inside = np.bincount(labels[within], minlength=len(areas))
    own = dark & (inside >= _OWN * areas)[labels]
    return own, dark & ~own


def without_specks(dark, least):
    """Pieces of ink that are no specks.

    Args:
        dark: bool (height, width).
        least: area in pixels below which a piece is a speck; as is one of less than
            a hundredth of all ink.
    """
    labels, count = ndimage.label(dark, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    return ((areas > 0) & (areas >= max(least, 0.01 * areas.sum())))[labels]


def oddities(brightness, ink, side, keeps_small, cut=True):
    """What is odd about a drawing, as a tuple of words for the user.

    Args:
        brightness: float (height, width), 1 is paper.
        ink: bool (height, width), with some ink.
        side: of the writing box, pixels.
        keeps_small: whether the character is small by nature.
        cut: whether ink at the border may have been cut off.
    """
    reasons = []
    if cut and np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any():
        reasons.append(BORDER)
    top, bottom, left, right = _bounds(ink)
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
    """Whether a small piece stands apart, or any piece very far."""
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    total = ink.sum()
    for piece in range(1, count + 1) if count > 1 else ():
        own = labels == piece
        away = ndimage.distance_transform_edt(~own)[ink & ~own].min() / side
        if away > _VERY_FAR or (away > _FAR and own.sum() < _STRAY * total):
            return True
    return False


def _bounds(ink):
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
