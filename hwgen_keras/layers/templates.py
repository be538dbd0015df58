"""What a template says of each of its strokes, as numbers."""

from keras import ops

from hwgen_keras.layers.tracks import cosines

# Cosine coefficients of a stroke.
_COEFFICIENTS = 16
# Sines and cosines of the number of a stroke.
_FREQUENCIES = 4


def shape_width(points):
    """The number of numbers of `stroke_shapes` for strokes of so many points."""
    return 2 * min(_COEFFICIENTS, points) + 1


def description_width(points):
    """The number of numbers of `describe_strokes`."""
    return shape_width(points) + 3 + 2 * _FREQUENCIES


def stroke_shapes(template):
    """The shape, place and length of strokes.

    Args:
        template: (..., P, 2), float32, in the unit box.

    Returns:
        (..., `shape_width(P)`), float32.
    """
    points = template.shape[-2]
    rows = min(_COEFFICIENTS, points)
    numbers = ops.matmul(cosines(rows, points), template - 0.5)
    # The higher a coefficient of KanjiVG's strokes, the smaller it is.
    order = 4 * (1 + ops.arange(rows, dtype="float32"))
    numbers = numbers * order[:, None]
    steps = template[..., 1:, :] - template[..., :-1, :]
    length = ops.sum(ops.sqrt(ops.sum(ops.square(steps), -1) + 1e-8), -1)
    shape = (*ops.shape(template)[:-2], 2 * rows)
    return ops.concatenate(
        [ops.reshape(numbers, shape), 2 * length[..., None]], axis=-1
    )


def describe_strokes(template, mask):
    """The shapes of strokes, their way to the next one, their number and how many.

    Args:
        template: (batch, n, P, 2), float32.
        mask: (batch, n), float32, 1 for the strokes that the character has.

    Returns:
        (batch, n, `description_width(P)`), float32.
    """
    count = ops.sum(mask, axis=1, keepdims=True)
    following = ops.concatenate([template[:, 1:, 0], template[:, -1:, -1]], axis=1)
    gap = 4 * (following - template[:, :, -1])
    last = ops.concatenate([mask[:, 1:], ops.zeros_like(mask[:, :1])], axis=1)
    index = ops.cumsum(mask, axis=1)
    periods = 2.0 ** (2 + ops.arange(_FREQUENCIES, dtype="float32"))
    phases = index[..., None] * (6.2831853 / periods)
    parts = [
        stroke_shapes(template),
        gap * last[..., None],
        ops.broadcast_to(count, ops.shape(mask))[..., None] / 10,
        ops.sin(phases),
        ops.cos(phases),
    ]
    return ops.concatenate(parts, axis=-1)
