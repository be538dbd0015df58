"""Strokes drawn quickly: each segment changes only the pixels around it."""

import math

import keras
from keras import ops

from hwgen_keras.layers.strokes import (
    NOWHERE,
    StrokeRenderer,
    segment_depth,
    segments_of,
    stroke_field,
)

# Sides of the squares of pixels around segments, as shares of the image's side: lines
# of a pen, of a brush; all other lines are drawn pixel by pixel.
_SHARES = (0.17, 0.27)


@keras.saving.register_keras_serializable("hwgen_keras")
class QuickStrokeRenderer(StrokeRenderer):
    """A `StrokeRenderer` that draws the same several times as fast, without gradients.

    Args: see `StrokeRenderer`; without `softness`, which reaches far from the ink.
    """

    def __init__(self, image_size, **kwargs):
        super().__init__(image_size, None, **kwargs)

    def _field(self, points, radii):
        return _quick_field(points, radii, self.image_size)


def _quick_field(points, radii, image_size):
    """As `stroke_field`, but below -1 any number may stand for another one."""
    segments = segments_of(points * image_size, radii * image_size)
    needed = ops.max(reach_of(segments))

    def draw():
        return stroke_field(points, radii, image_size)

    for share in reversed(_SHARES):
        side = max(8, math.ceil(share * image_size))
        if side < image_size:
            draw = _choice(needed <= side, side, segments, image_size, draw)
    return draw()


def _choice(fits, side, segments, image_size, otherwise):
    def patches():
        return _patched(segments, image_size, side)

    return lambda: ops.cond(fits, patches, otherwise)


def _patched(segments, image_size, side):
    """(batch, n, 6) → (batch, image_size, image_size), a row of the batch at a time."""
    fields = ops.map(lambda row: patch_field(row, image_size, side), segments)
    return ops.reshape(fields, (-1, image_size, image_size))


def reach_of(segments):
    """The side in pixels of the squares that each of segments (..., 6) fits into.

    It is 3 where the pen is lifted.
    """
    down = ops.minimum(segments[..., 4], segments[..., 5]) > 0
    length = ops.max(ops.abs(segments[..., 2:4] - segments[..., 0:2]), axis=-1)
    reach = length + 2 * ops.maximum(segments[..., 4], segments[..., 5])
    # A pixel for the soft edge on either side, and one for rounding.
    return ops.where(down, reach, 0.0) + 3


def patch_field(segments, image_size, side):
    """`stroke_field` of one character, by a square of pixels around each segment.

    Args:
        segments: (n, 6), see `segments_of`, in pixels.
        image_size: side of the image, an integer; on TensorFlow it may be a tensor.
        side: side of the squares, the same, at most `image_size`; see `reach_of`.

    Returns:
        (image_size²,); below -1 any number may stand for another one.
    """
    size, width = (ops.cast(x, segments.dtype) for x in (image_size, side))
    place = ops.arange(side, dtype=segments.dtype)
    rows, columns = ops.meshgrid(place, place, indexing="ij")
    rows, columns = ops.reshape(rows, (1, -1)), ops.reshape(columns, (1, -1))
    middle = (segments[:, 0:2] + segments[:, 2:4]) / 2
    corner = ops.clip(ops.floor(middle - width / 2), 0, size - width)
    x, y = corner[:, :1] + columns, corner[:, 1:] + rows
    depth = segment_depth(x + 0.5, y + 0.5, segments)
    depth = ops.segment_max(
        ops.reshape(depth, (-1,)),
        ops.cast(ops.reshape(y * size + x, (-1,)), "int32"),
        num_segments=image_size**2,
    )
    # Where there is no segment the maximum is minus infinity, or the least float.
    return ops.maximum(depth, NOWHERE)
