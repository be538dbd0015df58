"""Weights of VGG16 as torchvision has them, and what LPIPS learned beside them."""

import functools
import pathlib

from safetensors.numpy import load_file

from hwgen_keras.errors import InputError
from hwgen_keras.models.weight_files import array_of, check_used, read_arrays

# Of torchvision's layers `features`, those that are convolutions.
_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_ENDINGS = (".pth", ".pt", ".safetensors", ".npz")
_WANTED = "give a state dict of torchvision's vgg16."
_LPIPS = pathlib.Path(__file__).parent / "data" / "lpips_vgg.safetensors"


def is_torchvision(weights):
    """Whether weights are a path whose ending torchvision's files have, not Keras's."""
    named = weights is not None and weights != "imagenet"
    return named and pathlib.Path(weights).suffix.lower() in _ENDINGS


def check_vgg16(weights, lpips):
    """Raises InputError if LPIPS is to weigh channels that it did not learn from.

    Args:
        weights: a path, `"imagenet"`, or None for random weights.
        lpips: whether the channels get the weights of LPIPS.
    """
    if lpips and weights is not None and not is_torchvision(weights):
        raise InputError(
            f"--perceptual=lpips: its weights belong to torchvision's VGG16, and "
            f"--vgg16_weights={weights} is Keras's; give torchvision's state dict "
            "(vgg16-397923af.pth, or as .safetensors), or take --perceptual=vgg16."
        )


def load_torchvision(network, path):
    """Loads a state dict of torchvision's VGG16, with or without the classifier.

    Args:
        network: the VGG16 of keras.applications without the top.
        path: a .pth, .pt, .safetensors or .npz file.

    Raises:
        InputError: the file is missing or damaged, or is of another network.
    """
    path = pathlib.Path(path)
    file = f"--vgg16_weights {path}"
    if not path.is_file():
        raise InputError(f"--vgg16_weights: there is no file {path}; check the path.")
    arrays, used = read_arrays(path), set()
    layers = [layer for layer in network.layers if layer.weights]
    for layer, number in zip(layers, _CONVOLUTIONS, strict=True):
        names = [f"features.{number}.{part}" for part in ("weight", "bias")]
        *size, channels, width = layer.kernel.shape
        shapes = (width, channels, *size), (width,)
        kernel, bias = (
            array_of(arrays, name, shape, file, _WANTED)
            for name, shape in zip(names, shapes, strict=True)
        )
        layer.set_weights([kernel.transpose(2, 3, 1, 0), bias])
        used.update(names)
    check_used(arrays, used, ("classifier.",), file, _WANTED)


@functools.cache
def lpips_weights():
    """The learned weights of LPIPS 0.1 for the channels of its five maps of VGG16.

    A tuple of arrays (64,), (128,), (256,), (512,), (512,), float32, at least 0; see
    data/LICENSE.lpips.
    """
    arrays = load_file(_LPIPS)
    return tuple(arrays[f"lin{number}"] for number in range(5))
