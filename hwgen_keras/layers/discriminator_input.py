"""What a discriminator is shown instead of the image itself."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.seeds import layer_seed

AUGMENTATIONS = ("translation", "cutout", "contrast")
# Shares of the image's side, and the range of the factor, as in the reference.
LARGEST_SHIFT, CUTOUT_SIDE, CONTRAST = 1 / 8, 1 / 2, (0.5, 1.5)


@keras.saving.register_keras_serializable("hwgen_keras")
class DiscriminatorInput(ConfigFromSignature, layers.Layer):
    """Random, differentiable changes of the images that a discriminator judges.

    Real and generated images pass through the same kinds of changes, so that the
    discriminator cannot learn the few real images by heart and its gradient reaches
    the generator through them:
        translation: by up to an eighth of the side, whole pixels; paper moves in;
        cutout: a square of half the side becomes grey (0);
        contrast: distances from the image's mean are multiplied by 0.5 … 1.5;
        noise: Gaussian noise is added to each pixel, last.

    Args:
        augment: names of `AUGMENTATIONS`, done in their order.
        noise: standard deviation of the noise; images are in [-1, 1].

    `draw(images)` draws the random numbers for one batch; `call(images, drawn)` uses
    them. They are apart so that a gradient can be taken of `call` alone.

    Reference: Zhao et al., Differentiable Augmentation for Data-Efficient GAN
    Training, 2020; Sønderby et al., Amortised MAP Inference for Image
    Super-resolution, 2017 (instance noise).
    """

    def __init__(self, augment=(), noise=0.0, **kwargs):
        super().__init__(**kwargs)
        unknown = set(augment) - set(AUGMENTATIONS)
        if unknown:
            raise ValueError(
                f"There is no augmentation {', '.join(sorted(unknown))}; use some of "
                f"{', '.join(AUGMENTATIONS)}."
            )
        if noise < 0:
            raise ValueError(f"The noise is {noise}; give 0 or more.")
        self.augment = tuple(name for name in AUGMENTATIONS if name in augment)
        self.noise = noise
        self.seed_generator = keras.random.SeedGenerator(layer_seed())

    def draw(self, images):
        """Random numbers for a batch of images, a dict; empty if nothing is changed."""
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
            rows = _moved(drawn["shift"][:, :1], height)
            columns = _moved(drawn["shift"][:, 1:], width)
            # Paper is +1 and comes in from outside.
            ink = ops.squeeze(images, -1) - 1.0
            ink = ops.matmul(ops.matmul(rows, ink), ops.transpose(columns, (0, 2, 1)))
            images = ops.expand_dims(ink + 1.0, -1)
        if "center" in drawn:
            inside_rows = _near(drawn["center"][:, :1], height)
            inside_columns = _near(drawn["center"][:, 1:], width)
            hole = inside_rows[:, :, None] * inside_columns[:, None, :]
            images = images * ops.expand_dims(1.0 - hole, -1)
        if "factor" in drawn:
            mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
            images = (images - mean) * drawn["factor"][:, :, None, None] + mean
        if "noise" in drawn:
            images = images + drawn["noise"]
        return images


def _moved(shift, length):
    """Matrices (batch, length, length) that move by a share of the length."""
    pixels = ops.round(shift * length)[:, :, None]
    position = ops.arange(length, dtype="float32")
    return ops.cast(
        position[None, :, None] - position[None, None, :] == pixels, "float32"
    )


def _near(center, length):
    """1 within a quarter of the length from a place, 0 elsewhere (batch, length)."""
    position = (ops.arange(length, dtype="float32") + 0.5) / length
    return ops.cast(ops.abs(position[None] - center) < CUTOUT_SIDE / 2, "float32")
