"""Feature extractors for the perceptual distance."""

import keras
from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers import ConfigFromSignature, freeze
from hwgen_keras.models.encoders import default_policy

VGG16_LAYERS = (
    "block1_conv2",
    "block2_conv2",
    "block3_conv3",
    "block4_conv3",
    "block5_conv3",
)


@keras.saving.register_keras_serializable("hwgen_keras")
class VGG16Features(keras.Model):
    """Feature maps of VGG16, for images in [-1, 1] with one channel. Frozen.

    Args:
        weights: `"imagenet"` (downloaded by Keras), a path to weights without the
            top, or `None` for random ones.

    Input: (batch, height, width, 1). Output: a list of five maps.

    Raises:
        InputError: the weights cannot be had.

    Example:
        >>> features = hw.VGG16Features(weights=None)
        >>> len(features(np.ones((1, 32, 32, 1), "float32")))
        5

    Reference: Simonyan and Zisserman, 2015; the layers are those of LPIPS.
    """

    def __init__(self, weights="imagenet", **kwargs):
        super().__init__(**kwargs)
        try:
            with default_policy(self.dtype_policy):
                network = keras.applications.VGG16(
                    include_top=False, weights=weights, input_shape=(None, None, 3)
                )
        except Exception as error:
            # Nothing narrower: a failed download is a bare Exception in Keras.
            raise InputError(
                f"VGG16 weights {weights!r} cannot be loaded ({error}); give a "
                "file of weights without the top, or choose the image encoder."
            ) from error
        self.network = keras.Model(
            network.input, [network.get_layer(name).output for name in VGG16_LAYERS]
        )
        freeze(self.network)
        self.trainable = False

    def build(self, input_shape=None):
        pass

    def call(self, images):
        # Keras's own weights are those of Caffe: BGR, in 0…255, mean subtracted.
        mean = ops.convert_to_tensor((103.939, 116.779, 123.68), dtype="float32")
        images = (ops.cast(images, "float32") + 1.0) * 127.5
        return self.network(ops.repeat(images, 3, axis=-1) - mean)

    def get_config(self):
        # A saved model holds its weights: loading must not download them again.
        return {**super().get_config(), "weights": None}

    @classmethod
    def from_config(cls, config):
        # Nor may a file from elsewhere name a file to read.
        return cls(**{**config, "weights": None})


@keras.saving.register_keras_serializable("hwgen_keras")
class EncoderFeatures(ConfigFromSignature, keras.Model):
    """Feature maps of a trained `ImageEncoder`. Frozen.

    Args:
        encoder: the encoder; a copy of it should be given, since it is frozen.

    Input: (batch, height, width, 1), float in [-1, 1]. Output: a list of maps.

    Example:
        >>> encoder = hw.ImageEncoder(widths=(8, 16))
        >>> features = hw.EncoderFeatures(encoder)
        >>> [tuple(f.shape) for f in features(np.ones((2, 32, 32, 1), "float32"))]
        [(2, 16, 16, 8), (2, 8, 8, 16)]
    """

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        freeze(encoder)
        self.trainable = False

    def build(self, input_shape=None):
        pass

    def call(self, images):
        return self.encoder.feature_maps(images, training=False)
