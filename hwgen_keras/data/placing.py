"""Warps images, and puts them where they are in training; without Keras."""

import numpy as np
from scipy import ndimage

from hwgen_keras.data.rows import fixed_place


def warp(images, affine, image_size):
    """Warps uint8 images (n, h, w) by affine maps (n, 6) to float32."""
    warped = np.empty((len(images), image_size, image_size), np.float32)
    for output, image, row in zip(warped, images, affine, strict=True):
        x_by_x, x_by_y, x, y_by_x, y_by_y, y = row.astype(np.float64)
        ndimage.affine_transform(
            image,
            [[y_by_y, y_by_x], [x_by_y, x_by_x]],
            (y, x),
            (image_size, image_size),
            output,
            order=1,
            mode="grid-constant",
            cval=255,
            prefilter=False,
        )
    return warped


def moved(images, affine, image_size):
    """Warps images for a network: float32 (n, image_size, image_size, 1) in [-1, 1].

    Args:
        images: uint8 (n, height, width).
        affine: (n, 6), see `affine_matrix`.
        image_size: side of the output in pixels.
    """
    images = warp(images, affine, image_size)
    return np.clip(images[..., None] / np.float32(127.5) - 1, -1, 1)


def placed(store, indices):
    """Images of a store in the fixed place, float32 (n, size, size, 1) in [-1, 1]."""
    return place(store.decode(indices), store.image_size)


def place(images, image_size):
    """Like `placed`, of uint8 images (n, image_size, image_size) without margins."""
    return moved(images, fixed_place(image_size, len(images)), image_size)
