"""Strokes drawn as pixels, differentiable with respect to their points and radii."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature

# Segments whose distances to all pixels are in memory at once.
_SEGMENTS = 32
# The radius in pixels below which a line would break up, as in sources/ink.py.
LEAST_RADIUS = 0.45
# Far outside, in pixels: where a lifted pen leaves ink.
NOWHERE = -1e4
# Under roots, whose derivative is infinite at 0.
_TINY = 1e-6


def stroke_field(points, radii, image_size):
    """How deep each pixel lies in the ink: its signed distance to the nearest edge.

    Between two points the line is the union of the discs whose centre and radius change
    evenly from one to the other. Its depth at a pixel is the greatest difference, over
    all discs, of the radius and the distance to the centre.

    Args:
        points: (batch, strokes, points, 2), x to the right and y down; the square of
            the image is [0, 1] x [0, 1].
        radii: (batch, strokes, points), half the width of the line at each point, in
            the same unit. Where one end of a segment has a radius of 0 or less, the pen
            is lifted.
        image_size: side of the square image in pixels.

    Returns:
        (batch, image_size, image_size), in pixels: above 0 inside of the ink, and
        minus the distance to it outside; -10,000 where no pen is down.
    """
    pieces = _chunks(segments_of(points * image_size, radii * image_size))
    middles = ops.arange(image_size, dtype=points.dtype) + 0.5
    x, y = ops.meshgrid(middles, middles, indexing="xy")
    x, y = ops.reshape(x, (-1,)), ops.reshape(y, (-1,))
    shape = (ops.shape(points)[0], image_size * image_size)
    deepest = ops.full(shape, NOWHERE, dtype=points.dtype)

    def deeper(deepest, chunk):
        return ops.maximum(deepest, ops.max(segment_depth(x, y, chunk), axis=1)), None

    deepest, _ = ops.scan(deeper, deepest, pieces)
    return ops.reshape(deepest, (-1, image_size, image_size))


def segments_of(points, radii):
    """The segments of lines: (batch, n, 6), start, end and the radii of both."""
    starts, ends = points[:, :, :-1], points[:, :, 1:]
    columns = [starts, ends, radii[:, :, :-1, None], radii[:, :, 1:, None]]
    rows = ops.concatenate(columns, axis=-1)
    return ops.reshape(rows, (-1, rows.shape[1] * rows.shape[2], 6))


def _chunks(segments):
    """Segments (batch, n, 6) in chunks for a scan: (chunks, batch, 32, 6)."""
    count = segments.shape[1]
    chunks = -(-count // _SEGMENTS)
    # Segments of radius 0 fill the last chunk: a lifted pen.
    rows = ops.pad(segments, ((0, 0), (0, chunks * _SEGMENTS - count), (0, 0)))
    rows = ops.reshape(rows, (-1, chunks, _SEGMENTS, 6))
    return ops.transpose(rows, (1, 0, 2, 3))


def segment_depth(x, y, segments):
    """How deep pixels lie in the ink of segments.

    Args:
        x, y: the middles of pixels, (p,), or for each segment its own, (..., p).
        segments: (..., 6), see `segments_of`.

    Returns:
        (..., p), in pixels.
    """
    x_start, y_start, x_end, y_end, first, last = ops.split(segments, 6, axis=-1)
    down = ops.logical_and(first > 0, last > 0)
    growth = last - first
    x_along, y_along = x_end - x_start, y_end - y_start
    length = ops.sqrt(ops.square(x_along) + ops.square(y_along) + _TINY)
    x_along, y_along = x_along / length, y_along / length
    x, y = x - x_start, y - y_start
    projected = x * x_along + y * y_along
    squared = ops.square(x) + ops.square(y) - ops.square(projected)
    squared = ops.maximum(squared, 0.0)
    aside = ops.sqrt(squared + _TINY)
    # The disc that reaches deepest lies before the foot of the perpendicular on a line
    # that grows thinner, and behind it on one that grows wider.
    slope = ops.clip(growth / length, -0.99, 0.99)
    place = projected + aside * (slope / ops.sqrt(1 - ops.square(slope)))

    def distance(place):
        t = ops.clip(place / length, 0.0, 1.0)
        return t, ops.sqrt(squared + _TINY + ops.square(projected - t * length))

    t, apart = distance(place)
    depth = ops.maximum(
        first + t * growth - apart, LEAST_RADIUS - distance(projected)[1]
    )
    return ops.where(down, depth, NOWHERE)


@keras.saving.register_keras_serializable("hwgen_keras")
class StrokeRenderer(ConfigFromSignature, layers.Layer):
    """Draws strokes of varying width as black ink on white paper.

    Args:
        image_size: side of the square image in pixels.
        softness: None draws antialiased lines, as `PenWriter` does. A number makes the
            edge a logistic curve of this width in pixels, so that gradients reach
            strokes that lie beside the ink they should cover.

    Input: a dict of

    - `points`: (batch, strokes, points, 2), float, x to the right and y down; the
      image is the square [0, 1] x [0, 1];
    - `radii`: (batch, strokes, points), float, half the width of the line in the same
      unit; 0 or less where the pen is lifted, and in strokes that fill up the batch.

    Output: (batch, image_size, image_size, 1), float in [-1, 1], -1 ink.

    Example:
        >>> points = np.array([[[[0.2, 0.5], [0.8, 0.5]]]], "float32")
        >>> radii = np.full((1, 1, 2), 0.1, "float32")
        >>> image = hw.StrokeRenderer(16)({"points": points, "radii": radii})
        >>> tuple(image.shape), float(image[0, 8, 8, 0]), float(image[0, 0, 0, 0])
        ((1, 16, 16, 1), -1.0, 1.0)

    Reference: Li et al., Differentiable Vector Graphics Rasterization for Editing and
    Learning, 2020, whose general case this restricts to lines with round ends.
    """

    def __init__(self, image_size, softness=None, **kwargs):
        super().__init__(**kwargs)
        self.image_size, self.softness = image_size, softness

    def _field(self, points, radii):
        """See `stroke_field`."""
        return stroke_field(points, radii, self.image_size)

    def call(self, inputs):
        field = self._field(inputs["points"], inputs["radii"])
        if self.softness is None:
            ink = ops.clip(field + 0.5, 0.0, 1.0)
        else:
            ink = ops.sigmoid(field / self.softness)
        return 1 - 2 * ink[..., None]
