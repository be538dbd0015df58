"""Tracks of a pen as whitened numbers, a vector for each stroke, and back."""

import math

import keras
import numpy as np
from keras import layers, ops

from hwgen_keras.errors import InputError, check_whole
from hwgen_keras.layers.configuration import ConfigFromSignature

# Logarithms need a least radius; it is a hundredth of a pen's, and invisible.
LEAST_RADIUS, GREATEST_RADIUS = 1e-3, 0.3
# A line is lifted where a decoded radius is at most so many times the least one.
_LIFTED = 1.5
# Taken from the number of a stroke that the character does not have.
_UNSEEN = 1e9
# Below it, a number hardly varies in the data; dividing by less would make noise of it.
_LEAST_DEVIATION = 1e-3


def cosines(count, points):
    """The first `count` rows of the orthonormal discrete cosine transform (DCT-II).

    Args:
        count: number of rows, 1 to `points`.
        points: length of a row.

    Returns:
        float32 array (count, points), divided by √points, so that the first number of
        a curve is its mean.
    """
    order, place = np.arange(count)[:, None], np.arange(points) + 0.5
    rows = np.cos(math.pi / points * order * place) * math.sqrt(2 / points)
    rows[0] /= math.sqrt(2)
    return (rows / math.sqrt(points)).astype("float32")


def sines(count, points):
    """The first `count` rows of the sine transform, which are 0 at both ends (DST-I).

    Args:
        count: number of rows, 0 to `points` - 2.
        points: length of a row.

    Returns:
        float32 array (count, points), divided by √(points - 1), see `cosines`.
    """
    order, place = np.arange(1, count + 1)[:, None], np.arange(points)
    rows = np.sin(math.pi / (points - 1) * order * place) * math.sqrt(2)
    return (rows / (points - 1)).astype("float32")


@keras.saving.register_keras_serializable("hwgen_keras")
class TrackFeatures(ConfigFromSignature, layers.Layer):
    """Turns the lines of a track into numbers, and numbers into lines.

    Each stroke has one vector, which also describes the way to the next stroke:

    - cosine coefficients of the stroke's displacement from the template's stroke;
    - sine coefficients of the way's deviation from the straight line between its ends,
      so that it begins where the stroke ends and ends where the next one begins;
    - cosine coefficients of the logarithm of the radii of both;
    - whether the stroke is present and whether the pen is down on the way: 1 or -1.

    All but the last two are whitened by the mean and deviation of the data, see
    `adapt`. What a lifted pen leaves open is 0: radii of an absent stroke, radii and
    deviation of a lifted way, which therefore is straight.

    Args:
        points: of a line, P.
        coefficients: of each coordinate of a stroke's displacement, 1 to P.
        way_coefficients: of each coordinate of a way, 0 to P - 2.
        radius_coefficients, way_radius_coefficients: of the radii, 1 to P.

    With the largest numbers of coefficients the lines come back exactly, otherwise the
    smoothest ones that are nearest to them.

    Attributes:
        width: the number of numbers of a stroke.
        importance: float32 (width,), the weight of each of them in a loss.
        joins: bool (width,), those of the ways, and whether a stroke is present and the
            pen stays down.
        pens: bool (width,), the mean widths of the stroke and of the way.

    Raises:
        InputError: an argument is no whole number in its range.

    Reference: Chen et al., Analog Bits, 2022 (±1 for what is or is not).
    """

    def __init__(
        self,
        points=24,
        coefficients=12,
        way_coefficients=6,
        radius_coefficients=4,
        way_radius_coefficients=3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_whole(points, "points", 3)
        for name, value, least, most in (
            ("coefficients", coefficients, 1, points),
            ("way_coefficients", way_coefficients, 0, points - 2),
            ("radius_coefficients", radius_coefficients, 1, points),
            ("way_radius_coefficients", way_radius_coefficients, 1, points),
        ):
            check_whole(value, name, least)
            if value > most:
                raise InputError(
                    f"{name} is {value}; lines of {points} points have at most {most}."
                )
        self.points, self.coefficients = points, coefficients
        self.way_coefficients = way_coefficients
        self.radius_coefficients = radius_coefficients
        self.way_radius_coefficients = way_radius_coefficients
        self.sizes = (
            2 * coefficients,
            2 * way_coefficients,
            radius_coefficients,
            way_radius_coefficients,
            1,
            1,
        )
        self.width = sum(self.sizes)
        self.importance = self._importance()
        self.joins = np.repeat([False, True, False, True, True, True], self.sizes)
        first = sum(self.sizes[:2])
        self.pens = np.isin(np.arange(self.width), [first, first + radius_coefficients])
        self._cosines = cosines(points, points)
        self._sines = sines(points - 2, points)

    def _importance(self):
        """The weight of each number in a loss, on average 1: float32 (width,).

        Whitened, a tremor counts as much as the place of a stroke, and the fine changes
        of width as much as the pen, which must be one in all of a hand.
        """
        parts = []
        for size, low in zip(self.sizes[:2], (2.0, 1.0), strict=True):
            order = np.arange(size) // 2
            parts.append(low / (1 + order / 3))
        for size, first in zip(self.sizes[2:4], (12.0, 2.0), strict=True):
            parts.append(np.r_[first, np.ones(size - 1)])
        parts.append(np.array([2.0, 4.0]))
        weights = np.concatenate(parts)
        return (weights / weights.mean()).astype("float32")

    def build(self, input_shape=None):
        # Of no data in particular, so that noise becomes lines inside the box.
        moves, bends = (
            size / (1 + np.arange(count) // 2)
            for size, count in zip((0.1, 0.03), self.sizes[:2], strict=True)
        )
        widths = np.full(sum(self.sizes[2:4]), 0.1)
        deviation = np.concatenate([moves, bends, widths, [1, 1]])
        mean = np.where(self.pens, math.log(0.02), 0.0)
        for name, values in (("mean", mean), ("deviation", deviation)):
            weight = self.add_weight(
                shape=(self.width,),
                initializer="zeros",
                trainable=False,
                dtype="float32",
                autocast=False,
                name=name,
            )
            weight.assign(values.astype("float32"))
            setattr(self, name, weight)

    def _raw(self, template, lines, radii):
        """Numbers before whitening, and whether each is known: (..., width) each."""
        template, lines, radii = map(_float32, (template, lines, radii))
        stroke, way = lines[..., 0, :, :], lines[..., 1, :, :]
        place = ops.arange(self.points, dtype="float32") / (self.points - 1)
        place = place[:, None]
        straight = (1 - place) * way[..., :1, :] + place * way[..., -1:, :]
        rows, logs = self._cosines, ops.log(ops.maximum(radii, LEAST_RADIUS))
        parts = [
            _flat(ops.matmul(rows[: self.coefficients], stroke - template)),
            _flat(ops.matmul(self._sines[: self.way_coefficients], way - straight)),
            ops.matmul(logs[..., 0, :], rows[: self.radius_coefficients].T),
            ops.matmul(logs[..., 1, :], rows[: self.way_radius_coefficients].T),
        ]
        down = ops.cast(ops.max(radii, axis=-1) > 0, "float32")
        present, joined = down[..., :1], down[..., 1:]
        parts += [2 * present - 1, 2 * joined - 1]
        one = ops.ones_like(present)
        known = (one, joined, present, joined, one, one)
        known = [ops.repeat(k, n, axis=-1) for k, n in self._with_sizes(known)]
        return ops.concatenate(parts, axis=-1), ops.concatenate(known, axis=-1)

    def _with_sizes(self, values):
        return zip(values, self.sizes, strict=True)

    def encode(self, template, lines, radii):
        """The numbers of strokes.

        Args:
            template: (..., P, 2), strokes of the template.
            lines: (..., 2, P, 2), float32: the stroke as it is written, and the way to
                the next one; of the last stroke, which has none, any lifted line.
            radii: (..., 2, P), of both; 0 or less where the pen is lifted.

        Returns:
            (..., width), float32.
        """
        raw, known = self._raw(template, lines, radii)
        return known * (raw - self.mean) / self.deviation

    def decode(self, template, features, mask):
        """The lines that numbers describe.

        Args:
            template: (batch, n, P, 2).
            features: (batch, n, width), float32.
            mask: (batch, n), bool: the strokes that the character has.

        Returns:
            Points (batch, 2n - 1, P, 2) and radii (batch, 2n - 1, P), which are 0 where
            the pen is lifted and in lines that the character does not have. Where no
            stroke is present, the likeliest one is.
        """
        template, mask = _float32(template), _float32(mask)
        raw = _float32(features) * self.deviation + self.mean
        ends = np.cumsum(self.sizes)[:-1].tolist()
        moves, bends, widths, way_widths, present, joined = ops.split(
            raw, ends, axis=-1
        )
        batch, strokes, _, _ = ops.shape(template)

        def curves(numbers, rows):
            count = numbers.shape[-1] // 2
            numbers = ops.reshape(numbers, (batch, strokes, count, 2))
            return ops.matmul(rows[:count].T, numbers)

        rows = self._cosines * self.points
        stroke = template + curves(moves, rows)
        following = ops.concatenate([stroke[:, 1:, :1], stroke[:, -1:, -1:]], axis=1)
        place = ops.arange(self.points, dtype="float32") / (self.points - 1)
        place = place[:, None]
        way = (1 - place) * stroke[:, :, -1:] + place * following
        followed = ops.concatenate([mask[:, 1:], ops.zeros_like(mask[:, :1])], axis=1)

        joined = (mask * followed)[..., None] * joined
        if self.way_coefficients:
            bend = curves(bends, self._sines * (self.points - 1))
            way = ops.where(joined[..., None] > 0, way + bend, way)

        def along(numbers, down):
            logs = ops.matmul(numbers, rows[: numbers.shape[-1]])
            least, most = math.log(LEAST_RADIUS), math.log(GREATEST_RADIUS)
            radii = ops.exp(ops.clip(logs, least, most))
            down = ops.logical_and(down > 0, radii > _LIFTED * LEAST_RADIUS)
            return ops.where(down, radii, 0.0)

        # A character has a stroke, at least the likeliest.
        seen = mask[..., None]
        likeliest = ops.max(present - _UNSEEN * (1 - seen), axis=1, keepdims=True)
        present = ops.where(present >= likeliest, 1.0, present)
        radii = along(widths, seen * present)
        way_radii = along(way_widths, joined)
        lines = ops.stack([stroke, way], axis=2)
        lines = ops.reshape(lines, (batch, 2 * strokes, self.points, 2))
        radii = ops.stack([radii, way_radii], axis=2)
        radii = ops.reshape(radii, (batch, 2 * strokes, self.points))
        return lines[:, :-1], radii[:, :-1]

    def adapt(self, batches):
        """Sets the mean and deviation by which numbers are whitened.

        Args:
            batches: iterable of (template, lines, radii, mask) of tracks, see
                `by_stroke`: (batch, n, P, 2), (batch, n, 2, P, 2), (batch, n, 2, P) and
                (batch, n), bool.

        Raises:
            InputError: there is no stroke in the batches.
        """
        if not self.built:
            self.build()
        count = total = squares = np.zeros(self.width)
        for template, lines, radii, mask in batches:
            raw, known = (
                ops.convert_to_numpy(x).astype("float64")[np.asarray(mask)]
                for x in self._raw(template, lines, radii)
            )
            count = count + known.sum(0)
            total = total + (known * raw).sum(0)
            squares = squares + (known * raw**2).sum(0)
        if not count.any():
            raise InputError("The batches have no stroke; give at least one track.")
        mean = total / np.maximum(count, 1)
        variance = squares / np.maximum(count, 1) - mean**2
        deviation = np.sqrt(np.maximum(variance, 0))
        # What is never known stays as it is, and so do the two yes or no.
        fixed = (count == 0) | (np.arange(self.width) >= self.width - 2)
        self.mean.assign(np.where(fixed, 0, mean).astype("float32"))
        deviation = np.where(fixed, 1, np.maximum(deviation, _LEAST_DEVIATION))
        self.deviation.assign(deviation.astype("float32"))


def _float32(values):
    return ops.cast(ops.convert_to_tensor(values), "float32")


def _flat(numbers):
    """(..., n, 2) → (..., 2n)."""
    return ops.reshape(numbers, (*ops.shape(numbers)[:-2], -1))


def by_stroke(points, radii):
    """The lines of tracks by stroke: each stroke with the way that follows it.

    Args:
        points: (batch, 2n - 1, P, 2).
        radii: (batch, 2n - 1, P).

    Returns:
        Lines (batch, n, 2, P, 2) and radii (batch, n, 2, P); the last stroke has a
        lifted way that stays at the end of the stroke.
    """
    rest = ops.repeat(points[:, -1:, -1:], points.shape[2], axis=2)
    points = ops.concatenate([points, rest], axis=1)
    radii = ops.concatenate([radii, ops.zeros_like(radii[:, :1])], axis=1)
    # A batch may have any number of rows, and of strokes, in a graph.
    batch, each = ops.shape(points)[0], points.shape[2]
    return (
        ops.reshape(points, (batch, -1, 2, each, 2)),
        ops.reshape(radii, (batch, -1, 2, each)),
    )
