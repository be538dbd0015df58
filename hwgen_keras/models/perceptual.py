"""Feature extractors of the perceptual distance."""

import keras
from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers import ConfigFromSignature, freeze
from hwgen_keras.models.encoders import default_policy
from hwgen_keras.models.resnets import feature_model

VGG16_LAYERS = ("1_conv2", "2_conv2", "3_conv3", "4_conv3", "5_conv3")


@keras.saving.register_keras_serializable("hwgen_keras")
class VGG16Features(keras.Model):
    """Feature maps of VGG16, for images in [-1, 1] with one channel. Frozen.

    Args:
        weights: `"imagenet"` (downloaded by Keras), a path to weights without the
            top, or `None` for random ones.

    Input: (batch, height, width, 1). Output: a list of five maps.

    Raises:
        InputError: the weights cannot be loaded.

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
            # Keras raises a bare Exception for a failed download.
            raise InputError(
                f"VGG16 weights {weights!r} cannot be loaded ({error}); give a "
                "file of weights without the top, or choose the image encoder."
            ) from error
        names = [f"block{name}" for name in VGG16_LAYERS]
        self.network = feature_model(network, names)
        freeze(self.network)
        self.trainable = False

    def build(self, input_shape=None):
        pass

    def call(self, images):
        # Keras's weights are those of Caffe: BGR, in 0…255, mean subtracted.
        mean = ops.convert_to_tensor((103.939, 116.779, 123.68), dtype="float32")
        images = (ops.cast(images, "float32") + 1.0) * 127.5
        return self.network(ops.repeat(images, 3, axis=-1) - mean)

    def get_config(self):
        # A saved model holds its weights; loading does not download them again.
        return {**super().get_config(), "weights": None}

    @classmethod
    def from_config(cls, config):
        # An untrusted file must not name another file to read.
        return cls(**{**config, "weights": None})


@keras.saving.register_keras_serializable("hwgen_keras")
class EncoderFeatures(ConfigFromSignature, keras.Model):
    """Feature maps of a trained `ImageEncoder`. Frozen.

    Args:
        encoder: the encoder; give a copy, since it is frozen here.

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
