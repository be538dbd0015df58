"""Locates a practice sheet in a photo by its corner marks and page code.

Points are pixels (x, y) of the photo; pixel centres are whole numbers.
"""

import dataclasses
import itertools

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.transform import estimate_transform

from hwgen_keras.sources.pages import layout as geometry

# Longer sides in pixels of the reduced photos to search; the first is mostly enough.
_SEARCH_SIDES = (1600, 3200)
# Largest brightness of print, as a share of the paper around it.
_DARK = 0.62
# Wider than a printed line in the reduced photo, narrower than the desk beside a page.
_CLOSING = 41
_SMALLEST_MARK, _LARGEST_MARK = 10, 130
_MOST_CANDIDATES, _NEIGHBOURS = 14, 4
# Distance of the centres of ring and disc, as a share of the ring's size.
_CONCENTRIC = 0.12
# Largest ratio of sizes that perspective gives the marks of one page.
_SIZE_RATIO = 2.5
# Displacements to try of the middle of a page's bent upper edge, mm downwards.
_BOWS = (0.0, 1.5, -1.5, 3.0, -3.0)


@dataclasses.dataclass(frozen=True)
class Located:
    """A page in a photo."""

    # float (4, 2), centres of the marks, clockwise from the page's top left.
    corners: np.ndarray
    identity: int  # of the layout
    page: int  # from 1


def locate_page(photo):
    """Locates a page in any of the four rotations.

    Args:
        photo: uint8 (height, width).

    Returns:
        (`Located` or None, number of marks): None if marks are missing (fewer than 4)
        or the page code cannot be read.
    """
    most = 0
    for side in _SEARCH_SIDES:
        factor = max(1, round(max(photo.shape) / side))
        relative = relative_brightness(photo, factor)
        marks = _find_marks(relative)
        for quadrangle in _quadrangles(marks):
            corners, code = _read_code(relative, quadrangle)
            if code:
                return Located((corners + 0.5) * factor - 0.5, *code), 4
        most = max(most, len(marks))
        if factor == 1:
            break
    return None, most


def to_photo(corners):
    """The projective map from millimetres of the page to pixels of the photo."""
    return estimate_transform("projective", geometry.MARKS, corners)


def relative_brightness(photo, factor):
    """The photo, reduced, as a share of the paper's brightness beside each pixel."""
    small = np.asarray(Image.fromarray(photo).reduce(factor), np.float32)
    small = ndimage.gaussian_filter(small, 0.7)
    # Unlike a mean, a closing follows the sharp edge of a shadow.
    paper = ndimage.grey_closing(small, size=(_CLOSING, _CLOSING))
    return small / np.maximum(paper, 1)


def _find_marks(relative):
    """Rings around discs: float array (marks, 3) of x, y and diameter."""
    labels, count = ndimage.label(relative < _DARK, structure=np.ones((3, 3)))
    slices = ndimage.find_objects(labels)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    boxes = [(y.start, y.stop, x.start, x.stop) for y, x in slices]
    tops, bottoms, lefts, rights = np.array(boxes, float).reshape(-1, 4).T
    heights, widths = bottoms - tops, rights - lefts
    sizes, full = np.sqrt(heights * widths), areas / (heights * widths)
    aspects = np.maximum(heights, widths) / np.minimum(heights, widths)
    compact = aspects < 2.2
    fits = (sizes >= _SMALLEST_MARK) & (sizes <= _LARGEST_MARK)
    rings = np.flatnonzero(compact & fits & (full > 0.15) & (full < 0.62))
    discs = np.flatnonzero(compact & (sizes >= 3) & (full > 0.55))
    if not len(rings) or not len(discs):
        return np.empty((0, 3))
    middles = np.stack([lefts + rights - 1, tops + bottoms - 1], axis=1) / 2
    # Several neighbours of each ring, since specks may be nearer than its disc.
    near = min(_NEIGHBOURS, len(discs))
    apart, nearest = cKDTree(middles[discs]).query(middles[rings], k=range(1, near + 1))
    apart = apart / sizes[rings, None]
    ratios = sizes[discs[nearest]] / sizes[rings, None]
    apart[(ratios < 0.26) | (ratios > 0.6)] = np.inf
    best = nearest[np.arange(len(rings)), apart.argmin(axis=1)]
    concentric = apart.min(axis=1)
    order = np.argsort(concentric)[:_MOST_CANDIDATES]
    order = order[concentric[order] < _CONCENTRIC]
    marks = [
        (*_centre(relative, slices[discs[best[i]]]), sizes[rings[i]]) for i in order
    ]
    return np.array(marks).reshape(-1, 3)


def _centre(relative, box):
    """Centre of darkness of a disc, with a rim of a pixel."""
    rows, columns = (slice(max(0, s.start - 1), s.stop + 1) for s in box)
    dark = np.clip(1 - relative[rows, columns], 0, 1)
    y, x = ndimage.center_of_mass(dark)
    return columns.start + x, rows.start + y


def _quadrangles(marks):
    """Groups of four marks that may be a page, clockwise, the largest first."""
    found = []
    for four in itertools.combinations(marks, 4):
        four = np.array(four)
        if four[:, 2].max() > _SIZE_RATIO * four[:, 2].min():
            continue
        points = four[:, :2]
        away = points - points.mean(axis=0)
        points = points[np.argsort(np.arctan2(away[:, 1], away[:, 0]))]
        sides = np.roll(points, -1, axis=0) - points
        following = np.roll(sides, -1, axis=0)
        turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
        if (turns <= 0).any():
            continue
        diagonals = points[2] - points[0], points[3] - points[1]
        area = abs(np.linalg.det(diagonals)) / 2
        # A page is much larger than its marks.
        if area > (8 * four[:, 2].mean()) ** 2:
            found.append((area, points))
    found.sort(key=lambda pair: -pair[0])
    return [points for _, points in found]


def _read_code(relative, points):
    """(corners from the top left of the page, (identity, page)); None for both."""
    for bow, turn in itertools.product(_BOWS, range(4)):
        corners = np.roll(points, -turn, axis=0)
        code = geometry.decode_page(_modules(relative, to_photo(corners), bow))
        if code:
            return corners, code
    return None, None


def _modules(relative, transform, bow):
    """The modules of the page code, True where black.

    The middle of the code is `bow` mm lower than on flat paper.
    """
    bits = np.arange(geometry.CODE_BITS)[:, None, None]
    inner = np.linspace(0.25, 0.75, 5)
    x = geometry.CODE_LEFT + geometry.MODULE_WIDTH * (bits + inner)
    y = geometry.CODE_TOP + geometry.MODULE_HEIGHT * inner[:, None]
    x, y = np.broadcast_arrays(x, y)
    y = y + bow * np.sin(np.pi * x / geometry.PAGE_WIDTH)
    points = transform(np.stack([x.ravel(), y.ravel()], axis=1))
    values = ndimage.map_coordinates(
        relative, points[:, ::-1].T, order=1, mode="nearest"
    )
    values = values.reshape(geometry.CODE_BITS, -1).mean(axis=1)
    # Halfway between the darkest and the lightest module.
    return values < (values.min() + values.max()) / 2
