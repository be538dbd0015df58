"""The frame of a hand: how it leans, stretches, moves and presses in all it writes."""

import typing

from keras import ops

# Half the width of a line by a pen of which nothing is known.
_PEN = 0.02
# So many strokes weigh as much as what is true of hands without any.
_SHIFT_STROKES, _PEN_STROKES = 4.0, 1.0
# The same for the matrix, in strokes times the variance of points in the unit box.
_RIDGE = 0.1
_LEAST_RADIUS = 1e-3


class HandFrame(typing.NamedTuple):
    """What changes all strokes of a hand alike.

    Attributes:
        matrix: (rows, 2, 2), float32, of the plane about the middle of the box.
        shift: (rows, 2), float32, of the middle.
        pen: (rows,), float32, half the width of the line.
    """

    matrix: typing.Any
    shift: typing.Any
    pen: typing.Any

    @classmethod
    def of_numbers(cls, numbers):
        """The frame of what `numbers` returns.

        Args:
            numbers: (rows, 7), float32.
        """
        numbers = ops.convert_to_tensor(numbers)
        matrix = ops.reshape(numbers[:, :4], (-1, 2, 2)) + ops.eye(2)
        return cls(matrix, numbers[:, 4:6], _PEN * ops.exp(numbers[:, 6]))

    def numbers(self):
        """The frame as numbers: (rows, 7), float32, all 0 if it changes nothing."""
        return ops.concatenate(
            [
                ops.reshape(self.matrix - ops.eye(2), (-1, 4)),
                self.shift,
                ops.log(self.pen / _PEN)[:, None],
            ],
            axis=-1,
        )

    def place(self, points):
        """Points where the hand would put them.

        Args:
            points: (rows, n, P, 2), float32, in the unit box.

        Returns:
            Of the same shape.
        """
        points = ops.convert_to_tensor(points)
        turned = ops.matmul(points - 0.5, ops.swapaxes(self.matrix, 1, 2)[:, None])
        return 0.5 + turned + self.shift[:, None, None]

    def without_pen(self, radii):
        """Radii (rows, ...) as if the pen were the unknown one."""
        return self._scaled(radii, _PEN / self.pen)

    def with_pen(self, radii):
        """The reverse of `without_pen`."""
        return self._scaled(radii, self.pen / _PEN)

    def _scaled(self, radii, factor):
        radii = ops.convert_to_tensor(radii)
        return radii * ops.reshape(factor, (-1,) + (1,) * (len(radii.shape) - 1))


def hand_frame(template, lines, radii, mask):
    """The frame of hands, by least squares over strokes that they wrote.

    The fewer strokes there are, the less the frame changes.

    Args:
        template: (hands, pairs, P, 2), float32, strokes of templates.
        lines: (hands, pairs, 2, P, 2), float32: each stroke as it was written, and the
            way to the next one.
        radii: (hands, pairs, 2, P), float32, of both; 0 or less where the pen is
            lifted.
        mask: (hands, pairs), pairs that exist.

    Returns:
        A `HandFrame` with a row for each hand.
    """
    template, lines, radii = map(ops.convert_to_tensor, (template, lines, radii))
    written, widths = lines[:, :, 0], radii[:, :, 0]
    present = ops.cast(mask, "float32") * ops.cast(
        ops.max(widths, axis=-1) > 0, "float32"
    )
    count = ops.sum(present, axis=1)
    share = present / ops.maximum(count, 1.0)[:, None]

    def mean(values):
        return ops.sum(share[..., None] * values, axis=1)

    def product(one, other):
        one = ops.reshape(share[..., None, None] * one, (-1, *flat))
        other = ops.reshape(other, (-1, *flat))
        return ops.matmul(ops.swapaxes(one, 1, 2), other) / template.shape[2]

    flat = ops.shape(template)[1] * template.shape[2], 2
    centre, target = mean(ops.mean(template, axis=2)), mean(ops.mean(written, axis=2))
    before = template - centre[:, None, None]
    ridge = (_RIDGE / (1 + count))[:, None, None] * ops.eye(2)
    spread = product(before, before) + ridge
    moved = product(written - target[:, None, None], before) + ridge
    a, b, c = spread[:, 0, 0], spread[:, 0, 1], spread[:, 1, 1]
    inverse = ops.stack([c, -b, -b, a], axis=-1) / (a * c - b * b)[:, None]
    matrix = ops.matmul(moved, ops.reshape(inverse, (-1, 2, 2)))
    target = centre + (target - centre) * (count / (count + _SHIFT_STROKES))[:, None]
    shift = target - 0.5 + ops.matmul(matrix, (0.5 - centre)[..., None])[..., 0]
    logs = ops.log(ops.maximum(widths, _LEAST_RADIUS) / _PEN)
    total = ops.sum(present * ops.mean(logs, axis=-1), axis=1)
    return HandFrame(matrix, shift, _PEN * ops.exp(total / (count + _PEN_STROKES)))
