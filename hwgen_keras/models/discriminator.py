"""PatchGAN discriminator."""

import keras
from keras import layers

from hwgen_keras.layers import ConfigFromSignature, SpectralConv2D


@keras.saving.register_keras_serializable("hwgen_keras")
class PatchDiscriminator(ConfigFromSignature, keras.Model):
    """Classifies overlapping patches of an image as real or generated.

    4x4 convolutions with batch normalisation (except the first) and LeakyReLU 0.2, of
    stride 2 (the last of stride 1); then a 4x4 convolution to one logit per patch.

    Args:
        widths: channels of the convolutions before the last.
        norm: `"batch"`, as published, or `"spectral"`: every convolution is a
            `SpectralConv2D` and there is no batch normalisation.

    Input: images (batch, height, width, 1), float in [-1, 1].
    Output: logits (batch, patches down, patches across, 1), float32.

    Example:
        >>> discriminator = hw.PatchDiscriminator(widths=(8, 16))
        >>> tuple(discriminator(np.ones((2, 32, 32, 1), "float32")).shape)
        (2, 14, 14, 1)

    Reference: Isola et al., Image-to-Image Translation with Conditional Adversarial
    Networks, 2017.
    """

    def __init__(self, widths=(64, 128, 256, 512), norm="batch", **kwargs):
        if norm not in ("batch", "spectral"):
            raise ValueError(f"norm is {norm!r}; use 'batch' or 'spectral'.")
        # By this name the optimizer finds the variables of the discriminator.
        kwargs.setdefault("name", "discriminator")
        super().__init__(**kwargs)
        self.widths, self.norm = tuple(widths), norm
        spectral = norm == "spectral"
        convolution = SpectralConv2D if spectral else layers.Conv2D
        policy = self.dtype_policy
        self.padding = layers.ZeroPadding2D(1, dtype=policy, name="padding")
        self.activation = layers.LeakyReLU(0.2, dtype=policy, name="activation")
        last = len(self.widths) - 1
        self.convolutions = [
            convolution(
                width,
                4,
                strides=1 if i == last else 2,
                use_bias=spectral or i == 0,
                dtype=policy,
                name=f"convolution_{i}",
            )
            for i, width in enumerate(self.widths)
        ]
        self.norms = [
            layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, dtype=policy, name=f"norm_{i}"
            )
            for i in range(1, 0 if spectral else len(self.widths))
        ]
        self.to_logits = convolution(1, 4, dtype="float32", name="to_logits")

    def build(self, input_shape=None):
        self.padding.build((None, None, None, 1))
        channels = 1
        for i, width in enumerate(self.widths):
            self.convolutions[i].build((None, None, None, channels))
            if i > 0 and self.norms:
                self.norms[i - 1].build((None, None, None, width))
            channels = width
        self.to_logits.build((None, None, None, channels))

    def call(self, images, training=False):
        # Only a `SpectralConv2D` takes `training`.
        spectral = {"training": training} if self.norm == "spectral" else {}
        features = images
        for i, convolution in enumerate(self.convolutions):
            features = convolution(self.padding(features), **spectral)
            if i > 0 and self.norms:
                features = self.norms[i - 1](features, training=training)
            features = self.activation(features)
        return self.to_logits(self.padding(features), **spectral)
