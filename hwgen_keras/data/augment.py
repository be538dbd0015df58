"""Augmentation in batched TensorFlow operations.

Images are float32 (batch, height, width, 1) with the greys 0 (ink) to 255 (paper);
seeds are int32 (batch, 2). The augmentation of an image depends on its seed alone, not
on the batch or on earlier batches. KerasCV's layers therefore draw no numbers here.
"""

import math

import numpy as np

from hwgen_keras.data.augment_ink import binarise, erasing, stroke
from hwgen_keras.data.augment_rows import PAPER, row_numbers
from hwgen_keras.errors import InputError

__all__ = ["binarise", "cutout", "elastic", "erasing", "gridmask", "perspective"]
__all__ += ["AUGMENTATIONS", "PAPER", "parse_augmentations", "randaugment", "stroke"]

# In the order of application. A sampler draws `affine` as a part of its rows.
AUGMENTATIONS = ("none", "affine", "perspective", "elastic", "stroke", "binarise")
AUGMENTATIONS += ("gridmask", "cutout", "erasing", "randaugment")


def parse_augmentations(names):
    """Checks the names in a list, or in a text such as `"affine,elastic"`.

    Returns:
        A tuple of names in the order of application, without `none`.
    """
    if isinstance(names, str):
        names = names.split(",")
    names = [name.strip() for name in names]
    for name in names:
        if name not in AUGMENTATIONS:
            raise InputError(
                f"There is no augmentation {name!r}; use {', '.join(AUGMENTATIONS)}, "
                "or several of them joined by commas."
            )
    return tuple(name for name in AUGMENTATIONS[1:] if name in names)


def perspective(images, seeds, strength=0.12):
    """Shows each image in a random perspective, as a photograph of a page does.

    `strength` is the greatest share by which distances grow or shrink from the centre
    to an edge.
    """
    import tensorflow as tf

    height, width = images.shape[1:3]
    numbers = row_numbers(seeds + [0, 105], (2,), tf.random.stateless_uniform)
    p, q = tf.unstack(strength * (2 * numbers - 1), axis=1)
    # With u and v from -1 to 1, output (u, v) is input (s u, s v) / (1 + p u + q v);
    # s is so large that ink within the usual margins stays inside.
    s = 1 + 0.5 * (tf.abs(p) + tf.abs(q))
    h, g = (width - 1) / 2, (height - 1) / 2
    corner = 1 - p - q
    columns = (
        *(p + s, q * h / g, h * (corner - s)),
        *(p * g / h, q + s, g * (corner - s)),
        *(p / h, q / g),
    )
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack(columns, axis=1) / corner[:, None],
        output_shape=tf.constant([height, width], tf.int32),
        fill_value=PAPER,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def elastic(images, seeds, alpha=0.03, sigma=0.15):
    """Distorts each image by its own smooth random field of displacements.

    Args:
        alpha: standard deviation of a displacement in units of the image's height.
        sigma: standard deviation of the Gaussian that smooths the field, in the same
            units; strokes stay smooth where it is a few times `alpha`.

    Reference: P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional
    neural networks applied to visual document analysis, ICDAR 2003.
    """
    import tensorflow as tf

    height, width = images.shape[1:3]
    down, across = _smoothing(height, sigma), _smoothing(width, sigma)
    shape = (2, down.shape[1], across.shape[1])
    noise = row_numbers(seeds, shape, tf.random.stateless_normal)
    # Two products with small matrices: noise on a coarse grid, smoothed by a Gaussian.
    field = tf.matmul(tf.matmul(down, noise), across, transpose_b=True)
    field *= alpha * height
    y = tf.range(height, dtype=tf.float32)[:, None] + field[:, 0]
    x = tf.range(width, dtype=tf.float32)[None, :] + field[:, 1]
    return _sample(images, y, x)


def gridmask(images, seeds, ratio=(0.1, 0.35), rotation=0.1):
    """Covers each image with a rotated grid of squares of paper, as KerasCV's GridMask.

    Args:
        ratio: least and greatest side of a square in units of the grid's spacing.
        rotation: greatest rotation of the grid in units of a full turn.

    Reference: P. Chen et al., GridMask data augmentation, arXiv:2001.04086.
    """
    import keras_cv
    import tensorflow as tf

    height, width = images.shape[1:3]
    side = math.ceil(math.hypot(height, width))
    share, spacing, x, y, angle = (
        row_numbers(seeds + [0, number], (1,), tf.random.stateless_uniform)
        for number in range(1, 6)
    )
    least, most = sorted((0.5 * height, 0.3 * width))
    spacing = least + (most + 1 - least) * spacing
    square = (ratio[0] + (ratio[1] - ratio[0]) * share) * spacing

    def covered(offset):
        pixels = tf.range(side, dtype=tf.float32)[None, :]
        cell = (pixels + offset) // spacing + 1
        # KerasCV's grid ends here; its last cell is seldom within the image.
        inside = cell <= side // spacing + 1
        return inside & (pixels >= cell * spacing - offset - square)

    mask = covered(y * spacing)[:, :, None] & covered(x * spacing)[:, None, :]
    angles = 2 * math.pi * rotation * (2 * angle[:, 0] - 1)

    class Rotation(keras_cv.layers.RandomRotation):
        def get_random_transformation_batch(self, batch_size, **kwargs):
            return {"angles": angles}

    layer = Rotation(rotation, fill_mode="constant", dtype="float32")
    mask = layer(tf.cast(mask, tf.float32)[..., None])
    top, left = (side - height) // 2, (side - width) // 2
    return tf.where(mask[:, top : top + height, left : left + width] > 0, PAPER, images)


def cutout(images, seeds, side=(0.15, 0.4)):
    """Covers a rectangle of each image with paper (KerasCV's RandomCutout).

    `side` is its least and greatest side in units of the image's.

    Reference: T. DeVries, G. Taylor, Improved regularization of convolutional
    neural networks with cutout, arXiv:1708.04552.
    """
    import keras_cv
    import tensorflow as tf

    layer = keras_cv.layers.RandomCutout(side, side, fill_value=PAPER, dtype="float32")
    height, width = images.shape[1:3]
    numbers = row_numbers(seeds, (4,), tf.random.stateless_uniform)
    sides = side[0] + (side[1] - side[0]) * numbers[:, 2:]
    rectangles = {
        "centers_x": numbers[:, 0] * width,
        "centers_y": numbers[:, 1] * height,
        "rectangles_width": tf.math.ceil(sides[:, 0] * width),
        "rectangles_height": tf.math.ceil(sides[:, 1] * height),
    }
    rectangles = {name: tf.cast(v, tf.int32) for name, v in rectangles.items()}
    return layer.augment_images(images, transformations=rectangles)


def randaugment(images, seeds, count=2):
    """Applies `count` random augmentations to each image, each with its defaults.

    Reference: E. Cubuk et al., RandAugment: practical automated data augmentation
    with a reduced search space, NeurIPS 2020.
    """
    import tensorflow as tf

    functions = (perspective, elastic, stroke, binarise, cutout, erasing)
    shape = (len(functions),)
    numbers = row_numbers(seeds + [0, 106], shape, tf.random.stateless_uniform)
    rank = tf.argsort(tf.argsort(numbers, axis=1), axis=1)
    for number, function in enumerate(functions):
        rows = tf.where(rank[:, number] < count)
        changed = function(tf.gather_nd(images, rows), tf.gather_nd(seeds, rows))
        images = tf.tensor_scatter_nd_update(images, rows, changed)
    return images


def _smoothing(side, sigma):
    """Weights (side, points) of a Gaussian filter that keeps the variance of noise."""
    deviation = sigma * side
    # Points as far apart as the deviation, three of them beyond each end.
    points = np.arange(-3, math.ceil(1 / sigma) + 4) * deviation
    weights = np.exp(-0.5 * ((np.arange(side)[:, None] - points) / deviation) ** 2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return weights.astype(np.float32)


def _sample(images, y, x):
    """Bilinear values at positions (batch, height, width); paper outside."""
    import tensorflow as tf

    height, width = images.shape[1:3]
    # One border pixel before and two behind: the neighbours of the last position.
    border = [[0, 0], [1, 2], [1, 2], [0, 0]]
    padded = tf.pad(images, border, constant_values=PAPER)
    # With the four neighbours of a position side by side, one look-up gets all.
    corners = (padded[:, :-1, :-1], padded[:, :-1, 1:])
    corners += (padded[:, 1:, :-1], padded[:, 1:, 1:])
    table = tf.reshape(tf.concat(corners, axis=-1), (-1, 4))
    y = tf.clip_by_value(y + 1, 0.0, height + 1.0)
    x = tf.clip_by_value(x + 1, 0.0, width + 1.0)
    top, left = tf.floor(y), tf.floor(x)
    down, right = y - top, x - left
    image = tf.range(tf.shape(images)[0])[:, None, None] * (height + 2)
    rows = (image + tf.cast(top, tf.int32)) * (width + 2)
    values = tf.gather(table, rows + tf.cast(left, tf.int32))
    upper = values[..., 0] * (1 - right) + values[..., 1] * right
    lower = values[..., 2] * (1 - right) + values[..., 3] * right
    return (upper * (1 - down) + lower * down)[..., None]
