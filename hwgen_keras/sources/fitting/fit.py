"""Fits the track of a character to an image of it."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from hwgen_keras.errors import check_whole
from hwgen_keras.sources.cleaning import clean_image
from hwgen_keras.sources.fitting.deform import deform, placed
from hwgen_keras.sources.fitting.lines import dense, join_legs, resample_with_corners
from hwgen_keras.sources.fitting.match import snap, written
from hwgen_keras.sources.fitting.pieces import Course, uncovered_pieces
from hwgen_keras.sources.fitting.skeleton import Skeleton
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.track import Track

# Side of the image that is thinned, in pixels.
_SIDE = 112
# Lengths are shares of the side of the image.
# What lies so near is the same line.
TOLERANCE = 0.012
# Ink farther from a stroke is not covered by it; a line farther from ink is lifted.
_COVERED, _LIFTED = 0.0125, 0.03
# A gap of a way that is narrower is drawn.
_GAP = 0.03
_SPACING = 0.004
# Beyond these a fit is not kept. Half of the images that are given a wrong character
# strain more; so do the most cursive ones with the right one. Of few strokes each may
# strain more: the bound holds for many.
_LEAST_COVERAGE, _LEAST_PRECISION, _MOST_STRANGE, _MOST_STRAIN = 0.93, 0.93, 0.15, 0.08
# Points of each stroke of the template while it is moved.
_POINTS = 48


@dataclasses.dataclass(frozen=True, slots=True)
class FitQuality:
    """How well a track follows the ink it was fitted to.

    Attributes:
        coverage: share of the skeleton that has the track's ink within 0.012 of the
            image's side.
        precision: share of the track's ink that has the skeleton so near.
        strange: length of ink that no stroke of the character explains, nor a way
            between two of them, as a share of the skeleton's length.
        strokes: number of strokes of the character.
        left_out: number of those without ink.
        strain: mean distance of the strokes from the character's form, after the best
            affine map, as a share of the side.

    Example:
        >>> image = hw.PenWriter(seed=1).draw("語", image_size=96)
        >>> hw.fit_track(image, "木")[1].fault
        '10% of its lines are beside the ink'
    """

    coverage: float
    precision: float
    strange: float
    strokes: int
    left_out: int
    strain: float

    @property
    def fault(self) -> str | None:
        """Why the fit should not be kept; None: it is good."""
        if self.coverage < _LEAST_COVERAGE:
            return f"its lines cover {self.coverage:.0%} of the ink"
        if self.precision < _LEAST_PRECISION:
            return f"{1 - self.precision:.0%} of its lines are beside the ink"
        if self.strange > _MOST_STRANGE:
            return f"no stroke explains {self.strange:.0%} of the ink"
        if self.strain > _MOST_STRAIN * (1 + 1 / self.strokes):
            return "the ink has not the form of this character"
        return None


def fit_track(
    image: ArrayLike, character: str, points: int = 24
) -> tuple[Track, FitQuality]:
    """Fits the strokes of KanjiVG, and the pen's ways, to the image of a character.

    The ink is thinned to its skeleton. The strokes are moved towards it as smoothly as
    they can be, snapped to its pixels, and what ink is then left over lengthens
    strokes (a hook) or is drawn by the pen on its way to the next stroke (a join). A
    stroke without ink of its own is left out.

    Args:
        image: uint8 (height, width), ink on paper of either polarity.
        character: a string of one character, that which was written.
        points: points of each line of the track, at least 4.

    Returns:
        The `Track`, moved and scaled upon the strokes of KanjiVG, and its
        `FitQuality`.

    Raises:
        InputError: the image is blank or no image, KanjiVG does not describe the
            character, or `points` is out of range.

    Example:
        >>> image = hw.PenWriter(seed=1).draw("木", image_size=96)
        >>> track, quality = hw.fit_track(image, "木")
        >>> track.n, quality.coverage > 0.95, quality.precision > 0.95
        (4, True, True)
    """
    check_whole(points, "points", 4)
    template = strokes(character, _POINTS)
    name = f"The image of {character}"
    skeleton = Skeleton(clean_image(image, _SIDE, name=name))
    expected = deform(placed(template, skeleton.points), skeleton)
    snapped = snap(expected, skeleton)
    course = Course(snapped, written(snapped, expected))
    lines = snapped[course.written]
    ends = lines[:, :-1].reshape(-1, 2), lines[:, 1:].reshape(-1, 2)
    uncovered = KDTree(dense(*ends, _SPACING)).query(skeleton.points)[0] > _COVERED
    for piece in uncovered_pieces(skeleton, uncovered):
        course.add(skeleton.points[piece])
    track = _track(character, course, skeleton, points)
    coverage, precision = overlap(track, skeleton)
    quality = FitQuality(
        coverage,
        precision,
        float(course.strange * _SIDE / len(skeleton.points)),
        len(template),
        int((~course.written).sum()),
        _strain(template, snapped),
    )
    return _upon(template, track, snapped), quality


def _track(character, course, skeleton, points):
    """The strokes and ways of a course as a track in the box of the skeleton."""
    lines, down = [], []
    for i, stroke in enumerate(course.strokes):
        if i:
            line, inked = join_legs(_legs(course, i), points)
            lines.append(line)
            down.append(inked)
        lines.append(resample_with_corners(stroke, points))
        down.append(np.full(points, course.written[i]))
    off, nearest = skeleton.tree.query(np.stack(lines))
    inked = np.stack(down) & (off < _LIFTED)
    return Track(
        character, np.stack(lines), np.where(inked, skeleton.radii[nearest], 0)
    )


def _legs(course, i):
    """The way to stroke i: (points, whether the pen is down) of each of its legs."""
    start, end = course.strokes[i - 1][-1], course.strokes[i][0]

    def progress(piece):
        return np.hypot(*(piece[0] - start)) - np.hypot(*(piece[0] - end))

    legs, here, down = [], start, course.written[i - 1]
    for piece in sorted(course.ways[i - 1], key=progress):
        near = np.hypot(*(piece[0] - here)) < _GAP
        legs += [(np.stack([here, piece[0]]), near and down), (piece, True)]
        here, down = piece[-1], True
    near = bool(course.ways[i - 1]) and np.hypot(*(end - here)) < _GAP
    return [*legs, (np.stack([here, end]), near and course.written[i])]


def overlap(track: Track, skeleton: Skeleton) -> tuple[float, float]:
    """Coverage and precision of a track in the box of a skeleton: `FitQuality`."""
    inked = track.inked
    if not inked.any():
        return 0.0, 0.0
    lines = track.points.astype(float)
    ink = dense(lines[:, :-1][inked], lines[:, 1:][inked], _SPACING)
    covered = KDTree(ink).query(skeleton.points)[0] <= TOLERANCE
    return float(covered.mean()), float(
        (skeleton.tree.query(ink)[0] <= TOLERANCE).mean()
    )


def _strain(template, snapped):
    """Mean distance of strokes from the best affine map of the template."""
    wanted = snapped[
        :, np.linspace(0, snapped.shape[1] - 1, _POINTS).round().astype(int)
    ]
    rows = np.concatenate(
        [template.reshape(-1, 2), np.ones((template.size // 2, 1))], 1
    )
    solution = np.linalg.lstsq(rows, wanted.reshape(-1, 2), rcond=None)[0]
    return float(np.hypot(*(rows @ solution - wanted.reshape(-1, 2)).T).mean())


def _upon(template, track, snapped):
    """The track, moved and scaled until its strokes lie best upon the template's."""
    middles = snapped.mean((0, 1)), template.mean((0, 1))
    spreads = [
        np.sqrt(((s - m) ** 2).sum(-1).mean())
        for s, m in zip((snapped, template), middles, strict=True)
    ]
    scale = spreads[1] / max(spreads[0], 1e-6)
    points = (track.points - middles[0]) * scale + middles[1]
    return Track(track.character, points, track.radii * scale)
