"""Checks of the inputs of networks, before Keras sees them.

A graph is traced with tensors of known types and, mostly, known shapes: these are
checked in every call. Values are checked where they come as NumPy arrays.
"""

import keras
import numpy as np

from hwgen_keras.errors import InputError, described


class CheckedInputs:
    """Gives a Keras model `check_inputs`, which precedes calls and predictions.

    Inherit from it before the Keras class. Errors that are raised in `call` would be
    wrapped by Keras, and those of a prediction by its backend.
    """

    def check_inputs(self, inputs):
        """Checks the inputs of a call, without the range of tensors.

        Args:
            inputs: those of a call.

        Raises:
            InputError: one is missing, or has another shape, type or range.
        """
        raise NotImplementedError

    def __call__(self, inputs, *args, **kwargs):
        self.check_inputs(inputs)
        return super().__call__(inputs, *args, **kwargs)  # type: ignore[misc]  # Keras

    def predict(self, x, *args, **kwargs):
        # A dataset is checked batch by batch.
        if isinstance(x, dict | np.ndarray):
            self.check_inputs(x)
        return super().predict(x, *args, **kwargs)  # type: ignore[misc]  # Keras

    def predict_on_batch(self, x):
        self.check_inputs(x)
        return super().predict_on_batch(x)  # type: ignore[misc]  # Keras


def check_named(inputs, names, optional):
    """Raises InputError unless inputs are a dict of arrays with as many rows each.

    Args:
        inputs: those of a call.
        names: the inputs that the model needs.
        optional: names of inputs that it can do without.
    """
    needed = ", ".join(names)
    if not isinstance(inputs, dict):
        raise InputError(
            f"The inputs are {described(inputs)}; give a dict of {needed}."
        )
    for name in names:
        if name not in inputs:
            raise InputError(f"The input {name} is missing; give {needed}.")
    rows = {}
    for name in (*names, *optional):
        if name in inputs:
            shape, _ = shape_and_type(inputs[name], name)
            if shape is not None and shape[:1] != (None,):
                rows[name] = shape[0] if shape else 0
    for name, count in rows.items():
        first = next(iter(rows))
        if not count:
            raise InputError(f"{name} has no row; give an array of one row or more.")
        if count != rows[first]:
            raise InputError(
                f"{name} has {count} rows and {first} has {rows[first]}; give a row of "
                "each for every image."
            )


def shape_and_type(value, name):
    """The shape of an array or tensor, None if not even its rank is known; its dtype.

    A number of the shape may be None.
    """
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise InputError(f"{name} is {described(value)}; give an array.")
    try:
        dtype = keras.backend.standardize_dtype(value.dtype)
    except ValueError:  # An array of objects or texts.
        dtype = str(value.dtype)
    # TensorFlow alone has shapes of unknown rank.
    known = getattr(value.shape, "rank", 0) is not None
    return tuple(value.shape) if known else None, dtype


def agree(shape, other):
    """Whether two shapes may be equal, as far as they are known."""
    if shape is None or other is None:
        return True
    pairs = zip(shape, other, strict=False)
    return len(shape) == len(other) and all(a == b or None in (a, b) for a, b in pairs)


def check_images(images, name, ranks=(4,), stride=1):
    """Raises InputError unless images are floats in [-1, 1] of one channel.

    Args:
        images: array or tensor.
        name: its name in the sentence.
        ranks: allowed numbers of dimensions: 4, or with several images a row 5.
        stride: the sides must be multiples of it.
    """
    shape, dtype = shape_and_type(images, name)
    fits = shape is None or (len(shape) in ranks and shape[-1] in (1, None))
    if "float" not in dtype or not fits:
        several = " or (batch, images, height, width, 1)" if 5 in ranks else ""
        raise InputError(
            f"{name} has the shape {shape} and the type {dtype}; give floats in "
            f"[-1, 1] of the shape (batch, height, width, 1){several}."
        )
    if shape is not None:
        if 0 in shape:
            raise InputError(
                f"{name} of the shape {shape} has no image; give one or more."
            )
        if any(side is not None and side % stride for side in shape[-3:-1]):
            raise InputError(
                f"{name} has images of {shape[-3]} × {shape[-2]} pixels; give sides "
                f"that are multiples of {stride}."
            )
    # NaN fails this comparison, too.
    if isinstance(images, np.ndarray) and not np.abs(images).max() <= 1.001:
        raise InputError(
            f"{name} has values from {images.min():.3g} to {images.max():.3g}; give "
            "floats in [-1, 1], -1 for ink and 1 for paper."
        )


def check_ids(ids, name, count, length=None):
    """Raises InputError unless ids are integers from 0 to below `count`.

    Args:
        ids: array or tensor (batch,), or (batch, length).
        name: its name in the sentence.
        count: number of ids.
        length: of a row; None: a row is one id.
    """
    shape, dtype = shape_and_type(ids, name)
    wanted = (None,) if length is None else (None, length)
    if "int" not in dtype or not agree(shape, wanted):
        row = "" if length is None else f" {length}"
        raise InputError(
            f"{name} has the shape {shape} and the type {dtype}; give integers of the "
            f"shape (batch,{row})."
        )
    if isinstance(ids, np.ndarray) and not 0 <= ids.min() <= ids.max() < count:
        wrong = ids[(ids < 0) | (ids >= count)].flat[0]
        raise InputError(
            f"{name} has {wrong}, which is out of range; give 0 to {count - 1}."
        )


def check_style(inputs):
    """Raises InputError unless `style` and its optional weights and strength fit.

    Args:
        inputs: those of a generator.
    """
    check_images(inputs["style"], "style", ranks=(4, 5))
    if "strength" in inputs:
        shape, _ = shape_and_type(inputs["strength"], "strength")
        if shape is not None and len(shape) != 1:
            raise InputError(
                f"strength has the shape {shape}; give a number for each row, (batch,)."
            )
    if "style_weights" not in inputs:
        return
    weights = inputs["style_weights"]
    shape, _ = shape_and_type(weights, "style_weights")
    style, _ = shape_and_type(inputs["style"], "style")
    if shape is not None and style is not None:
        images = style[1] if len(style) == 5 else 1
        if not agree(shape, (None, images)):
            raise InputError(
                f"style_weights has the shape {shape}; give a number for each style "
                f"image, (batch, {images})."
            )
    if isinstance(weights, np.ndarray):
        fine = np.isfinite(weights) & (weights >= 0)
        wrong = np.flatnonzero(~fine.all(axis=1) | (weights.sum(axis=1) <= 0))
        if len(wrong):
            raise InputError(
                f"style_weights of row {wrong[0]} are {weights[wrong[0]].tolist()}; "
                "give numbers of 0 or more, not all of them 0."
            )
