"""Random augmentation of the images that a discriminator gets."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.seeds import layer_seed

AUGMENTATIONS = ("translation", "cutout", "contrast")
# Shares of the image's side, and the range of the factor, as in the reference.
LARGEST_SHIFT, CUTOUT_SIDE, CONTRAST = 1 / 8, 1 / 2, (0.5, 1.5)


@keras.saving.register_keras_serializable("hwgen_keras")
class DiscriminatorInput(ConfigFromSignature, layers.Layer):
    """Random, differentiable augmentation of the input of a discriminator.

    Real and generated images get the same kinds of changes, so the discriminator cannot
    memorise the few real images, and its gradient reaches the generator:
        translation: by up to an eighth of the side, in whole pixels, filled with paper;
        cutout: a square of half the side becomes grey (0);
        contrast: differences from the image's mean are multiplied by 0.5 … 1.5;
        noise: Gaussian noise is added to each pixel, last.

    Args:
        augment: names of `AUGMENTATIONS`, applied in the order of that tuple.
        noise: standard deviation of the noise; images are in [-1, 1].

    `draw(images)` draws random numbers for a batch and `call(images, drawn)` applies
    them, so that `call` alone can be differentiated.

    Reference: Zhao et al., Differentiable Augmentation for Data-Efficient GAN
    Training, 2020; Sønderby et al., Amortised MAP Inference for Image
    Super-resolution, 2017 (instance noise).
    """

    def __init__(self, augment=(), noise=0.0, **kwargs):
        super().__init__(**kwargs)
        unknown = set(augment) - set(AUGMENTATIONS)
        if unknown:
            raise ValueError(
                f"There is no augmentation {', '.join(sorted(unknown))}; use "
                f"{', '.join(AUGMENTATIONS)}."
            )
        if noise < 0:
            raise ValueError(f"The noise is {noise}; give 0 or more.")
        self.augment = tuple(name for name in AUGMENTATIONS if name in augment)
        self.noise = noise
        self.seed_generator = keras.random.SeedGenerator(layer_seed())

    def build(self, input_shape=None):
        # Without weights it is built as it is; Keras asks before each call of `fit`.
        pass

    def draw(self, images):
        """Random numbers for a batch of images, a dict; empty without augmentation."""
        batch, height, width, _ = ops.shape(images)
        drawn = {}

        def uniform(low, high, columns):
            return keras.random.uniform(
                (batch, columns), low, high, "float32", self.seed_generator
            )

        if "translation" in self.augment:
            drawn["shift"] = uniform(-LARGEST_SHIFT, LARGEST_SHIFT, 2)
        if "cutout" in self.augment:
            drawn["center"] = uniform(0.0, 1.0, 2)
        if "contrast" in self.augment:
            drawn["factor"] = uniform(*CONTRAST, 1)
        if self.noise > 0:
            drawn["noise"] = self.noise * keras.random.normal(
                (batch, height, width, 1), dtype="float32", seed=self.seed_generator
            )
        return drawn

    def call(self, images, drawn):
        images = ops.cast(images, "float32")
        _, height, width, _ = ops.shape(images)
        if "shift" in drawn:
            rows = _shift_matrix(drawn["shift"][:, :1], height)
            columns = _shift_matrix(drawn["shift"][:, 1:], width)
            # Zeros, which are shifted in, become paper (+1).
            ink = ops.squeeze(images, -1) - 1.0
            ink = ops.matmul(ops.matmul(rows, ink), ops.transpose(columns, (0, 2, 1)))
            images = ops.expand_dims(ink + 1.0, -1)
        if "center" in drawn:
            rows = _cutout_mask(drawn["center"][:, :1], height)
            columns = _cutout_mask(drawn["center"][:, 1:], width)
            hole = rows[:, :, None] * columns[:, None, :]
            images = images * ops.expand_dims(1.0 - hole, -1)
        if "factor" in drawn:
            mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
            images = (images - mean) * drawn["factor"][:, :, None, None] + mean
        if "noise" in drawn:
            images = images + drawn["noise"]
        return images


def _shift_matrix(shift, length):
    """Matrices (batch, length, length) that shift by `shift` times the length."""
    pixels = ops.round(shift * length)[:, :, None]
    position = ops.arange(length, dtype="float32")
    return ops.cast(
        position[None, :, None] - position[None, None, :] == pixels, "float32"
    )


def _cutout_mask(center, length):
    """(batch, length): 1 within a quarter of the length from the centre, else 0."""
    position = (ops.arange(length, dtype="float32") + 0.5) / length
    return ops.cast(ops.abs(position[None] - center) < CUTOUT_SIDE / 2, "float32")
