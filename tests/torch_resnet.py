"""torchvision's ResNet written out, its random weights, and files of weights."""

import h5py
import numpy as np

MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class TorchResNet:
    """torchvision's ResNet with bottlenecks, from its state as {name: array}."""

    def __init__(self, arrays, depths, training=False):
        import torch

        self.weights = {name: torch.tensor(array) for name, array in arrays.items()}
        self.depths, self.training = depths, training

    def __call__(self, grey):
        """Maps of images (n, 1, h, w) in [-1, 1], as three equal channels."""
        import torch
        from torch.nn import functional

        # Beyond the edge, the middle of black and white.
        colours = functional.pad(torch.tensor(grey), (3, 3, 3, 3)).repeat(1, 3, 1, 1)
        means, deviations = (
            torch.tensor(values)[:, None, None] for values in (MEANS, DEVIATIONS)
        )
        x = ((colours + 1) / 2 - means) / deviations
        x = functional.conv2d(x, self.weights["conv1.weight"], stride=2)
        maps = [functional.relu(self.normalise(x, "bn1"))]
        x = functional.max_pool2d(maps[0], 3, 2, 1)
        for level, depth in enumerate(self.depths, 1):
            for block in range(depth):
                stride = 2 if level > 1 and block == 0 else 1
                x = self.block(x, f"layer{level}.{block}", stride)
            maps.append(x)
        return [m.numpy().transpose(0, 2, 3, 1) for m in maps]

    def block(self, x, name, stride):
        from torch.nn import functional

        hidden = functional.relu(self.layer(x, f"{name}.conv1", f"{name}.bn1"))
        hidden = self.layer(hidden, f"{name}.conv2", f"{name}.bn2", stride, 1)
        hidden = self.layer(functional.relu(hidden), f"{name}.conv3", f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.weights:
            names = f"{name}.downsample.0", f"{name}.downsample.1"
            x = self.layer(x, *names, stride)
        return functional.relu(hidden + x)

    def layer(self, x, convolution, norm, stride=1, padding=0):
        from torch.nn import functional

        kernel = self.weights[f"{convolution}.weight"]
        x = functional.conv2d(x, kernel, stride=stride, padding=padding)
        return self.normalise(x, norm)

    def normalise(self, x, name):
        from torch.nn import functional

        parts = "running_mean", "running_var", "weight", "bias"
        values = (self.weights[f"{name}.{part}"].clone() for part in parts)
        return functional.batch_norm(x, *values, self.training)


def torch_state(depths, width, seed=0):
    """Random weights in torchvision's layout, with its last layer, {name: array}."""
    rng = np.random.default_rng(seed)
    arrays = {}

    def convolution(name, outputs, inputs, size):
        deviation = (2 / (inputs * size**2)) ** 0.5
        kernel = rng.normal(0, deviation, (outputs, inputs, size, size))
        arrays[f"{name}.weight"] = kernel

    def norm(name, width):
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.5, 0.5),
            ("running_mean", -0.5, 0.5),
            # So small that the epsilon matters.
            ("running_var", 1e-4, 1.5),
        ):
            arrays[f"{name}.{part}"] = rng.uniform(low, high, width)

    convolution("conv1", width, 3, 7)
    norm("bn1", width)
    inputs = width
    for level, depth in enumerate(depths):
        width *= 2 if level else 1
        for block in range(depth):
            name = f"layer{level + 1}.{block}"
            sizes = ((width, inputs, 1), (width, width, 3), (4 * width, width, 1))
            for number, sides in enumerate(sizes, 1):
                convolution(f"{name}.conv{number}", *sides)
                norm(f"{name}.bn{number}", sides[0])
            if not block:
                convolution(f"{name}.downsample.0", 4 * width, inputs, 1)
                norm(f"{name}.downsample.1", 4 * width)
            inputs = 4 * width
    arrays = {name: array.astype("float32") for name, array in arrays.items()}
    arrays["bn1.num_batches_tracked"] = np.array(7)
    arrays |= {"fc.weight": np.ones((5, inputs), "f4"), "fc.bias": np.ones(5, "f4")}
    return arrays


def write_keras(path, network):
    """The layout of the files that keras.applications downloads."""
    with h5py.File(path, "w") as file:
        named = [layer.name for layer in network.layers]
        file.attrs["layer_names"] = [name.encode() for name in named]
        for layer in network.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{w.name}:0" for w in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value
    return path
