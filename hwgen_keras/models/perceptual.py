"""Feature extractors of the perceptual distance."""

import keras
from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers import ConfigFromSignature, freeze
from hwgen_keras.models.encoders import default_policy
from hwgen_keras.models.resnets import feature_model
from hwgen_keras.models.vgg16 import (
    check_vgg16,
    is_torchvision,
    load_torchvision,
    lpips_weights,
)
from hwgen_keras.models.weight_files import SCALE, SHIFT

VGG16_LAYERS = ("1_conv2", "2_conv2", "3_conv3", "4_conv3", "5_conv3")


@keras.saving.register_keras_serializable("hwgen_keras")
class VGG16Features(keras.Model):
    """Feature maps of VGG16, for images in [-1, 1] with one channel. Frozen.

    Args:
        weights: `"imagenet"` (downloaded by Keras); a path to Keras's weights without
            the top (.h5), or to those of torchvision (.pth, .pt, .safetensors, .npz);
            or `None` for random ones.
        lpips: whether `channel_weights` are those that LPIPS learned. They belong to
            torchvision's weights, which take their input scaled otherwise.
        torchvision: whether random weights take their input as torchvision's do; with
            other weights, the file decides.

    Input: (batch, height, width, 1). Output: a list of five maps.

    Attributes:
        channel_weights: argument of `losses.perceptual_distance` beside the maps: five
            arrays (channels,), float32, at least 0; None without `lpips`.

    Raises:
        InputError: the weights cannot be loaded, or `lpips` is given other weights than
            torchvision's.

    Example:
        >>> from hwgen_keras import losses
        >>> features = hw.VGG16Features(weights=None, lpips=True)
        >>> a, b = (features(np.full((1, 32, 32, 1), x, "float32")) for x in (-1, 1))
        >>> tuple(losses.perceptual_distance(a, b, features.channel_weights).shape)
        (1,)

    Reference: Simonyan and Zisserman, 2015; the layers, and the channels' weights, are
    those of LPIPS, version 0.1: Zhang et al., 2018.
    """

    def __init__(self, weights="imagenet", lpips=False, torchvision=False, **kwargs):
        super().__init__(**kwargs)
        check_vgg16(weights, lpips)
        self.lpips = lpips
        self.torchvision = lpips or torchvision or is_torchvision(weights)
        own = is_torchvision(weights)
        try:
            with default_policy(self.dtype_policy):
                network = keras.applications.VGG16(
                    include_top=False,
                    weights=None if own else weights,
                    input_shape=(None, None, 3),
                )
        except Exception as error:
            # Keras raises a bare Exception for a failed download.
            raise InputError(
                f"VGG16 weights {weights!r} cannot be loaded ({error}); give a "
                "file of weights without the top, or choose the image encoder."
            ) from error
        if own:
            load_torchvision(network, weights)
        names = [f"block{name}" for name in VGG16_LAYERS]
        self.network = feature_model(network, names)
        freeze(self.network)
        self.trainable = False

    def build(self, input_shape=None):
        pass

    def call(self, images):
        images = ops.cast(images, "float32")
        if self.torchvision:
            scale, shift = (ops.convert_to_tensor(x, "float32") for x in (SCALE, SHIFT))
            return self.network(images * scale + shift)
        # Keras's weights are those of Caffe: BGR, in 0…255, mean subtracted.
        mean = ops.convert_to_tensor((103.939, 116.779, 123.68), dtype="float32")
        images = (images + 1.0) * 127.5
        return self.network(ops.repeat(images, 3, axis=-1) - mean)

    @property
    def channel_weights(self):
        """What LPIPS learned of each map's channels: five arrays, or None."""
        return lpips_weights() if self.lpips else None

    def get_config(self):
        # A saved model holds its weights; loading does not download them again.
        config = {"weights": None, "lpips": self.lpips, "torchvision": self.torchvision}
        return {**super().get_config(), **config}

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
