"""Reading files of weights in the layout of torchvision; none of them runs code."""

import numpy as np
from safetensors.numpy import load_file

from hwgen_keras.backend.torch_file import read_state_dict
from hwgen_keras.errors import InputError, loading

# Of a grey x in [-1, 1], three equal channels are SCALE · x + SHIFT: red, green and
# blue from 0 to 1, less the means of ImageNet, divided by its deviations.
_DEVIATIONS = np.array([0.229, 0.224, 0.225])
SCALE = 0.5 / _DEVIATIONS
SHIFT = (0.5 - np.array([0.485, 0.456, 0.406])) / _DEVIATIONS


def read_arrays(path):
    """{name: array} of a .safetensors or .npz file, or a state dict (.pth, .pt).

    Args:
        path: a `pathlib.Path`.
    """
    ending = path.suffix.lower()
    if ending in (".pth", ".pt"):
        return read_state_dict(path)
    with loading(path, "weights"):
        if ending == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        return load_file(path)


def array_of(arrays, name, shape, path, wanted):
    """An array of a file, float32, of the shape that it must have.

    Args:
        arrays: the result of `read_arrays`.
        name, shape: of the array.
        path: beginning of a sentence about the file, such as `--flag file`.
        wanted: end of a sentence, what to give instead.
    """
    if name not in arrays:
        raise InputError(f"{path} has no {name}; {wanted}")
    array = arrays[name]
    if array.shape != shape:
        raise InputError(
            f"{path}: {name} has the shape {array.shape} instead of {shape}; {wanted}"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{path}: {name} is not finite; get the file again.")
    return np.asarray(array, "float32")


def check_used(arrays, used, ignored, path, wanted):
    """Raises InputError if a file has an array of another network.

    Args:
        arrays, path, wanted: see `array_of`.
        used: names of the arrays that were used.
        ignored: parts of names of arrays that are not needed.
    """
    others = [name for name in arrays if not any(part in name for part in ignored)]
    unknown = sorted(set(others) - set(used))
    if unknown:
        raise InputError(
            f"{path} has {unknown[0]}, which the network has not; {wanted}"
        )
