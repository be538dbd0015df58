"""The networks of the original, as plain PyTorch modules: NCHW, float32.

Attributes have the names of those of the package's networks, so that `copy_weights`
finds its way. Each class is made from the network of the package that it renders, of
which it reads the sizes alone.
"""

import keras
import torch
from torch import nn
from torch.nn import functional

from hwgen_keras.models import VGG16Features


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        length = torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6)
        return x * length * self.scale[:, None, None]


class ResidualBlock(nn.Module):
    def __init__(self, channels, width, condition_width):
        super().__init__()
        self.convolution_1 = nn.Conv2d(channels, width, 3, padding=1)
        self.convolution_2 = nn.Conv2d(width, width, 3, padding=1)
        self.norm_1, self.norm_2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.modulation = self.shortcut = None
        if condition_width is not None:
            self.modulation = nn.Linear(condition_width, 2 * width)
        if channels != width:
            self.shortcut = nn.Conv2d(channels, width, 1)

    def forward(self, x, condition=None):
        hidden = self.norm_1(self.convolution_1(x))
        if self.modulation is not None:
            modulation = self.modulation(functional.silu(condition))[:, :, None, None]
            scale, shift = modulation.chunk(2, dim=1)
            hidden = hidden * (scale + 1) + shift
        hidden = self.norm_2(self.convolution_2(functional.silu(hidden)))
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return functional.silu(hidden) + shortcut


class _Attention(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.heads, self.head_width = ours.heads, ours.head_width
        inner = self.heads * self.head_width
        self.norm = RMSNorm(ours.width)
        self.to_qkv = nn.Conv2d(ours.width, 3 * inner, 1, bias=False)
        self.to_out = nn.Conv2d(inner, ours.width, 1)

    def split(self, x):
        qkv = self.to_qkv(self.norm(x)).chunk(3, dim=1)
        return [t.reshape(len(x), self.heads, self.head_width, -1) for t in qkv]


class FullAttention(_Attention):
    def forward(self, x):
        q, k, v = self.split(x)
        scores = torch.einsum("bhdi,bhdj->bhij", q * self.head_width**-0.5, k)
        out = torch.einsum("bhij,bhdj->bhid", scores.softmax(dim=-1), v)
        out = out.permute(0, 1, 3, 2).reshape(len(x), -1, *x.shape[2:])
        return self.to_out(out) + x


class LinearAttention(_Attention):
    def __init__(self, ours):
        super().__init__(ours)
        self.out_norm = RMSNorm(ours.width)

    def forward(self, x):
        q, k, v = self.split(x)
        q = q.softmax(dim=-2) * self.head_width**-0.5
        context = torch.einsum("bhdn,bhen->bhde", k.softmax(dim=-1), v)
        out = torch.einsum("bhde,bhdn->bhen", context, q)
        out = out.reshape(len(x), -1, *x.shape[2:])
        return self.out_norm(self.to_out(out)) + x


class Stage(nn.Module):
    def __init__(self, ours):
        super().__init__()
        arguments = (ours.width, ours.width, ours.condition_width)
        self.block_1, self.block_2 = (
            ResidualBlock(*arguments),
            ResidualBlock(*arguments),
        )
        self.attention = LinearAttention(ours.attention)
        self.upsampling = None
        if ours.upsampling is not None:
            self.upsampling = nn.Upsample(scale_factor=2, mode="nearest")
        # 4x4 with stride 2, or 3x3: one row of padding keeps or halves the size.
        self.convolution = nn.Conv2d(
            ours.width,
            ours.target_width,
            ours.convolution.kernel_size,
            ours.convolution.strides,
            padding=1,
        )

    def forward(self, x, condition=None):
        x = self.attention(self.block_2(self.block_1(x, condition), condition))
        if self.upsampling is not None:
            x = self.upsampling(x)
        return self.convolution(x)


class Encoder(nn.Module):
    def __init__(self, ours):
        super().__init__()
        width = ours.widths[-1]
        self.stem = nn.Conv2d(1, ours.width, 7, padding=3)
        self.stages = nn.ModuleList(Stage(stage) for stage in ours.stages)
        self.middle_1 = ResidualBlock(width, width, ours.condition_width)
        self.middle_attention = FullAttention(ours.middle_attention)
        self.middle_2 = ResidualBlock(width, width, ours.condition_width)

    def forward(self, image, condition=None):
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x, condition)
        x = self.middle_attention(self.middle_1(x, condition))
        return self.middle_2(x, condition)


class Decoder(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.stages = nn.ModuleList(Stage(stage) for stage in ours.stages)
        channels = ours.stages[-1].target_width
        self.last_block = ResidualBlock(channels, ours.width, ours.condition_width)

    def forward(self, x, condition=None):
        for stage in self.stages:
            x = stage(x, condition)
        return self.last_block(x, condition)


class Condition(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.null_vector = nn.Parameter(torch.zeros(ours.embedding_width))
        self.hidden = nn.Linear(ours.embedding_width, ours.width)
        self.output_layer = nn.Linear(ours.width, ours.width)
        self.embedding = self.text_tower = None
        if ours.input_names[0] == "label":
            self.embedding = nn.Embedding(ours.classes, ours.embedding_width)
        else:
            self.text_tower = frozen(Tower(ours.text_tower))

    def forward(self, batch):
        if self.embedding is not None:
            embedding = self.embedding(batch["label"])
        else:
            embedding = self.text_tower(batch["tokens"])
        drop = batch["drop_condition"][:, None]
        embedding = torch.where(drop, self.null_vector[None], embedding)
        return self.output_layer(functional.gelu(self.hidden(embedding)))


def statistics(features):
    """Mean and standard deviation of each channel of each image."""
    variance = features.var(dim=(2, 3), unbiased=False, keepdim=True)
    return features.mean(dim=(2, 3), keepdim=True), (variance + 1e-5).sqrt()


class Generator(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.content_encoder = Encoder(ours.content_encoder)
        self.style_encoder = Encoder(ours.style_encoder)
        self.decoder = Decoder(ours.decoder)
        self.last_layer = nn.Conv2d(ours.width, 1, 1)
        self.condition = ours.condition and Condition(ours.condition)

    def forward(self, batch):
        """The generated images, and the features of the style images."""
        condition = self.condition and self.condition(batch)
        content = self.content_encoder(batch["content"], condition)
        style = self.style_encoder(batch["style"])
        mean, deviation = statistics(content)
        style_mean, style_deviation = statistics(style)
        mixed = (content - mean) / deviation * style_deviation + style_mean
        return self.last_layer(self.decoder(mixed, condition)), style


class Discriminator(nn.Module):
    def __init__(self, ours):
        super().__init__()
        widths = (1, *ours.widths)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(
                widths[i], width, 4, convolution.strides, 1, bias=convolution.use_bias
            )
            for i, (width, convolution) in enumerate(
                zip(ours.widths, ours.convolutions, strict=True)
            )
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in ours.widths[1:])
        self.to_logits = nn.Conv2d(widths[-1], 1, 4, padding=1)

    def forward(self, x):
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if i > 0:
                x = self.norms[i - 1](x)
            x = functional.leaky_relu(x, 0.2, inplace=True)
        return self.to_logits(x)


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
