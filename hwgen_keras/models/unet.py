"""The denoiser of the diffusion model: a U-Net on glyph, hand and character."""

import keras
from keras import layers, ops

from hwgen_keras.layers import (
    ConfigFromSignature,
    CrossAttention,
    Encoder,
    FullAttention,
    Level,
    NoiseLevel,
    ResidualBlock,
    UpsampledConv2D,
    convolution,
    ensure_built,
    style_of_images,
    style_shares,
)

# The inputs that a denoiser can do without.
CONDITIONS = ("content", "style", "condition")


# The class and the attributes `up` and `down` name groups of weights in saved files.
class _Level(Level):
    """A level of the U-Net."""


@keras.saving.register_keras_serializable("hwgen_keras")
class UNet(ConfigFromSignature, keras.Model):
    """Predicts a diffusion model's image, noise or velocity from a noisy image.

    The content glyph is a second channel of the input. The style code consists of the
    statistics of a style encoder's features, for one image or averaged over several.
    The sum of the vectors of style code, noise level and character modulates every
    residual block. With `style_attention` the features at the lowest resolution also
    attend to the style encoder's features at all positions.

    Args:
        width: channels of the first level; a multiple of 8.
        multipliers, attention: see `AdaINGenerator`.
        patch: side of the squares of pixels that become the channels of one position
            of the first level, and pixels again at the end: 2 costs a quarter of 1.
        style_width: `width` of the style encoder, which has the same multipliers.
        condition: `None`, or a `Condition` of width 4 `width`.
        style_attention: whether to attend to the style images.

    Arguments of a call:

    - `noisy`: (batch, height, width, 1), float32; sides divisible by `stride`;
    - `log_snr`: (batch,), float32, of `noisy`;
    - `inputs`: dict with `content` (batch, height, width, 1), float in [-1, 1], and the
      inputs of the condition; optionally `drop_content`, `drop_style`,
      `drop_condition`, (batch,) bool: rows without that input;
    - `style`: the result of `encode_style`.

    Output: (batch, height, width, 1), float32.

    Raises:
        ValueError: a side is not divisible by `stride`, or the condition has another
            width.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> style = network.encode_style(images)
        >>> log_snr = np.zeros(2, "float32")
        >>> tuple(network(images, log_snr, {"content": images}, style).shape)
        (2, 16, 16, 1)

    Reference: Ronneberger et al., U-Net, 2015; Ho et al., DDPM, 2020; the squares:
    Hoogeboom et al., Simple Diffusion, 2023.
    """

    def __init__(
        self,
        width=64,
        multipliers=(1, 2, 4, 8),
        patch=1,
        style_width=32,
        condition=None,
        style_attention=False,
        attention=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.multipliers = width, tuple(multipliers)
        self.patch, self.style_width = patch, style_width
        self.condition, self.style_attention = condition, style_attention
        self.attention = attention
        heads = attention or {}
        self.condition_width = 4 * width
        if condition is not None and condition.width != self.condition_width:
            raise ValueError(
                f"The condition is {condition.width} wide; a U-Net of width {width} "
                f"needs one of {self.condition_width}."
            )
        self.widths = [width * m for m in self.multipliers]

        def named(name):
            return {"dtype": self.dtype_policy, "name": name}

        def levels(kind):
            return [
                _Level(w, self.condition_width, attention, **named(f"{kind}_{i}"))
                for i, w in enumerate(self.widths)
            ]

        last = self.widths[-1]
        self.noise_level = NoiseLevel(self.condition_width, **named("noise_level"))
        self.style_encoder = Encoder(
            style_width, multipliers, None, attention, **named("style_encoder")
        )
        self.to_style = layers.Dense(self.condition_width, **named("to_style"))
        self.stem = convolution(width, 3, **named("stem"))
        self.down = levels("down")
        self.downsampling = [
            convolution(w, 4, strides=2, **named(f"downsampling_{i}"))
            for i, w in enumerate(self.widths[1:])
        ]
        self.middle_1 = ResidualBlock(last, True, **named("middle_1"))
        self.middle_attention = FullAttention(
            last, **heads, **named("middle_attention")
        )
        self.cross_attention = None
        if style_attention:
            self.cross_attention = CrossAttention(
                last, **heads, **named("cross_attention")
            )
        self.middle_2 = ResidualBlock(last, True, **named("middle_2"))
        self.up = levels("up")
        self.upsampling = [
            convolution(w, 3, UpsampledConv2D, **named(f"upsampling_{i}"))
            for i, w in enumerate(self.widths[:-1])
        ]
        # From zeros, so that an untrained denoiser predicts the mean.
        self.last_layer = layers.Conv2D(
            patch**2, 1, kernel_initializer="zeros", dtype="float32", name="last_layer"
        )

    @property
    def stride(self):
        """The number that divides the sides of an image."""
        return 2 ** (len(self.multipliers) - 1) * self.patch

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        condition = () if self.condition is None else self.condition.input_names
        return ("content", "style", *condition)

    def build(self, input_shape=None):
        condition = (None, self.condition_width)

        def maps(width):
            return (None, None, None, width)

        ensure_built(self.condition)
        self.noise_level.build((None,))
        self.style_encoder.build()
        style = self.style_width * self.multipliers[-1]
        self.to_style.build((None, 2 * style))
        self.null_style = self.add_weight(
            shape=(2 * style,), initializer="zeros", name="null_style"
        )
        self.stem.build(maps(2 * self.patch**2))
        widths = self.widths
        for i, width in enumerate(widths):
            self.down[i].build(maps(width))
            self.up[i].build(maps(2 * width))
            if i + 1 < len(widths):
                self.downsampling[i].build(maps(width))
                self.upsampling[i].build(maps(widths[i + 1]))
        self.middle_1.build(maps(widths[-1]), condition)
        self.middle_attention.build(maps(widths[-1]))
        if self.cross_attention is not None:
            self.cross_attention.build(maps(widths[-1]), (None, None, style))
        self.middle_2.build(maps(widths[-1]), condition)
        self.last_layer.build(maps(widths[0]))

    def encode_style(self, images, weights=None):
        """The style code of one image per row, or of several.

        Args:
            images: (batch, height, width, 1) or (batch, images, height, width, 1).
            weights: (batch, images), optional: weights of the images of a row, see
                `AdaINGenerator`.

        Returns:
            Statistics (batch, 2 channels), averaged over the images; the features at
            all positions of all images, (batch, positions, channels); with `weights`
            also the share of each position, (batch, positions).
        """
        # Otherwise the encoder builds itself, with other names of its variables.
        ensure_built(self)
        mean, deviation, features = style_of_images(self.style_encoder, images, weights)
        batch, width = ops.shape(images)[0], self.style_width * self.multipliers[-1]
        statistics = ops.concatenate([mean, deviation], axis=-1)
        code = (
            ops.reshape(statistics, (batch, 2 * width)),
            ops.reshape(features, (batch, -1, width)),
        )
        if weights is None or len(images.shape) == 4:
            return code
        positions = features.shape[1] * features.shape[2]
        return *code, ops.repeat(style_shares(weights), positions, axis=1)

    def call(self, noisy, log_snr, inputs, style):
        for side in noisy.shape[1:3]:
            if side is not None and side % self.stride:
                raise ValueError(
                    f"A side of {side} pixels is not divisible by {self.stride}, the "
                    "stride of this U-Net; give images of other sides."
                )
        statistics, features, *shares = style
        content = ops.cast(inputs["content"], self.compute_dtype)
        statistics = ops.cast(statistics, self.compute_dtype)
        if "drop_content" in inputs:
            drop = ops.cast(inputs["drop_content"], "bool")
            content = ops.where(drop[:, None, None, None], 0.0, content)
        if "drop_style" in inputs:
            drop = ops.cast(inputs["drop_style"], "bool")[:, None]
            null = ops.cast(self.null_style, self.compute_dtype)
            statistics = ops.where(drop, null[None], statistics)
            # Not ops.where: under jit XLA folds known zeros into one repeated number
            # and computes wrong products with it (jaxlib 0.10.2 to 0.12.0.1).
            kept = ops.cast(ops.logical_not(drop), features.dtype)
            features = features * kept[..., None]
        vector = self.noise_level(log_snr) + self.to_style(statistics)
        if self.condition is not None:
            vector = vector + self.condition(inputs)

        noisy = ops.cast(noisy, self.compute_dtype)
        hidden = ops.concatenate([noisy, content], axis=-1)
        hidden = self.stem(space_to_depth(hidden, self.patch))
        skips = []
        for i, level in enumerate(self.down):
            if i:
                hidden = self.downsampling[i - 1](hidden)
            hidden = level(hidden, vector)
            skips.append(hidden)
        hidden = self.middle_attention(self.middle_1(hidden, vector))
        if self.cross_attention is not None:
            hidden = self.cross_attention(hidden, features, *shares)
        hidden = self.middle_2(hidden, vector)
        for i in reversed(range(len(self.up))):
            if i + 1 < len(self.up):
                hidden = self.upsampling[i](hidden)
            hidden = ops.concatenate([hidden, skips[i]], axis=-1)
            hidden = self.up[i](hidden, vector)
        return depth_to_space(self.last_layer(hidden), self.patch)


def space_to_depth(images, side):
    """(b, h, w, c) → (b, h / side, w / side, side² c): squares become channels."""
    if side == 1:
        return images
    batch, height, width, _ = ops.shape(images)
    channels = images.shape[-1]
    shape = (batch, height // side, side, width // side, side, channels)
    squares = ops.transpose(ops.reshape(images, shape), (0, 1, 3, 2, 4, 5))
    return ops.reshape(
        squares, (batch, height // side, width // side, side**2 * channels)
    )


def depth_to_space(features, side):
    """The inverse of `space_to_depth`."""
    if side == 1:
        return features
    batch, height, width, _ = ops.shape(features)
    channels = features.shape[-1] // side**2
    shape = (batch, height, width, side, side, channels)
    pixels = ops.transpose(ops.reshape(features, shape), (0, 1, 3, 2, 4, 5))
    return ops.reshape(pixels, (batch, height * side, width * side, channels))
