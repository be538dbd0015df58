"""Adapting a small part of a trained generator to a new hand, from few images."""

import re

import keras
from keras import ops

from hwgen_keras import losses
from hwgen_keras.layers import freeze
from hwgen_keras.models.diffusion import DiffusionGenerator
from hwgen_keras.models.row_loss import RowLoss
from hwgen_keras.models.stroke_writer import StrokeWriter

PARTS = ("modulation", "style", "decoder", "all")
# Scales and shifts of features, of group normalisation and of a condition.
_MODULATION = re.compile(r"/(norm_\d|modulation)/")


def train_only(generator, part):
    """Freezes all of a generator except a part, before the training is compiled.

    It marks weights, not layers, so that a saved generator is not frozen.

    Args:
        generator: a built `AdaINGenerator`, `DiffusionGenerator` or `StrokeWriter`.
        part: `"modulation"`: scales and shifts of the features outside the style
            encoder, so that style codes do not change; `"style"`: the last layers of
            the style encoder, and in a diffusion model the layers that read the style
            code; `"decoder"`: the last level and the last layer; `"all"`: everything
            that was trainable before.

    Returns:
        The list of trainable variables.

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
        layers = _layers_of_parts(generator)[part]
        chosen = [v for layer in layers for v in layer.trainable_variables]
    chosen_ids = {id(v) for v in chosen}
    for variable in trainable:
        variable.trainable = id(variable) in chosen_ids
    return chosen


def _layers_of_parts(generator):
    if isinstance(generator, StrokeWriter):
        network = generator.network
        pairs = [network.pair_1, network.pair_2, network.pair_3, network.pair_norm]
        return {
            "style": [*pairs, network.to_code],
            "decoder": [network.blocks[-1], network.last_norm, network.last_layer],
        }
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
class Reconstruction(RowLoss):
    """Trains an `AdaINGenerator` to reconstruct images, without a discriminator.

    A discriminator cannot learn a hand from twenty images. Compile the model with only
    an optimizer; `fit` minimises the mean of `call`.

    Args:
        generator: an `AdaINGenerator`.
        features: a frozen model, images → list of feature maps, for the perceptual
            distance; or `None` for only the pixel distance.
        pixel_weight: weight of the pixel distance, see `pyramid_distance`; the
            perceptual distance has weight 1.

    Data, a dict of one batch: `content`, `style`, `target` (batch, height, width, 1),
    float in [-1, 1], and the inputs of the generator's condition.

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

    def call(self, data, training=False):
        target = ops.cast(data["target"], "float32")
        generated = self.generator(data)
        loss = self.pixel_weight * losses.pyramid_distance(target, generated)
        if self.features is None:
            return loss
        maps = self.features(target), self.features(generated)
        weights = getattr(self.features, "channel_weights", None)
        return loss + losses.perceptual_distance(*maps, weights)
