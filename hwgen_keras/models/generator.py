"""The generator: a content glyph, rewritten in the style of another image."""

import keras
from keras import layers, ops

from hwgen_keras.layers import (
    ConfigFromSignature,
    Decoder,
    Encoder,
    adain,
    fan_in_uniform,
    style_of_images,
)


@keras.saving.register_keras_serializable("hwgen_keras")
class AdaINGenerator(ConfigFromSignature, keras.Model):
    """Writes the content image's character in the style image's hand.

    A content encoder and a style encoder of the same form; adaptive instance
    normalisation gives the content features the style's channel statistics; a
    decoder turns them into an image.

    Args:
        width: channels of the first level; a multiple of 8.
        multipliers: channels of level i are `width * multipliers[i]`; images are
            halved between levels, so the stride is 2**(levels - 1).
        condition: `None` (mode "adain"), or a `Condition`, such as an
            `EmbeddingCondition` ("adain_embedding") or a `CLIPCondition`
            ("adain_clip"); its width is that of the vector that modulates the
            residual blocks.
        attention: dict of `heads` and `head_width`, or `None` for 4 heads of 32.

    Input: a dict of

    - `content`: (batch, height, width, 1), float in [-1, 1], paper +1, ink -1; sides
      divisible by `stride`;
    - `style`: the same shape, or (batch, images, height, width, 1): several images
      by one hand;
    - `style_weights`: (batch, images), optional: shares of the style images, see
      `style_of_images`; images of several hands mix these hands;
    - `strength`: (batch,), optional: how much of the style, see `style_code`; 1, the
      default, is all of it, 0 none;
    - the inputs of the condition, such as `label` or `tokens`;
    - `drop_condition`: (batch,) bool, optional: rows that get the null vector.

    Output: (batch, height, width, 1), float32, trained towards [-1, 1].

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
        policy = self.dtype_policy
        condition_width = None if condition is None else condition.width

        def arguments(name, condition_width=None):
            return {
                "width": width,
                "multipliers": multipliers,
                "condition_width": condition_width,
                "attention": attention,
                "dtype": policy,
                "name": name,
            }

        self.content_encoder = Encoder(**arguments("content_encoder", condition_width))
        self.style_encoder = Encoder(**arguments("style_encoder"))
        self.decoder = Decoder(**arguments("decoder", condition_width))
        self.last_layer = layers.Conv2D(
            1,
            1,
            dtype="float32",
            name="last_layer",
            kernel_initializer=fan_in_uniform(),
        )

    @property
    def stride(self):
        """What the sides of an image must be divisible by."""
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
        if self.condition is not None and not self.condition.built:
            self.condition.build()

    def style_of(self, images, weights=None):
        """Style statistics of images: two tensors (batch, 1, 1, channels).

        Args:
            images: (batch, height, width, 1), float in [-1, 1]; or several a row,
                (batch, images, height, width, 1), which gives the means of theirs.
            weights: optional (batch, images), shares of the images of a row in
                these means.
        """
        return style_of_images(self.style_encoder, images, weights)[:2]

    def style_code(self, inputs):
        """The style statistics that a call gives the content, see `style_of`.

        With `strength` α in the inputs: (1 - α) of the content image's statistics and
        α of the style's. Both are means and standard deviations of the style
        encoder's features, so that 0 writes in the hand of the content glyph itself,
        which is its font, and above 1 the style is overdrawn.

        Args:
            inputs: what a call takes.

        Reference: Huang and Belongie, 2017, equation 14. There one encoder serves
        content and style; of the two here the decoder knows only the style encoder's
        statistics.
        """
        style = self.style_of(inputs["style"], inputs.get("style_weights"))
        if "strength" not in inputs:
            return style
        strength = ops.cast(inputs["strength"], "float32")[:, None, None, None]
        return tuple(
            (1.0 - strength) * own + strength * other
            for own, other in zip(self.style_of(inputs["content"]), style, strict=True)
        )

    def features(self, inputs, style):
        """The input of the last layer: (batch, height, width, channels).

        Args:
            inputs: what a call takes; `style` is not used.
            style: what `style_of` or `style_code` returned.
        """
        condition = None if self.condition is None else self.condition(inputs)
        content = self.content_encoder(inputs["content"], condition)
        return self.decoder(adain(content, *style), condition)

    def call(self, inputs):
        style = self.style_code(inputs)
        return self.last_layer(self.features(inputs, style))
