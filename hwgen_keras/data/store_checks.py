"""What must hold of the columns of an image store, and of stores that become one."""

import numpy as np

from hwgen_keras.errors import InputError


def check_lengths(count, *columns):
    """Raises InputError unless every column has a number for each image."""
    if any(len(column) != count for column in columns):
        raise InputError(
            "The labels, sources and kinds of a store must be as many as its "
            f"{count} images."
        )


def check_range(name, values, count):
    """Raises InputError unless all of a column are from 0 to `count` - 1."""
    if len(values) and not (0 <= values.min() and values.max() < count):
        raise InputError(
            f"The {name} of a store must be from 0 to {count - 1}; they are from "
            f"{values.min()} to {values.max()}."
        )


def check_alike(stores):
    """Raises InputError unless stores agree in characters and image size."""
    first = stores[0]
    for store in stores[1:]:
        if store.characters.characters != first.characters.characters:
            raise InputError(
                "Stores of different character sets cannot be merged "
                f"({first.characters.name} and {store.characters.name})."
            )
        if store.image_size != first.image_size:
            raise InputError(
                "Stores of different image sizes cannot be merged "
                f"({first.image_size} and {store.image_size} pixels)."
            )


def check_squares(images):
    """Raises InputError unless an array holds square uint8 images, (n, size, size)."""
    if images.dtype != np.uint8 or images.ndim != 3 or not images.size:
        raise InputError(
            f"The images have shape {images.shape} and type {images.dtype}; give "
            "uint8 greys of shape (n, size, size)."
        )
    height, width = images.shape[1:]
    if height != width:
        raise InputError(f"The images are {height} × {width}; they must be square.")
