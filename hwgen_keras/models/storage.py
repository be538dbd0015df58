"""Saving `.keras` files, on request with half-precision weights."""

import io
import zipfile

import h5py
import numpy as np

from hwgen_keras.files import complete_file

_WEIGHTS = "model.weights.h5"


def save_model(model, path, storage="float32"):
    """Saves a model as a `.keras` file that appears only when it is complete.

    Args:
        model: a built model of this package.
        path: of the file, which ends in `.keras`.
        storage: of the weights, "float32", as Keras does; or "float16", which halves
            the file. It loads as before, on any backend, and computes in the dtype of
            its variables.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> hw.save_model(model, "half.keras", storage="float16")
        >>> hw.load_trained("half.keras", hw.Classifier, "--weights").classes
        46
    """
    with complete_file(path) as partial:
        model.save(partial)
        if storage == "float16":
            _halve(partial)


def _halve(path):
    """Rewrites the float32 weights of a `.keras` file as float16."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            if entry.filename == _WEIGHTS:
                content = _halved_weights(content)
            archive.writestr(entry, content)


def _halved_weights(content):
    output = io.BytesIO()
    # A new file, since HDF5 does not free the space of replaced arrays.
    with h5py.File(io.BytesIO(content)) as before, h5py.File(output, "w") as after:
        _copy(before, after)
    return output.getvalue()


def _copy(before, after):
    after.attrs.update(before.attrs)
    for name, item in before.items():
        if isinstance(item, h5py.Group):
            _copy(item, after.create_group(name))
        else:
            dataset = after.create_dataset(name, data=halved(item[()]))
            dataset.attrs.update(item.attrs)


def halved(value):
    """An array in float16, or itself if that cannot hold it or would save little."""
    # Vectors are a hundredth of the file; among them are biases and batch statistics.
    if np.ndim(value) < 2 or value.dtype != np.float32:
        return value
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    return half if np.isfinite(half).all() else value
