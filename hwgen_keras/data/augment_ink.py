"""Augmentation of the ink: how broad a stroke is, how grey, and what covers it.

Images and seeds are as in `hwgen_keras.data.augment`.
"""

from hwgen_keras.data.augment_rows import PAPER, row_numbers


def stroke(images, seeds, thinner=0.006, broader=0.014):
    """Makes all strokes of an image broader or thinner, by fractions of a pixel.

    Args:
        images: float32 (batch, height, width, 1), values 0 to 255.
        seeds: int32 (batch, 2).
        thinner, broader: the greatest change of a stroke's half width in units of
            the image's height; each image gets one between the two. Thin strokes
            pale before they break, so thinner should stay the smaller one.
    """
    import tensorflow as tf

    height = images.shape[1]
    (number,) = _columns(seeds, 1, 101)
    change = height * (number * (thinner + broader) - thinner)
    broad = _steps(images, _darkest, height * broader)
    thin = _steps(images, lambda x: PAPER - _darkest(PAPER - x), height * thinner)
    # From the thinnest to the broadest, a pixel apart; two of them are blended.
    every = tf.stack([*thin[:0:-1], *broad], axis=1)
    position = tf.range(1 - len(thin), len(broad), dtype=tf.float32)
    weight = tf.nn.relu(1 - tf.abs(position[None, :] - change[:, None]))
    return tf.einsum("bs,bshwc->bhwc", weight, every)


def binarise(images, seeds, threshold=(0.35, 0.65), share=0.5):
    """Makes a share of the images pure black and white, as some scanners do.

    Args:
        images: float32 (batch, height, width, 1), values 0 to 255.
        seeds: int32 (batch, 2).
        threshold: least and greatest grey, from 0 (ink) to 1 (paper), up to which
            a pixel becomes ink.
        share: of the images that are changed.
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
        images: float32 (batch, height, width, 1), values 0 to 255.
        seeds: int32 (batch, 2).
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
        at = tf.range(pixels, dtype=tf.float32)[None, :] + 0.5
        end = start + length * pixels
        return (at >= start[:, None]) & (at < end[:, None])

    rows = covered(tf.minimum(tf.sqrt(size * ratio), 1.0), y, height)
    columns = covered(tf.minimum(tf.sqrt(size / ratio), 1.0), x, width)
    noise = PAPER * row_numbers(
        seeds + [0, 104], (height, width, 1), tf.random.stateless_uniform
    )
    mask = rows[:, :, None, None] & columns[:, None, :, None]
    return tf.where(mask, noise, images)


def _columns(seeds, count, number):
    """`count` random numbers (batch,) from 0 to 1, other ones for each `number`."""
    import tensorflow as tf

    drawn = row_numbers(seeds + [0, number], (count,), tf.random.stateless_uniform)
    return tf.unstack(drawn, axis=1)


def _steps(images, function, pixels):
    """The images, and what `function` makes of them, again and again."""
    steps = [images]
    while len(steps) - 1 < pixels:
        steps.append(function(steps[-1]))
    return steps


def _darkest(images):
    """The darkest of each pixel and its four neighbours."""
    import tensorflow as tf

    lightest = [
        tf.nn.max_pool2d(-images, window, 1, "SAME") for window in ((3, 1), (1, 3))
    ]
    return -tf.maximum(*lightest)
