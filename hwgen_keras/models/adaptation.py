"""Teaching a trained generator one more hand: a small part of it, from few images."""

import re

import keras
from keras import ops

from hwgen_keras import losses
from hwgen_keras.backend import replica_count
from hwgen_keras.layers import ConfigFromSignature, freeze
from hwgen_keras.models.diffusion import DiffusionGenerator

PARTS = ("modulation", "style", "decoder", "all")
# Scales and shifts of features: of group normalisation, and what a condition makes.
_MODULATION = re.compile(r"/(norm_\d|modulation)/")


def train_only(generator, part):
    """Freezes a generator but for a part; call it before the training is compiled.

    The weights alone are marked, not the layers, so that a file of the generator has
    no trace of it.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        part: `"modulation"`: scales and shifts of the features outside of the style
            encoder, so that codes of hands stay what they were; `"style"`: the head
            of the style encoder, and of a diffusion model what reads the code (to
            the vector, and the attention to the style images); `"decoder"`: the last
            level and the last layer; `"all"`: everything that was not frozen.

    Returns:
        The list of variables that stay trainable.

    Example:
        >>> generator = hw.AdaINGenerator(width=8, multipliers=(1, 2))
        >>> generator.build()
        >>> chosen = hw.train_only(generator, "modulation")
        >>> len(chosen) == len(generator.trainable_variables)
        True

    Reference: Noguchi and Harada, Image Generation From Small Datasets via Batch
    Statistics Adaptation, 2019 (scales and shifts alone).
    """
    trainable = generator.trainable_variables
    if part == "all":
        chosen = trainable
    elif part == "modulation":
        chosen = [
            v
            for v in trainable
            if _MODULATION.search(v.path) and "/style_encoder/" not in v.path
        ]
    else:
        layers = _layers(generator)[part]
        chosen = [v for layer in layers for v in layer.trainable_variables]
    kept = {id(v) for v in chosen}
    for variable in trainable:
        variable.trainable = id(variable) in kept
    return chosen


def _layers(generator):
    """The layers of the parts that are whole layers."""
    if isinstance(generator, DiffusionGenerator):
        network = generator.network
        style = [network.to_style, network.cross_attention]
        decoder = [network.up[0]]
    else:
        network, style = generator, []
        decoder = [network.decoder.stages[-1], network.decoder.last_block]
    encoder = network.style_encoder
    style += [encoder.middle_1, encoder.middle_attention, encoder.middle_2]
    return {
        "style": [layer for layer in style if layer is not None],
        "decoder": [*decoder, network.last_layer],
    }


@keras.saving.register_keras_serializable("hwgen_keras")
class Reconstruction(ConfigFromSignature, keras.Model):
    """Trains an `AdaINGenerator` to write given images, without an adversary.

    A discriminator cannot learn from twenty images what a hand is. Compile it with an
    optimizer alone; `fit` minimises the mean of `call`.

    Args:
        generator: an `AdaINGenerator`.
        features: a frozen model, images → list of feature maps, for the perceptual
            distance; or `None` for the pixels alone.
        pixel_weight: weight of the pixels, see `pyramid_distance`, beside the
            perceptual distance.

    Data, a dict of one batch: `content`, `style`, `target` (batch, height, width, 1),
    float in [-1, 1], and what the generator's condition asks for.

    Output: the loss of each row, (batch,), float32.

    Example:
        >>> generator = hw.AdaINGenerator(width=8, multipliers=(1, 2))
        >>> model = hw.Reconstruction(generator)
        >>> model.compile(optimizer="adam")
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> batch = {"content": images, "style": images, "target": images}
        >>> tuple(model(batch).shape)
        (2,)
    """

    def __init__(self, generator, features=None, pixel_weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.generator, self.features = generator, features
        self.pixel_weight = pixel_weight
        if features is not None:
            freeze(features)

    def build(self, input_shape=None):
        if not self.generator.built:
            self.generator.build()

    def call(self, data, training=False):
        target = ops.cast(data["target"], "float32")
        generated = self.generator(data)
        loss = self.pixel_weight * losses.pyramid_distance(target, generated)
        if self.features is None:
            return loss
        return loss + losses.perceptual_distance(
            self.features(target), self.features(generated)
        )

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return ops.mean(y_pred) / replica_count()
