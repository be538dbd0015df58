"""The feed without TensorFlow: a PyDataset with NumPy and SciPy."""

import keras
import numpy as np
from scipy import ndimage

from hwgen_keras.data.rows import fixed_place
from hwgen_keras.errors import InputError


class PythonFeed(keras.utils.PyDataset):
    """See `hwgen_keras.data.feed.feed`."""

    def __init__(self, plan, rows, batch_size, steps, start_step, shard):
        super().__init__(workers=1)
        self.plan, self.rows = plan, rows
        self.batch_size, self.steps, self.start_step = batch_size, steps, start_step
        self.shard = shard
        self._previous = -1

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        # Keras offers no other sign that it shuffles the batches.
        if step not in (0, self._previous, self._previous + 1):
            raise InputError(
                "The batches of a feed must come in order; pass shuffle=False to fit."
            )
        self._previous = step
        return self.batch(step)

    def batch(self, step):
        """Batch `step` of this feed, in any order."""
        if not 0 <= step < self.steps:
            raise IndexError(f"This feed has the batches 0 to {self.steps - 1}.")
        host, hosts = self.shard
        first = ((self.start_step + step) * hosts + host) * self.batch_size
        columns = self.rows.take(first, self.batch_size)
        decoded = {}
        for name in self.plan.decoded:
            images = self.plan.store.decode(columns[name])
            affine = columns[f"{name}_affine"]
            decoded[name] = moved(images, affine, self.plan.image_size)
        return self.plan.finish(columns, decoded, self.rows.image_columns)


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
