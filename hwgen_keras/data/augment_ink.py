"""Augmentation of the ink; images and seeds are as in `hwgen_keras.data.augment`."""

import math

from hwgen_keras.data.augment_rows import PAPER, row_numbers


def stroke(images, seeds, thinner=0.006, broader=0.014):
    """Changes the width of all strokes of an image, by fractions of a pixel.

    Args:
        thinner, broader: greatest changes of a stroke's half width in units of the
            image's height. Thin strokes fade before they break, so `thinner` should
            be below `broader`.
    """
    import tensorflow as tf

    height = images.shape[1]
    (number,) = _columns(seeds, 1, 101)
    change = height * (number * (thinner + broader) - thinner)
    widths = [images]
    for _ in range(math.ceil(height * broader)):
        widths.append(_darkest(widths[-1]))
    count = max(math.ceil(height * thinner), 0)
    for _ in range(count):
        widths.insert(0, PAPER - _darkest(PAPER - widths[0]))
    # Of widths a pixel apart, the two nearest are blended.
    position = tf.range(-count, len(widths) - count, dtype=tf.float32)
    weight = tf.nn.relu(1 - tf.abs(position[None, :] - change[:, None]))
    return tf.einsum("bs,bshwc->bhwc", weight, tf.stack(widths, axis=1))


def binarise(images, seeds, threshold=(0.35, 0.65), share=0.5):
    """Turns a share of the images pure black and white, as some scanners do.

    Args:
        threshold: range of the greatest grey of ink, from 0 (ink) to 1 (paper).
        share: of the images.
    """
    import tensorflow as tf

    chance, number = _columns(seeds, 2, 102)
    low, high = threshold
    limit = PAPER * (low + (high - low) * number)
    hard = tf.where(images < limit[:, None, None, None], 0.0, PAPER)
    return tf.where((chance < share)[:, None, None, None], hard, images)


def erasing(images, seeds, area=(0.02, 0.12), aspect=(0.3, 3.3)):
    """Covers a rectangle of each image with random greys.

    Args:
        area: least and greatest share of the image that is covered.
        aspect: least and greatest ratio of the rectangle's sides.

    Reference: Z. Zhong et al., Random erasing data augmentation, AAAI 2020.
    """
    import tensorflow as tf

    height, width = images.shape[1:3]
    size, shape, x, y = _columns(seeds, 4, 103)
    size = area[0] + (area[1] - area[0]) * size
    low, high = tf.math.log(aspect[0]), tf.math.log(aspect[1])
    ratio = tf.exp(low + (high - low) * shape)

    def covered(length, place, pixels):
        start = place * (1 - length) * pixels
        centres = tf.range(pixels, dtype=tf.float32)[None, :] + 0.5
        end = start + length * pixels
        return (centres >= start[:, None]) & (centres < end[:, None])

    rows = covered(tf.minimum(tf.sqrt(size * ratio), 1.0), y, height)
    columns = covered(tf.minimum(tf.sqrt(size / ratio), 1.0), x, width)
    noise = PAPER * row_numbers(
        seeds + [0, 104], (height, width, 1), tf.random.stateless_uniform
    )
    mask = rows[:, :, None, None] & columns[:, None, :, None]
    return tf.where(mask, noise, images)


def _columns(seeds, count, number):
    """`count` random numbers (batch,) from 0 to 1; `number` selects the stream."""
    import tensorflow as tf

    drawn = row_numbers(seeds + [0, number], (count,), tf.random.stateless_uniform)
    return tf.unstack(drawn, axis=1)


def _darkest(images):
    """The darkest of each pixel and its four neighbours."""
    import tensorflow as tf

    down, across = (tf.nn.max_pool2d(-images, w, 1, "SAME") for w in ((3, 1), (1, 3)))
    return -tf.maximum(down, across)
