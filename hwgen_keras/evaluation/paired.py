"""Distances of images from their targets, pixel by pixel.

They suit styles with one true image of a character, such as fonts. A hand never writes
a character twice alike, so against handwriting they reward the blurred mean.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.metrics import structural_similarity

from hwgen_keras.errors import InputError

_WINDOW = 11  # pixels: skimage truncates the Gaussian at 3.5 deviations of 1.5


def l1(targets: ArrayLike, images: ArrayLike) -> NDArray[np.float64]:
    """Mean absolute difference of the grey values.

    Args:
        targets, images: uint8 (n, height, width).

    Returns:
        float64 (n,) in [0, 1]: 1 is black against white.

    Raises:
        InputError: no images, or images of another type or of shapes that differ.
    """
    targets, images = _checked(targets, images)
    difference = targets.astype(np.float64) - images
    return np.abs(difference).mean(axis=(1, 2)) / 255


def ssim(targets: ArrayLike, images: ArrayLike) -> NDArray[np.float64]:
    """Structural similarity, with the Gaussian window and constants of its authors.

    Args:
        targets, images: uint8 (n, height, width), 11 pixels or more a side.

    Returns:
        float64 (n,), at most 1, the value of equal images.

    Raises:
        InputError: see `l1`; or the images are too small.

    Reference: Wang et al., Image Quality Assessment: From Error Visibility to
    Structural Similarity, 2004.
    """
    targets, images = _checked(targets, images)
    if min(images.shape[1:]) < _WINDOW:
        raise InputError(
            f"The images have {images.shape[2]} × {images.shape[1]} pixels; structural "
            f"similarity needs {_WINDOW} a side."
        )
    similarity = functools.partial(
        structural_similarity,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return np.array(list(map(similarity, targets, images)))


def perceptual(target_features, image_features) -> NDArray[np.float32]:
    """`hwgen_keras.losses.perceptual_distance` of feature maps, as an array.

    Args:
        target_features, image_features: lists of (n, height, width, channels).

    Returns:
        float32 (n,), 0 or more.
    """
    # Here, for the other measures need no Keras.
    from keras import ops

    from hwgen_keras.losses import perceptual_distance

    return ops.convert_to_numpy(perceptual_distance(target_features, image_features))


def _checked(targets, images):
    targets, images = np.asarray(targets), np.asarray(images)
    for array in (targets, images):
        if array.ndim != 3 or array.dtype != np.uint8 or not array.size:
            raise InputError(
                f"The images have shape {array.shape} and type {array.dtype}; give "
                "uint8 of shape (n, height, width), n 1 or more."
            )
    if targets.shape != images.shape:
        raise InputError(
            f"The targets have shape {targets.shape} and the images {images.shape}; "
            "give one target of the same size for each image."
        )
    return targets, images
