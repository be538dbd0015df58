"""Mixing two images and their labels, in batched TensorFlow operations.

Each image is mixed with the one before it in the batch. The shares depend on the seed
of its row alone, so that a resumed run continues unchanged.
"""

import functools
import importlib.util

from hwgen_keras.data.augment_rows import row_numbers
from hwgen_keras.errors import InputError

MIXES = ("none", "mixup", "cutmix", "fmix")
_SALT = 107  # for numbers other than those of the augmentations


def mixing(name, classes):
    """The function that mixes the images and the labels of a batch.

    Pass it to `feed` as `outputs`, and train with a loss that takes shares of classes,
    such as `keras.losses.CategoricalCrossentropy(from_logits=True)`.

    Args:
        name: of `MIXES`, but not `"none"`.
        classes: number of classes.

    Returns:
        A function: a batch with `image` (batch, height, width, 1), `label` (batch,) and
        `seed` (batch, 2) → mixed images and labels, float32 (batch, classes) with rows
        that sum to 1.

    Raises:
        InputError: there is no mix of that name, or no TensorFlow.
    """
    mixes = {"mixup": mixup_shares, "cutmix": cutmix_shares, "fmix": fmix_shares}
    if name not in mixes:
        raise InputError(f"There is no mix {name!r}; use {', '.join(MIXES[1:])}.")
    if importlib.util.find_spec("tensorflow") is None:
        raise InputError(
            f"The mix {name} needs TensorFlow; install it, or leave it out."
        )
    return functools.partial(_mix, mixes[name], classes)


def _mix(draw, classes, batch):
    import tensorflow as tf

    images, labels = batch["image"], tf.one_hot(batch["label"], classes)
    shares = draw(batch["seed"] + [0, _SALT], images.shape[1:3])
    images = shares * images + (1 - shares) * tf.roll(images, 1, axis=0)
    of_image = tf.reduce_mean(shares, axis=(1, 2))
    return images, of_image * labels + (1 - of_image) * tf.roll(labels, 1, axis=0)


def mixup_shares(seeds, size, alpha=0.2):
    """Shares (batch, 1, 1, 1) of the image itself, from Beta(alpha, alpha).

    Args:
        seeds: int32 (batch, 2).
        size: height and width in pixels.
        alpha: the smaller, the more images stay nearly unchanged.

    Reference: H. Zhang et al., mixup: beyond empirical risk minimization, ICLR 2018.
    """
    import tensorflow as tf

    def draw(shape, seed):
        return tf.random.stateless_gamma(shape, seed, alpha)

    # Both numbers may be too small for float32.
    numbers = tf.maximum(row_numbers(seeds, (2,), draw), 1e-37)
    return (numbers[:, 0] / tf.reduce_sum(numbers, axis=1))[:, None, None, None]


def cutmix_shares(seeds, size):
    """Shares (batch, height, width, 1): 0 in a rectangle, 1 around it.

    Reference: S. Yun et al., CutMix: regularization strategy to train strong
    classifiers with localizable features, ICCV 2019.
    """
    import tensorflow as tf

    numbers = row_numbers(seeds, (3,), tf.random.stateless_uniform)
    half = tf.sqrt(numbers[:, 0]) / 2

    def inside(centre, pixels):
        place = (tf.range(pixels, dtype=tf.float32) + 0.5) / pixels
        return tf.abs(place - centre[:, None]) < half[:, None]

    rows, columns = inside(numbers[:, 1], size[0]), inside(numbers[:, 2], size[1])
    covered = rows[:, :, None] & columns[:, None, :]
    return 1 - tf.cast(covered, tf.float32)[..., None]


def fmix_shares(seeds, size, decay=3.0):
    """Shares (batch, height, width, 1): 0 or 1 in patches, smoother with `decay`.

    Reference: E. Harris et al., FMix: enhancing mixed sample data augmentation,
    arXiv:2002.12047.
    """
    import numpy as np
    import tensorflow as tf

    height, width = size
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    weight = np.maximum(frequency, 1 / max(size)) ** -decay
    shape = (2, *weight.shape)
    noise = row_numbers(seeds, shape, tf.random.stateless_normal)
    spectrum = tf.complex(noise[:, 0], noise[:, 1]) * weight.astype(np.complex64)
    smooth = tf.signal.irfft2d(spectrum, fft_length=[height, width])
    pixels = tf.reshape(smooth, (-1, height * width))
    rank = tf.argsort(tf.argsort(pixels, axis=1), axis=1)
    kept = row_numbers(seeds + [0, 1], (1,), tf.random.stateless_uniform)
    shares = tf.cast(tf.cast(rank, tf.float32) < kept * height * width, tf.float32)
    return tf.reshape(shares, (-1, height, width, 1))
