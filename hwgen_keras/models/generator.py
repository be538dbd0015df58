"""The generator of a content glyph in the style of another image."""

import keras
from keras import ops

from hwgen_keras.layers import (
    CheckedInputs,
    ConfigFromSignature,
    Decoder,
    Encoder,
    adain,
    convolution,
    ensure_built,
    style_of_images,
)
from hwgen_keras.layers.checks import check_images, check_named, check_style


@keras.saving.register_keras_serializable("hwgen_keras")
class AdaINGenerator(CheckedInputs, ConfigFromSignature, keras.Model):
    """Writes the content image's character in the style image's hand.

    A content encoder and a style encoder have the same architecture. Adaptive instance
    normalisation gives the content features the style's channel statistics. A decoder
    turns them into an image.

    Args:
        width: channels of the first level; a multiple of 8.
        multipliers: level i has `width * multipliers[i]` channels; the resolution is
            halved between levels, so the stride is 2**(levels - 1).
        condition: `None` (mode "adain"), or a `Condition`, such as an
            `EmbeddingCondition` ("adain_embedding") or a `CLIPCondition`
            ("adain_clip"); its vector modulates the residual blocks.
        attention: dict of `heads` and `head_width`, or `None` for 4 heads of 32.

    Input: a dict of

    - `content`: (batch, height, width, 1), float in [-1, 1], paper +1, ink -1; sides
      divisible by `stride`;
    - `style`: the same shape, or (batch, images, height, width, 1): several images
      by one hand;
    - `style_weights`: (batch, images), optional: weights of the style images, 0 or
      more, not all 0; images by several writers mix their styles;
    - `strength`: (batch,), optional: of the style, see `style_code`; 0 is none of it,
      1, the default, all of it;
    - the inputs of the condition, such as `label` or `tokens`;
    - `drop_condition`: (batch,) bool, optional: rows that get the null vector.

    Output: (batch, height, width, 1), float32, trained towards [-1, 1].

    Raises:
        InputError: an input of a call is missing, or has another shape, type or range;
            the range of tensors is not checked.

    Example:
        >>> generator = hw.AdaINGenerator(width=8, multipliers=(1, 2))
        >>> images = np.ones((4, 32, 32, 1), "float32")
        >>> tuple(generator({"content": images, "style": images}).shape)
        (4, 32, 32, 1)

    Reference: Huang and Belongie, 2017 (AdaIN); the architecture is that of
    nishizaki-lab/Handwritten-Character-Image-Generation.
    """

    def __init__(
        self,
        width=64,
        multipliers=(1, 2, 4, 8),
        condition=None,
        attention=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.multipliers = width, tuple(multipliers)
        self.condition, self.attention = condition, attention
        style = {"attention": attention, "dtype": self.dtype_policy}
        content = style | {"condition_width": condition and condition.width}
        sizes = width, multipliers
        self.content_encoder = Encoder(*sizes, name="content_encoder", **content)
        self.style_encoder = Encoder(*sizes, name="style_encoder", **style)
        self.decoder = Decoder(*sizes, name="decoder", **content)
        self.last_layer = convolution(1, 1, dtype="float32", name="last_layer")

    @property
    def stride(self):
        """The number that divides the sides of an image."""
        return 2 ** (len(self.multipliers) - 1)

    @property
    def mode(self):
        """`"adain"`, or `"adain_"` and the short name of the condition."""
        return "adain" + (f"_{self.condition.short_name}" if self.condition else "")

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        condition = () if self.condition is None else self.condition.input_names
        return ("content", "style", *condition)

    def build(self, input_shape=None):
        for layer in (self.content_encoder, self.style_encoder, self.decoder):
            layer.build()
        self.last_layer.build((None, None, None, self.width))
        ensure_built(self.condition)

    def check_inputs(self, inputs):
        """Checks the inputs of a call, without the range of tensors.

        Args:
            inputs: those of a call.

        Raises:
            InputError: one is missing, or has another shape, type or range.
        """
        optional = ("style_weights", "strength", "drop_condition")
        check_named(inputs, self.input_names, optional)
        check_images(inputs["content"], "content", stride=self.stride)
        check_style(inputs)
        if self.condition is not None:
            self.condition.check_inputs(inputs)

    def style_of(self, images, weights=None):
        """Style statistics of images: two tensors (batch, 1, 1, channels).

        Args:
            images: (batch, height, width, 1), float in [-1, 1]; or several per row,
                (batch, images, height, width, 1), whose statistics are averaged.
            weights: (batch, images), optional: weights of the images in the average.
        """
        return style_of_images(self.style_encoder, images, weights)[:2]

    def style_code(self, inputs):
        """The style statistics for the content features of a call, see `style_of`.

        A `strength` α in the inputs mixes (1 - α) times the statistics of the content
        image and α times those of the style images. So 0 keeps the font of the content
        glyph, and above 1 exaggerates the style.

        Args:
            inputs: those of a call.

        Reference: Huang and Belongie, 2017, equation 14. They have one encoder; here
        both statistics are of the style encoder, the only one that the decoder knows.
        """
        style = self.style_of(inputs["style"], inputs.get("style_weights"))
        if "strength" not in inputs:
            return style
        strength = ops.cast(inputs["strength"], "float32")[:, None, None, None]
        return tuple(
            (1.0 - strength) * a + strength * b
            for a, b in zip(self.style_of(inputs["content"]), style, strict=True)
        )

    def features(self, inputs, style):
        """The input of the last layer: (batch, height, width, channels).

        Args:
            inputs: those of a call; `style` is not used.
            style: the result of `style_of` or `style_code`.
        """
        condition = None if self.condition is None else self.condition(inputs)
        content = self.content_encoder(inputs["content"], condition)
        return self.decoder(adain(content, *style), condition)

    def call(self, inputs):
        style = self.style_code(inputs)
        return self.last_layer(self.features(inputs, style))
