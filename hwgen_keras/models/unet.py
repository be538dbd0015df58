"""The denoiser of the diffusion model: a U-Net that sees glyph, hand and character."""

import keras
from keras import layers, ops

from hwgen_keras.layers import (
    ConfigFromSignature,
    CrossAttention,
    Encoder,
    FullAttention,
    LinearAttention,
    NoiseLevel,
    ResidualBlock,
    UpsampledConv2D,
    fan_in_uniform,
    style_of_images,
    style_shares,
)

# What a denoiser can be told, and be left without.
CONDITIONS = ("content", "style", "condition")


class _Level(layers.Layer):
    """Two conditioned residual blocks and linear attention."""

    def __init__(self, width, condition_width, attention, **kwargs):
        super().__init__(**kwargs)
        self.width, self.condition_width = width, condition_width
        policy = self.dtype_policy
        self.block_1 = ResidualBlock(width, True, dtype=policy, name="block_1")
        self.block_2 = ResidualBlock(width, True, dtype=policy, name="block_2")
        self.attention = LinearAttention(
            width, **attention, dtype=policy, name="attention"
        )

    def build(self, input_shape):
        condition, inner = (None, self.condition_width), (None, None, None, self.width)
        self.block_1.build(input_shape, condition)
        self.block_2.build(inner, condition)
        self.attention.build(inner)

    def call(self, features, condition):
        features = self.block_1(features, condition)
        return self.attention(self.block_2(features, condition))


@keras.saving.register_keras_serializable("hwgen_keras")
class UNet(ConfigFromSignature, keras.Model):
    """Looks at a noisy image and predicts what the diffusion model asks for.

    The content glyph is a second channel of the input. The style code, of one image
    or the mean of several by one hand, is made of the statistics of a style encoder's
    features; added to the vectors of the noise level and of the character it
    modulates every residual block. With `style_attention` the features at the lowest
    resolution also attend to the style encoder's features at all their positions.

    Args:
        width: channels of the first level; a multiple of 8.
        multipliers: level i has `width * multipliers[i]` channels; the resolution is
            halved between levels.
        patch: pixels of a square of `patch` a side become channels of one position
            of the first level, and back at the end: 2 costs about a quarter of 1.
        style_width: as `width`, of the style encoder, which has the same multipliers.
        condition: `None`, an `EmbeddingCondition` or a `CLIPCondition`, 4 `width`
            wide.
        style_attention: whether to attend to the style images.
        attention: dict of `heads` and `head_width`, or `None` for 4 heads of 32.

    Arguments of a call:

    - `noisy`: (batch, height, width, 1), float32; sides divisible by `stride`;
    - `log_snr`: (batch,), float32, of `noisy`;
    - `inputs`: dict with `content` (batch, height, width, 1), float in [-1, 1],
      and what the condition asks for; optionally `drop_content`, `drop_style`,
      `drop_condition`, (batch,) bool: rows that are not told it;
    - `style`: what `encode_style` returned.

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
        policy, heads = self.dtype_policy, attention or {}
        self.condition_width = 4 * width
        if condition is not None and condition.width != self.condition_width:
            raise ValueError(
                f"The condition is {condition.width} wide; a U-Net of width {width} "
                f"needs one of {self.condition_width}."
            )
        self.widths = [width * m for m in self.multipliers]

        def convolution(filters, kernel, name, kind=layers.Conv2D, **arguments):
            arguments = {"kernel_initializer": fan_in_uniform(), **arguments}
            return kind(
                filters,
                kernel_size=kernel,
                padding="same",
                dtype=policy,
                name=name,
                **arguments,
            )

        def level(width, name):
            return _Level(width, self.condition_width, heads, dtype=policy, name=name)

        last = len(self.widths) - 1
        self.noise_level = NoiseLevel(
            self.condition_width, dtype=policy, name="noise_level"
        )
        self.style_encoder = Encoder(
            style_width,
            multipliers,
            attention=attention,
            dtype=policy,
            name="style_encoder",
        )
        self.to_style = layers.Dense(
            self.condition_width, dtype=policy, name="to_style"
        )
        self.stem = convolution(width, 3, "stem")
        self.down = [level(w, f"down_{i}") for i, w in enumerate(self.widths)]
        self.downsampling = [
            convolution(self.widths[i + 1], 4, f"downsampling_{i}", strides=2)
            for i in range(last)
        ]
        block = {"conditioned": True, "dtype": policy}
        self.middle_1 = ResidualBlock(self.widths[-1], name="middle_1", **block)
        self.middle_attention = FullAttention(
            self.widths[-1], **heads, dtype=policy, name="middle_attention"
        )
        self.cross_attention = None
        if style_attention:
            self.cross_attention = CrossAttention(
                self.widths[-1], **heads, dtype=policy, name="cross_attention"
            )
        self.middle_2 = ResidualBlock(self.widths[-1], name="middle_2", **block)
        self.up = [level(w, f"up_{i}") for i, w in enumerate(self.widths)]
        self.upsampling = [
            convolution(self.widths[i], 3, f"upsampling_{i}", UpsampledConv2D)
            for i in range(last)
        ]
        # From zeros, so that an untrained denoiser predicts the mean.
        self.last_layer = layers.Conv2D(
            patch**2, 1, kernel_initializer="zeros", dtype="float32", name="last_layer"
        )

    @property
    def stride(self):
        """What the sides of an image must be divisible by."""
        levels = 2 ** (len(self.multipliers) - 1)
        return levels * self.patch

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        condition = () if self.condition is None else self.condition.input_names
        return ("content", "style", *condition)

    def build(self, input_shape=None):
        condition = (None, self.condition_width)

        def maps(width):
            return (None, None, None, width)

        if self.condition is not None and not self.condition.built:
            self.condition.build()
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
        """The style code of one image a row, or of several.

        Args:
            images: (batch, height, width, 1) or (batch, images, height, width, 1).
            weights: (batch, images), optional: shares of the images of a row, see
                `style_of_images`; images of several hands mix these hands.

        Returns:
            Statistics (batch, 2 channels), their mean over the images, and the
            features at all positions of all images, (batch, positions, channels);
            with `weights` the share of each position, too, (batch, positions).
        """
        # Its encoder would otherwise build itself, under a name of its own.
        if not self.built:
            self.build()
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
            # Not ops.where: under jit zeros that XLA knows become one repeated number,
            # and products with such a one it gets wrong (jaxlib 0.10.2 to 0.12.0.1).
            told = ops.cast(ops.logical_not(drop), features.dtype)
            features = features * told[..., None]
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
    """Squares of pixels become channels.

    Args:
        images: (batch, height, width, channels); sides divisible by `side`.
        side: of a square.

    Returns:
        (batch, height / side, width / side, side² channels).
    """
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
