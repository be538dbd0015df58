"""`.keras` files with their weights in half precision, half as large."""

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
        storage: "float32", as Keras does; or "float16", see `halve`.

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
            halve(partial)


def halve(path):
    """Rewrites the float32 weights of a `.keras` file as float16, in its place.

    Keras casts what it loads to the dtype of the model's own variables: the file is
    loaded as before, on any backend, and computes as before. Vectors stay float32: they
    are a hundredth of the file, and among them are the statistics of batch
    normalisation and all biases. So do arrays with a number that float16 cannot hold
    (above 65504), and all that is not float32.

    Args:
        path: of a `.keras` file; it is overwritten.
    """
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            if entry.filename == _WEIGHTS:
                content = _halved(content)
            archive.writestr(entry, content)


def _halved(content):
    written = io.BytesIO()
    # Anew, for HDF5 does not give back the room of what is replaced.
    with h5py.File(io.BytesIO(content)) as before, h5py.File(written, "w") as after:
        _copy(before, after)
    return written.getvalue()


def _copy(before, after):
    for key, value in before.attrs.items():
        after.attrs[key] = value
    for name, item in before.items():
        if isinstance(item, h5py.Group):
            _copy(item, after.create_group(name))
            continue
        stored = after.create_dataset(name, data=_in_half(item[()]))
        for key, value in item.attrs.items():
            stored.attrs[key] = value


def _in_half(value):
    if np.ndim(value) < 2 or value.dtype != np.float32:
        return value
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    return half if np.isfinite(half).all() else value
