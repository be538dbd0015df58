"""Tracks as images in a graph: placed as `Track.filling` does, drawn at any size."""

import tensorflow as tf

from hwgen_keras.layers.stroke_patches import patch_field, reach_of
from hwgen_keras.layers.strokes import segments_of

# Of `Track.filling`.
_MARGIN = 0.08
# No coordinate is as large.
_FAR = 1e9


def images_of(points, radii, keeps_place, image_size):
    """Draws tracks so that their ink fills the square, as `hw.load(…).write` does.

    Args:
        points, radii: see `StrokeWriter`.
        keeps_place: (batch,) bool, see `sources.images.keeps_place`.
        image_size: side of the images in pixels, an int32 tensor without dimensions.

    Returns:
        (batch, image_size, image_size), uint8, 0 ink, 255 paper.
    """
    # `Track.in_box`: what keeps its place is placed already, and shrinks otherwise.
    scale = tf.where(keeps_place, 1 - 2 * _MARGIN, 1.0)[:, None, None]
    points, radii = (points - 0.5) / scale[..., None] + 0.5, radii / scale
    points, radii = filling(points, radii, keeps_place)

    def draw(track):
        points, radii = track
        return _drawn(points, radii, image_size)

    images = tf.TensorSpec((None, None), tf.uint8)
    return tf.map_fn(draw, (points, radii), fn_output_signature=images)


def filling(points, radii, keeps_place):
    """`Track.filling` of the tracks of a batch.

    Args:
        points, radii, keeps_place: see `images_of`.
    """
    down, reach = (radii > 0)[..., None], radii[..., None]
    low = tf.reduce_min(tf.where(down, points - reach, _FAR), (1, 2))
    high = tf.reduce_max(tf.where(down, points + reach, -_FAR), (1, 2))
    keeps_place = keeps_place[:, None]
    low = tf.where(keeps_place, tf.minimum(low, 0.0), low)
    high = tf.where(keeps_place, tf.maximum(high, 1.0), high)
    # Without ink there is nothing to place.
    inked = tf.reduce_any(down, (1, 2))
    low, high = tf.where(inked, low, 0.0), tf.where(inked, high, 1.0)
    scale = (1 - 2 * _MARGIN) / tf.reduce_max(high - low, 1)[:, None, None]
    points = (points - ((low + high) / 2)[:, None, None]) * scale[..., None] + 0.5
    return points, radii * scale


def _drawn(points, radii, image_size):
    size = tf.cast(image_size, tf.float32)
    # Each line as a row, since the number of lines is free in a graph.
    segments = segments_of(points[:, None] * size, radii[:, None] * size)
    segments = tf.reshape(segments, (-1, 6))
    needed = tf.reduce_max(reach_of(segments))
    segments = tf.boolean_mask(segments, tf.reduce_min(segments[:, 4:], 1) > 0)
    side = tf.minimum(tf.cast(tf.math.ceil(needed), tf.int32), image_size)
    field = patch_field(segments, image_size, side)
    greys = tf.round(255 * (1 - tf.clip_by_value(field + 0.5, 0.0, 1.0)))
    shape = tf.stack([image_size, image_size])
    return tf.reshape(tf.cast(greys, tf.uint8), shape)
