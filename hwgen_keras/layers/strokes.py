"""Strokes drawn as pixels, differentiable with respect to their points and radii."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature

# Segments whose distances to all pixels are in memory at once.
_SEGMENTS = 32
# The radius in pixels below which a line would break up, as in sources/ink.py.
LEAST_RADIUS = 0.45
# Far outside, in pixels: where a lifted pen leaves ink.
_NOWHERE = -1e4
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
    pieces = _segments(points * image_size, radii * image_size)
    middles = ops.arange(image_size, dtype=points.dtype) + 0.5
    x, y = ops.meshgrid(middles, middles, indexing="xy")
    pixels = ops.stack([ops.reshape(x, (-1,)), ops.reshape(y, (-1,))], axis=-1)
    shape = (ops.shape(points)[0], image_size * image_size)
    deepest = ops.full(shape, _NOWHERE, dtype=points.dtype)

    def deeper(deepest, chunk):
        return ops.maximum(deepest, ops.max(_depth(pixels, chunk), axis=1)), None

    deepest, _ = ops.scan(deeper, deepest, pieces)
    return ops.reshape(deepest, (-1, image_size, image_size))


def _segments(points, radii):
    """The segments in chunks for a scan: start, end (chunks, batch, n, 2), radii."""
    starts, ends = points[:, :, :-1], points[:, :, 1:]
    columns = [starts, ends, radii[:, :, :-1, None], radii[:, :, 1:, None]]
    rows = ops.concatenate(columns, axis=-1)
    count = rows.shape[1] * rows.shape[2]
    chunks = -(-count // _SEGMENTS)
    rows = ops.reshape(rows, (-1, count, 6))
    # Segments of radius 0 fill the last chunk: a lifted pen.
    rows = ops.pad(rows, ((0, 0), (0, chunks * _SEGMENTS - count), (0, 0)))
    rows = ops.reshape(rows, (-1, chunks, _SEGMENTS, 6))
    return ops.transpose(rows, (1, 0, 2, 3))


def _depth(pixels, segments):
    """The depth of pixels (p, 2) in segments (batch, n, 6): (batch, n, p)."""
    start, end = segments[..., None, 0:2], segments[..., None, 2:4]
    first, last = segments[..., 4:5], segments[..., 5:6]
    down = ops.logical_and(first > 0, last > 0)
    growth = last - first
    along = end - start
    length = ops.sqrt(ops.sum(ops.square(along), axis=-1) + _TINY)
    offset = pixels - start
    projected = ops.sum(offset * along, axis=-1) / length
    squared = ops.sum(ops.square(offset), axis=-1)
    aside = ops.sqrt(ops.maximum(squared - ops.square(projected), 0.0) + _TINY)
    # The disc that reaches deepest lies before the foot of the perpendicular on a line
    # that grows thinner, and behind it on one that grows wider.
    slope = ops.clip(growth / length, -0.99, 0.99)
    place = projected + aside * slope / ops.sqrt(1 - ops.square(slope))

    def distance(place):
        t = ops.clip(place / length, 0.0, 1.0)
        return t, ops.sqrt(ops.square(aside) + ops.square(projected - t * length))

    t, apart = distance(place)
    depth = ops.maximum(
        first + t * growth - apart, LEAST_RADIUS - distance(projected)[1]
    )
    return ops.where(down, depth, _NOWHERE)


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

    def call(self, inputs):
        field = stroke_field(inputs["points"], inputs["radii"], self.image_size)
        if self.softness is None:
            ink = ops.clip(field + 0.5, 0.0, 1.0)
        else:
            ink = ops.sigmoid(field / self.softness)
        return 1 - 2 * ink[..., None]
