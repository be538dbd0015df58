"""ImageNet weights for the ResNets of an `ImageEncoder`, from files without code.

A file of Keras (.h5) fits the ResNets of keras.applications, one of torchvision or timm
(.safetensors, .npz) those whose names end in `V1_5`. Both were trained on three colours
in ranges of their own. The first convolution is summed to one channel, and the range is
worked into it: the features of a grey image are those that the network of three
channels has for the image in three equal channels. Only beyond the edge of the image
both continue in another grey: here in the middle of black and white, there in the mean
of ImageNet.
"""

import pathlib

import keras
import numpy as np

from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.models.resnets import V1_5, keras_resnet
from hwgen_keras.models.weight_files import (
    SCALE,
    SHIFT,
    array_of,
    check_used,
    read_arrays,
)

# Endings of files in the layout of torchvision.
TORCH_FILES = (".safetensors", ".npz")
_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
# MD5 of keras.applications' files without the last layer, as Keras has them.
_MD5 = {
    "resnet50": "4d473c1dd8becc155b73f8504c6f6626",
    "resnet152": "ee4c566cf9a93f14d82f913c2dc6dd0c",
}
# Of a grey x in [-1, 1] the channels are SCALE · x + SHIFT. Keras's files take blue,
# green and red from 0 to 255 less their means; for torchvision's and timm's see
# `weight_files`.
_KERAS_SCALE = np.full(3, 127.5)
_KERAS_SHIFT = 127.5 - np.array([103.939, 116.779, 123.68])
# Names in a file of torchvision that are no weights of the network without its end.
_IGNORED = ("fc.", "num_batches_tracked")
_NORM = ("weight", "bias", "running_mean", "running_var")


def architecture_of_file(architecture, path):
    """The architecture, of the same depth, that a file of weights fits."""
    torch = pathlib.Path(path).suffix.lower() in TORCH_FILES
    return architecture + V1_5 if torch else architecture


def download_imagenet(architecture):
    """Gets Keras's own file of weights, once for all runs; returns its path.

    Raises:
        InputError: it cannot be downloaded, or is not what Keras expects.
    """
    name = f"{architecture}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    try:
        return keras.utils.get_file(
            name,
            _ADDRESS + name,
            cache_subdir="models",
            file_hash=_MD5[architecture],
        )
    except Exception as error:
        # Keras raises a bare Exception for a failed download.
        raise InputError(
            f"--initial_weights=imagenet: {_ADDRESS}{name} cannot be downloaded "
            f"({reason_of(error)}); fetch this file elsewhere and give its path as "
            "--initial_weights."
        ) from None


def load_imagenet(encoder, path):
    """Loads weights of three-channel ResNets into an `ImageEncoder`.

    Args:
        encoder: of the architecture that `architecture_of_file` names.
        path: the file: of Keras without the last layer, or in the layout of
            torchvision, with or without it.

    Raises:
        InputError: the file is missing or damaged, or holds weights of another network.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise InputError(f"--initial_weights: there is no file {path}; check the path.")
    if encoder.architecture.endswith(V1_5):
        _load_torch(encoder.network, read_arrays(path), path, encoder.architecture)
    else:
        _load_keras(encoder, path)


def _load_keras(encoder, path):
    source = keras_resnet(encoder.architecture, 3)
    try:
        source.load_weights(path)
    except Exception as error:
        raise InputError(
            f"--initial_weights {path} cannot be loaded ({reason_of(error)}); give "
            f"Keras's {encoder.architecture} weights without the top."
        ) from None
    for layer in encoder.network.layers:
        weights = source.get_layer(layer.name).get_weights() if layer.weights else []
        if layer.name == "conv1_conv":
            kernel, bias = weights
            kernel, more = _one_channel(kernel, _KERAS_SCALE, _KERAS_SHIFT)
            weights = [kernel, bias + more]
        layer.set_weights(weights)


def _load_torch(network, arrays, path, architecture):
    depth = architecture.removesuffix(V1_5).removeprefix("resnet")
    wanted = f"give the weights of a ResNet-{depth} in torchvision's layout."
    used = set()

    file = f"--initial_weights {path}"

    def take(name, shape):
        used.add(name)
        return array_of(arrays, name, shape, file, wanted)

    offset = 0.0
    for layer in network.layers:
        if not layer.weights:
            continue
        name = _torch_name(layer.name)
        if layer.name.endswith("_conv"):
            *size, channels, width = layer.kernel.shape
            first = layer.name == "conv1_conv"
            shape = (width, 3 if first else channels, *size)
            kernel = take(f"{name}.weight", shape).transpose(2, 3, 1, 0)
            if first:
                kernel, offset = _one_channel(kernel, SCALE, SHIFT)
            layer.set_weights([kernel])
        else:
            shape = tuple(layer.gamma.shape)
            weights = [take(f"{name}.{part}", shape) for part in _NORM]
            if layer.name == "conv1_bn":
                # The convolution has no bias; the mean is subtracted from its output.
                weights[2] = weights[2] - offset
            layer.set_weights(weights)
    check_used(arrays, used, _IGNORED, file, wanted)


def _torch_name(name):
    """`conv2_block1_0_bn` is `layer1.0.downsample.1`, `conv1_conv` is `conv1`."""
    *place, number, kind = name.split("_")
    if not place:
        return "conv1" if kind == "conv" else "bn1"
    level, block = (int(part.lstrip("convblk")) for part in place)
    inside = f"{'conv' if kind == 'conv' else 'bn'}{number}"
    if number == "0":
        inside = f"downsample.{0 if kind == 'conv' else 1}"
    return f"layer{level - 1}.{block - 1}.{inside}"


def _one_channel(kernel, scale, shift):
    """(Kernel of a grey in [-1, 1], what it adds to each output), from three channels.

    Args:
        kernel: (height, width, 3, outputs).
        scale, shift: of the channels, (3,).
    """
    summed = np.einsum("hwco,c->hwo", kernel, scale)[:, :, None]
    return summed, np.einsum("hwco,c->o", kernel, shift)
