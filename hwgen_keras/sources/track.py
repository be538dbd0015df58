"""Track: the whole way of the pen for one character, on the paper and above it."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters.sets import check_character
from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import keeps_place
from hwgen_keras.sources.strokes import resample_all

# Coordinates further outside the box are a mistake.
_FARTHEST = 4.0
# Stands for the radius of a lifted pen, so that what is near to it is lifted, too.
_LIFTED = -10.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The strokes of a character and the pen's ways between them, in turn.

    A character of n strokes has 2n - 1 lines: line 0 is the first stroke, line 1 the
    way from its end to the start of the second, line 2 the second stroke, and so on.
    `hw.StrokeRenderer` draws the arrays as they are.

    Args:
        character: a string of one character.
        points: (2n - 1, P, 2), x to the right and y down; the character's box is
            [0, 1] x [0, 1], which a hand may leave a little. Stored as float32.
        radii: (2n - 1, P), half the width of the line in the same unit. A segment with
            a radius of 0 or less at an end is no ink: so are all segments of an
            ordinary way and of a stroke that was left out. Stored as float32.

    Raises:
        InputError: the arrays have other shapes, or numbers that are not finite or far
            outside the box.

    Example:
        >>> strokes = np.array([[[0.1, 0.3], [0.9, 0.3]], [[0.1, 0.7], [0.9, 0.7]]])
        >>> track = hw.Track.of_strokes("二", strokes, np.full((2, 2), 0.02))
        >>> track.points.shape, track.written, track.joined
        ((3, 2, 2), array([ True,  True]), array([False]))
    """

    character: str
    points: NDArray[np.floating]
    radii: NDArray[np.floating]

    def __post_init__(self):
        check_character(self.character)
        for name in ("points", "radii"):
            array = np.asarray(getattr(self, name), np.float32)
            object.__setattr__(self, name, array)
        lines = self.points.shape[:2]
        if self.points.shape != (*lines, 2) or self.radii.shape != lines:
            raise InputError(
                f"The track of {self.character} has points {self.points.shape} and "
                f"radii {self.radii.shape}; give (lines, P, 2) and (lines, P)."
            )
        if lines[0] % 2 == 0 or lines[1] < 2:
            raise InputError(
                f"The track of {self.character} has {lines[0]} lines of {lines[1]} "
                "points; n strokes make 2n - 1 lines of at least 2 points."
            )
        # NaN is not less than a number, either.
        near = (np.abs(self.points) < _FARTHEST).all()
        if not near or not (np.abs(self.radii) < _FARTHEST).all():
            raise InputError(
                f"The track of {self.character} has numbers that are not finite or far "
                "outside its box; coordinates and radii are shares of the box's side."
            )

    @classmethod
    def of_strokes(
        cls,
        character: str,
        strokes: ArrayLike,
        radii: ArrayLike,
        ways: ArrayLike | None = None,
        way_radii: ArrayLike | None = None,
    ) -> "Track":
        """Puts strokes and ways in turn.

        Args:
            character: a string of one character.
            strokes: (n, P, 2).
            radii: (n, P).
            ways: (n - 1, P, 2); None: straight lines from stroke to stroke.
            way_radii: (n - 1, P); None: the pen is lifted between strokes.
        """
        strokes, radii = np.asarray(strokes, float), np.asarray(radii, float)
        count, each = strokes.shape[:2]
        points = np.zeros((max(2 * count - 1, 0), each, 2))
        along = np.zeros(points.shape[:2])
        points[::2], along[::2] = strokes, radii
        points[1::2] = straight_ways(strokes) if ways is None else ways
        along[1::2] = 0 if way_radii is None else way_radii
        return cls(character, points, along)

    @property
    def n(self) -> int:
        """Number of strokes."""
        return (len(self.points) + 1) // 2

    @property
    def strokes(self) -> NDArray[np.floating]:
        """The points of the strokes: (n, P, 2)."""
        return self.points[::2]

    @property
    def ways(self) -> NDArray[np.floating]:
        """The points of the ways between the strokes: (n - 1, P, 2)."""
        return self.points[1::2]

    @property
    def inked(self) -> NDArray[np.bool_]:
        """Whether each segment is ink: (2n - 1, P - 1)."""
        return (self.radii[:, :-1] > 0) & (self.radii[:, 1:] > 0)

    @property
    def written(self) -> NDArray[np.bool_]:
        """Whether each stroke has ink: (n,); False for one that was left out."""
        return np.any(self.inked[::2], axis=1)

    @property
    def joined(self) -> NDArray[np.bool_]:
        """Whether each way has ink: (n - 1,); the pen stayed down, or nearly so."""
        return np.any(self.inked[1::2], axis=1)

    def resampled(self, count: int) -> "Track":
        """The same lines with `count` points each, evenly spaced by arc length.

        A point is lifted where the segment is in which it lies.

        Args:
            count: points of each line, at least 2.
        """
        return Track(self.character, *resampled_lines(self.points, self.radii, count))

    def filling(self, margin: float = 0.08) -> "Track":
        """The track moved and scaled so that its ink fills the box, as images do.

        Small kana, punctuation and lower-case letters keep their place.

        Args:
            margin: empty border on each side as a fraction of the side.
        """
        down = self.radii > 0
        if not down.any():
            return self
        ink = self.points[down].astype(float), self.radii[down].astype(float)
        centre, scale = placement(self.character, *ink, 1.0, margin)
        points = (self.points - centre) * scale + 0.5
        return Track(self.character, points, self.radii * scale)

    def in_box(self, margin: float = 0.08) -> "Track":
        """The track in its box: `filling` of it gives what this one is.

        Small kana, punctuation and lower-case letters, which keep their place, would
        become smaller each time that they are placed. Others fill the box.

        Args:
            margin: of the `filling` that placed them.
        """
        if not keeps_place(self.character):
            return self.filling(margin)
        scale = 1 - 2 * margin
        points = (self.points - 0.5) / scale + 0.5
        return Track(self.character, points, self.radii / scale)


def resampled_lines(
    points: NDArray, radii: NDArray, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lines and radii with other numbers of points, evenly spaced by arc length.

    Args:
        points: (n, P, 2).
        radii: (n, P).
        count: points of each new line.

    Returns:
        Points (n, count, 2) and radii (n, count), which are 0 between two points of
        which one is lifted.
    """
    lifted = np.where(radii > 0, radii, _LIFTED)
    columns = np.concatenate([points, lifted[..., None]], axis=-1).astype(float)
    lines = resample_all(columns, count)
    return lines[..., :2], np.maximum(lines[..., 2], 0.0)


def straight_ways(strokes: NDArray) -> NDArray:
    """Straight lines between strokes (n, P, 2): (n - 1, P, 2)."""
    t = np.linspace(0, 1, strokes.shape[1])[None, :, None]
    return (1 - t) * strokes[:-1, -1:] + t * strokes[1:, :1]


def placement(character, points, radii, side, margin):
    """Centre (2,) and scale that make ink fill a square, aspect ratio kept.

    Args:
        character: small kana, punctuation and lower-case letters keep their place.
        points: (n, 2), the points of the ink in the character's box.
        radii: (n,), half the width of the lines.
        side: of the square.
        margin: empty border on each side as a fraction of the side.
    """
    reach = radii[:, None]
    low, high = (points - reach).min(0), (points + reach).max(0)
    if keeps_place(character):
        low, high = np.minimum(low, 0.0), np.maximum(high, 1.0)
    return (low + high) / 2, side * (1 - 2 * margin) / (high - low).max()
