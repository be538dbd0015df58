"""Straightens the photo of a practice sheet to a flat, evenly lit page."""

import dataclasses

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import LEAST_CONTRAST, edge_pixels
from hwgen_keras.sources.pages import layout as geometry
from hwgen_keras.sources.pages.marks import locate_page, to_photo

PIXELS_PER_MM = 10  # 254 dpi
# Reach in mm of the search for a tick around its place, and its resolution.
_TICK_REACH, _TICK_PIXELS_PER_MM = 3.0, 8
_PASSES, _FEWEST_TICKS = 4, 12
_SETTLED = 0.3  # mm
# Share of ticks that a thumb leaves visible and a fold does not.
_SHARE_OF_TICKS = 0.8
_TICK_OUTLIER = 1.2  # mm between the displacements of neighbours
_SMOOTHING = 0.1
_MESH = 5.0  # mm
_BAND = 270  # rows warped at once, to bound memory
_BACKGROUND_REDUCTION = 8
# Wider than the box of a blackened cell; narrower shadows look like ink.
_WIDEST_INK = 16.0  # mm


@dataclasses.dataclass(frozen=True)
class FlatPage:
    """An upright page without shadows, as from a scanner."""

    brightness: np.ndarray  # float32 (2970, 2100), 1 is bare paper
    identity: int  # of the layout
    page: int  # from 1
    blur: float  # standard deviation in mm, measured at the corner marks


def flatten_page(photo, name="The photo"):
    """The `FlatPage` of a photo.

    Args:
        photo: uint8 (height, width), in any of the four rotations.
        name: name of the photo in an error.

    Raises:
        InputError: the photo is blank, marks are missing, the page code cannot be
            read, or the page is bent.
    """
    low, high = np.percentile(photo[::8, ::8], (0.1, 99.9))
    if high - low < LEAST_CONTRAST:
        raise InputError(f"{name} is blank; take the photo again, or remove it.")
    located, marks = locate_page(photo)
    if located is None:
        # A scan may be a negative.
        photo = 255 - photo
        located, _ = locate_page(photo)
    if located is None:
        raise InputError(f"{name} {_complaint(marks)}")
    view = _View(photo, located.corners)
    bend = _bend(view)
    if bend is None:
        raise InputError(
            f"{name} shows a page that is bent or covered at its edges; lay it flat, "
            "keep the edges free and take it again, or remove it."
        )
    flat = _warp(view, bend)
    brightness = flat / _paper(flat)
    return FlatPage(brightness, located.identity, located.page, _blur(brightness))


def _complaint(marks):
    if marks < 4:
        count = ("none", "only one", "only two", "only three")[marks]
        return (
            f"shows {count} of the four corner marks of a practice sheet; take it "
            "again with the whole page in the picture, or remove it."
        )
    return (
        "shows corner marks, but the page code between the upper two cannot be read; "
        "take it again with nothing on the code, flat and sharp, or remove it."
    )


class _View:
    """A photo, smoothed to the resolution of the flat page, with axes in mm."""

    def __init__(self, photo, corners):
        self.transform = to_photo(corners)
        pixels, millimetres = (
            np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
            for points in (corners, geometry.MARKS)
        )
        scale = (pixels / millimetres).max() / PIXELS_PER_MM
        self.factor = max(1, int(scale))
        pixels = np.asarray(Image.fromarray(photo).reduce(self.factor), np.float32)
        blur = (scale / self.factor - 1) / 2
        self.pixels = ndimage.gaussian_filter(pixels, blur) if blur > 0.1 else pixels

    def at(self, x, y):
        """Greys at points in mm; x and y are arrays of one shape."""
        # Not self.transform(points): that would need several times the memory.
        a, b, c, d, e, f, g, h, i = self.transform.params.ravel()
        depth = g * x + h * y + i
        across = ((a * x + b * y + c) / depth + 0.5) / self.factor - 0.5
        down = ((d * x + e * y + f) / depth + 0.5) / self.factor - 0.5
        return ndimage.map_coordinates(
            self.pixels, (down, across), order=1, mode="nearest"
        )


def _bend(view):
    """Displacement of each point of a mesh from its place on flat paper.

    Returns:
        float32 (rows, columns, 2) of x and y in mm, every 5 mm from the corner on;
        None if too few ticks are seen.
    """
    # Later passes expect a tick where its neighbours suggest, beyond its first reach.
    expected = np.zeros_like(geometry.TICKS)
    for _ in range(_PASSES):
        pairs = zip(geometry.TICKS + expected, expected, strict=True)
        displaced = np.array([_tick(view, *tick) + shift for tick, shift in pairs])
        spline = _spline(displaced)
        if spline is None:
            return None
        before, expected = expected, spline(geometry.TICKS)
        if np.abs(expected - before).max() < _SETTLED:
            break
    if np.isfinite(displaced[:, 0]).mean() < _SHARE_OF_TICKS:
        return None
    columns = int(np.ceil(geometry.PAGE_WIDTH / _MESH)) + 1
    rows = int(np.ceil(geometry.PAGE_HEIGHT / _MESH)) + 1
    mesh = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    bend = spline(mesh.reshape(-1, 2) * _MESH)
    return bend.reshape(rows, columns, 2).astype(np.float32)


def _spline(displaced):
    """A smooth map from places to displacements (NaN where unknown), or None."""
    seen = np.isfinite(displaced).all(axis=1)
    if seen.sum() < _FEWEST_TICKS:
        return None
    ticks, displaced = geometry.TICKS[seen], displaced[seen]
    near = cKDTree(ticks).query(ticks, k=5)[1]
    deviation = np.abs(displaced - np.median(displaced[near], axis=1)).max(axis=1)
    kept = deviation < _TICK_OUTLIER
    if kept.sum() < _FEWEST_TICKS:
        return None
    return RBFInterpolator(
        np.concatenate([ticks[kept], geometry.MARKS]),
        np.concatenate([displaced[kept], np.zeros((4, 2))]),
        smoothing=_SMOOTHING,
    )


def _tick(view, x, y):
    """Displacement in mm of the tick expected at (x, y), or NaN."""
    steps = int(_TICK_REACH * _TICK_PIXELS_PER_MM)
    offsets = np.arange(-steps, steps + 1) / _TICK_PIXELS_PER_MM
    window = view.at(*np.meshgrid(x + offsets, y + offsets))
    paper = np.percentile(window, 80)
    dark = np.clip(1 - window / max(paper, 1), 0, 1)
    if dark.max() < 0.25:
        return np.full(2, np.nan)
    labels, _ = ndimage.label(dark > dark.max() / 2)
    areas = np.bincount(labels.ravel())[1:] / _TICK_PIXELS_PER_MM**2
    square = geometry.TICK_SIDE**2
    likely = np.flatnonzero((areas > square * 0.5) & (areas < square * 1.8)) + 1
    likely = np.setdiff1d(likely, edge_pixels(labels))
    if len(likely) != 1:
        return np.full(2, np.nan)
    weights = np.where(ndimage.binary_dilation(labels == likely[0]), dark, 0)
    down, across = ndimage.center_of_mass(weights)
    return np.array([across - steps, down - steps]) / _TICK_PIXELS_PER_MM


def _warp(view, bend):
    """The flat page as greys, float32."""
    width = int(geometry.PAGE_WIDTH * PIXELS_PER_MM)
    height = int(geometry.PAGE_HEIGHT * PIXELS_PER_MM)
    x = (np.arange(width, dtype=np.float32) + 0.5)[None] / PIXELS_PER_MM
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None] / PIXELS_PER_MM
    # Mesh points are pixel centres, every _MESH mm from 0 on.
    edges = geometry.PAGE_WIDTH / _MESH + 0.5, geometry.PAGE_HEIGHT / _MESH + 0.5
    x = x + _enlarge(np.ascontiguousarray(bend[..., 0]), width, height, 0.5, *edges)
    y = y + _enlarge(np.ascontiguousarray(bend[..., 1]), width, height, 0.5, *edges)
    flat = np.empty((height, width), np.float32)
    for top in range(0, height, _BAND):
        rows = slice(top, top + _BAND)
        flat[rows] = view.at(x[rows], y[rows])
    return flat


def _paper(flat):
    """The brightness of bare paper at each pixel of a page."""
    height, width = flat.shape
    page = Image.fromarray(flat)
    small = np.asarray(page.reduce(_BACKGROUND_REDUCTION))
    size = 1 + int(_WIDEST_INK * PIXELS_PER_MM / _BACKGROUND_REDUCTION)
    # Closing follows the edge of a shadow, and fills handwriting.
    paper = ndimage.grey_closing(small, size=(size, size), mode="nearest")
    paper = ndimage.gaussian_filter(paper, 1)
    edges = width / _BACKGROUND_REDUCTION, height / _BACKGROUND_REDUCTION
    return _enlarge(np.maximum(paper, 1), width, height, 0, *edges)


def _enlarge(image, width, height, start, right, bottom):
    """The box from (start, start) to (right, bottom) of an image, resized linearly."""
    size, box = (width, height), (start, start, right, bottom)
    linear = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize(size, linear, box=box))


def _blur(brightness):
    """Standard deviation in mm of the blur of the corner marks' edges."""
    reach = int(0.6 * geometry.MARK_DIAMETER * PIXELS_PER_MM)
    blurs = []
    for x, y in np.round(geometry.MARKS * PIXELS_PER_MM).astype(int):
        mark = brightness[y - reach : y + reach, x - reach : x + reach]
        blurs.append(edge_blur(mark))
    return float(np.median(blurs)) / PIXELS_PER_MM


def edge_blur(brightness):
    """Standard deviation in pixels of the blur of a sharp edge in a grey image.

    The steepest slope of a step of height h, blurred by σ, is h / (σ √2π).
    """
    smooth = ndimage.gaussian_filter(brightness, 0.7)
    down, across = np.gradient(smooth)
    steepest = np.percentile(np.hypot(down, across), 99.5)
    low, high = np.percentile(smooth, (1, 99))
    return float((high - low) / (max(steepest, 1e-6) * np.sqrt(2 * np.pi)))
