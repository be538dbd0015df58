"""The outline of a written character: closed curves around its ink."""

import dataclasses

import numpy as np
from fontTools.pens.boundsPen import BoundsPen
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.errors import check_number
from hwgen_keras.sources import Track
from hwgen_keras.vectors.bodies import UNITS, union
from hwgen_keras.vectors.curves import fit

# A side whose handles are this near to its thirds, in its own length, is straight.
_STRAIGHT = 1e-4


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Closed paths of cubic curves around ink, filled by the non-zero rule.

    Args:
        contours: float arrays (curves, 4, 2): start, two handles and end of each curve,
            which begins where the one before ends. In the box of the character, which
            is [0, 1] x [0, 1], x to the right and y down. Holes run against the
            direction of what they are in.

    Example:
        >>> ring = hw.outline(hw.PenWriter(1).track("一"))
        >>> len(ring.contours), ring.contours[0].shape[1:]
        (1, (4, 2))
    """

    contours: tuple[NDArray[np.floating], ...]

    @property
    def curves(self) -> int:
        """Number of curves, which is that of points on the outline."""
        return sum(map(len, self.contours))

    @property
    def bounds(self) -> NDArray[np.float64]:
        """Least x and y and greatest x and y of the curves; NaN without ink."""
        pen = BoundsPen(None)
        self.draw(pen)
        return np.full(4, np.nan) if pen.bounds is None else np.array(pen.bounds)

    def transformed(
        self, matrix: ArrayLike, shift: ArrayLike = (0.0, 0.0)
    ) -> "Outline":
        """The outline with each point p at `matrix` p + `shift`.

        Paths of a mirrored outline are turned round, so that they run as before.

        Args:
            matrix: (2, 2), or one number that scales.
            shift: (2,).
        """
        matrix = np.asarray(matrix, float)
        matrix = matrix * np.eye(2) if matrix.ndim == 0 else matrix
        moved = [contour @ matrix.T + np.asarray(shift) for contour in self.contours]
        if np.linalg.det(matrix) < 0:
            moved = [contour[::-1, ::-1] for contour in moved]
        return Outline(tuple(moved))

    def draw(self, pen) -> None:
        """Draws the outline with a pen of fontTools.

        Args:
            pen: any, such as `fontTools.pens.svgPathPen.SVGPathPen`.
        """
        for contour in self.contours:
            pen.moveTo(tuple(contour[0, 0]))
            for curve, straight in zip(contour, _straight(contour), strict=True):
                if straight:
                    pen.lineTo(tuple(curve[3]))
                else:
                    pen.curveTo(*map(tuple, curve[1:]))
            pen.closePath()


def _straight(contour):
    """Whether the handles of each curve are at its thirds."""
    start, end = contour[:, 0], contour[:, 3]
    chord = end - start
    off = [contour[:, k] - start - chord * k / 3 for k in (1, 2)]
    length = np.maximum(np.linalg.norm(chord, axis=-1), 1e-9)
    return np.linalg.norm(off, axis=-1).max(0) < _STRAIGHT * length


def outline(track: Track, tolerance: float = 0.0015) -> Outline:
    """The outline of the ink of a track: the union of the bodies of its lines.

    A body is the union of the discs along a line whose pen is down. Lines are smooth
    curves through their points, but for corners.

    Args:
        track: a `Track`.
        tolerance: greatest distance of the curves from that union, as a share of the
            box; a larger one leaves fewer points, and less of a tremor.

    Returns:
        An `Outline`, without contours if no pen is down.

    Raises:
        InputError: the tolerance is not a number from 0.0001 to 0.1, or pyclipper is
            not installed.

    Example:
        >>> len(hw.outline(hw.PenWriter(1).track("口")).contours)  # a ring and its hole
        2
    """
    check_number(
        *(tolerance, "tolerance", "a share of the box from 0.0001 to 0.1"),
        least=1e-4,
        most=0.1,
    )
    contours = fit(union(track.points, track.radii), tolerance * UNITS)
    return Outline(tuple(contour / UNITS for contour in contours))
