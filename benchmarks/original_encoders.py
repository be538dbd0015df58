"""The frozen networks of the original, plain PyTorch; see original_networks."""

import keras
import torch
from torch import nn
from torch.nn import functional

from hwgen_keras.models import VGG16Features


class ConvolutionStage(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.convolution_1 = nn.Conv2d(channels, width, 3, 2, bias=False)
        self.convolution_2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(width, eps=1e-3)
        self.norm_2 = nn.BatchNorm2d(width, eps=1e-3)

    def forward(self, x):
        # An even size is padded below and on the right alone; an odd one all round.
        before = [size % 2 for size in x.shape[2:]]
        x = functional.pad(x, (before[1], 1, before[0], 1))
        x = functional.relu(self.norm_1(self.convolution_1(x)))
        return functional.relu(x + self.norm_2(self.convolution_2(x)))


class ImageEncoder(nn.Module):
    """The small convolutional encoder."""

    def __init__(self, ours):
        super().__init__()
        widths = (1, *ours.widths)
        self.stages = nn.ModuleList(
            ConvolutionStage(widths[i], width) for i, width in enumerate(ours.widths)
        )

    def maps(self, x):
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def forward(self, x):
        return self.maps(x)[-1].mean(dim=(2, 3))


class ResNet(nn.Module):
    """The ResNets of keras.applications; a layer is found by its name there."""

    def __init__(self, ours):
        super().__init__()
        self.named = nn.ModuleDict()
        for layer in ours.network.layers:
            if isinstance(layer, keras.layers.Conv2D):
                # All convolutions with stride 1 keep the size; conv1 is padded before.
                padding = (layer.kernel_size[0] - 1) // 2
                self.named[layer.name] = nn.Conv2d(
                    layer.kernel.shape[-2],
                    layer.filters,
                    layer.kernel_size,
                    layer.strides,
                    padding,
                )
            elif isinstance(layer, keras.layers.BatchNormalization):
                self.named[layer.name] = nn.BatchNorm2d(
                    layer.gamma.shape[0], eps=layer.epsilon
                )

    def _normalised(self, name, x):
        return self.named[f"{name}_bn"](self.named[f"{name}_conv"](x))

    def maps(self, x):
        x = functional.relu(self._normalised("conv1", x))
        found = [x]
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in range(2, 6):
            block = 1
            while (name := f"conv{stage}_block{block}") + "_1_conv" in self.named:
                shortcut = x
                if f"{name}_0_conv" in self.named:
                    shortcut = self._normalised(f"{name}_0", x)
                x = functional.relu(self._normalised(f"{name}_1", x))
                x = functional.relu(self._normalised(f"{name}_2", x))
                x = functional.relu(self._normalised(f"{name}_3", x) + shortcut)
                block += 1
            found.append(x)
        return found

    def forward(self, x):
        return self.maps(x)[-1].mean(dim=(2, 3))


class VGG16(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.named = nn.ModuleDict(
            {
                layer.name: nn.Conv2d(
                    layer.kernel.shape[-2], layer.filters, 3, padding=1
                )
                for layer in ours.network.layers
                if isinstance(layer, keras.layers.Conv2D)
            }
        )
        mean = torch.tensor((103.939, 116.779, 123.68))
        self.register_buffer("mean", mean[:, None, None])

    def maps(self, x):
        x = ((x + 1.0) * 127.5).repeat(1, 3, 1, 1) - self.mean
        found = []
        for name, convolution in self.named.items():
            if name.endswith("conv1") and found:
                x = functional.max_pool2d(x, 2)
            x = functional.relu(convolution(x))
            if f"{name[:-1]}{int(name[-1]) + 1}" not in self.named:
                found.append(x)
        return found


class SelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_dense = nn.Linear(width, width)
        self.key_dense = nn.Linear(width, width)
        self.value_dense = nn.Linear(width, width)
        self.output_dense = nn.Linear(width, width)

    def forward(self, x, mask):
        q, k, v = (
            dense(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for dense in (self.query_dense, self.key_dense, self.value_dense)
        )
        out = functional.scaled_dot_product_attention(q, k, v, mask)
        return self.output_dense(out.transpose(1, 2).flatten(2))


class TransformerLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.norm_1 = nn.LayerNorm(width, eps=1e-12)
        self.hidden, self.output_layer = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
        )
        self.norm_2 = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        x = self.norm_1(x + self.attention(x, mask))
        return self.norm_2(x + self.output_layer(functional.gelu(self.hidden(x))))


class TextEncoder(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.token_embedding = nn.Embedding(ours.vocabulary_size, ours.width)
        self.position_embedding = nn.Embedding(ours.length, ours.width)
        self.norm = nn.LayerNorm(ours.width, eps=1e-12)
        self.transformer = nn.ModuleList(
            TransformerLayer(ours.width, ours.heads) for _ in ours.transformer
        )

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.position_embedding.weight
        x = self.norm(x)
        mask = (tokens != 0)[:, None, None, :]
        for layer in self.transformer:
            x = layer(x, mask)
        return x[:, 0]


class ProjectionHead(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.projection = nn.Linear(channels, width)
        self.output_layer = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=1e-5)

    def forward(self, x):
        projected = self.projection(x)
        return self.norm(self.output_layer(functional.gelu(projected)) + projected)


class Tower(nn.Module):
    """An encoder and a head, without dropout: it is only used frozen."""

    def __init__(self, ours):
        super().__init__()
        self.encoder = encoder(ours.encoder)
        self.head = ProjectionHead(ours.encoder.output_width, ours.width)

    def forward(self, x):
        return self.head(self.encoder(x))


class CLIP(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.image_tower = Tower(ours.image_tower)
        self.text_tower = Tower(ours.text_tower)

    def forward(self, images, tokens):
        return self.text_tower(tokens), self.image_tower(images)


def encoder(ours):
    """The rendering of an `ImageEncoder` or of a `TextEncoder`."""
    architecture = getattr(ours, "architecture", None)
    kind = {None: TextEncoder, "convolutional": ImageEncoder}.get(architecture, ResNet)
    return kind(ours)


def features(ours):
    """The rendering of `EncoderFeatures` or `VGG16Features`; `maps` gives the maps."""
    if isinstance(ours, VGG16Features):
        return VGG16(ours)
    return encoder(ours.encoder)


def frozen(module):
    """The module, in evaluation mode for good and without gradients."""
    module.eval().requires_grad_(False)
    # `train` of a module around it must not wake it up.
    module.train = lambda mode=True: module
    return module
