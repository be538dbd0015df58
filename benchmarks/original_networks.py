"""The networks of the original, as plain PyTorch modules: NCHW, float32.

Attributes have the names of those of the package's networks, so that `copy_weights`
finds its way. Each class is made from the network of the package that it renders, of
which it reads the sizes alone.
"""

import torch
from original_encoders import Tower, frozen
from torch import nn
from torch.nn import functional

from hwgen_keras.layers import UpsampledConv2D


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
        self.up = isinstance(ours.convolution, UpsampledConv2D)
        # 4x4 with stride 2, or 3x3: one row of padding keeps or halves the size.
        self.convolution = nn.Conv2d(
            ours.width,
            ours.convolution.filters,
            ours.convolution.kernel_size,
            ours.convolution.strides,
            padding=1,
        )

    def forward(self, x, condition=None):
        x = self.attention(self.block_2(self.block_1(x, condition), condition))
        if self.up:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
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
        channels = ours.stages[-1].convolution.filters
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
        if ours.short_name == "embedding":
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
