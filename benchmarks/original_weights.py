"""The weights of the package's networks, for their plain renderings."""

import keras
import torch
from torch import nn


def copy_weights(ours, module):
    """Gives a module the weights of the network of the package that it renders.

    Args:
        ours: the network or layer of the package, on any backend.
        module: its rendering.

    Raises:
        ValueError: a shape differs.
    """
    if isinstance(module, nn.ModuleList):
        for layer, child in zip(ours, module, strict=True):
            copy_weights(layer, child)
        return
    if isinstance(module, nn.ModuleDict):
        for name, child in module.items():
            copy_weights(ours.get_layer(name), child)
        return
    for name, parameter in [
        *module.named_parameters(recurse=False),
        *module.named_buffers(recurse=False),
    ]:
        if name not in ("num_batches_tracked", "mean"):
            value = weight(ours, module, name)
            if value.shape != parameter.shape:
                raise ValueError(
                    f"{ours.path}, {name}: {value.shape}, not {parameter.shape}."
                )
            with torch.no_grad():
                parameter.copy_(value)
    for name, child in module.named_children():
        copy_weights(ours.network if name == "named" else getattr(ours, name), child)


KERAS_NAMES = {
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
    "weight": "gamma",
    "bias": "beta",
}


def weight(ours, module, name):
    """One weight of a layer of the package, as a tensor in PyTorch's layout."""

    def value(attribute):
        array = keras.ops.convert_to_numpy(getattr(ours, attribute))
        return torch.tensor(array)

    if isinstance(module, nn.Conv2d):
        if name == "bias":
            return value("bias")
        return value("kernel").permute(3, 2, 0, 1)
    if isinstance(module, nn.Linear):
        if name == "bias":
            return value("bias").flatten()
        kernel = value("kernel")
        if kernel.ndim == 3:
            # Heads and their channels make one axis, of the input or of the output.
            return kernel.reshape(module.in_features, module.out_features).T
        return kernel.T
    if isinstance(module, nn.Embedding):
        return value("embeddings")
    # Of a normalisation, or a parameter of the module's own.
    own = isinstance(getattr(module, name), nn.Parameter) and hasattr(ours, name)
    return value(name if own else KERAS_NAMES[name])
