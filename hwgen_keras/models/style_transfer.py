"""The adversarial training of a generator."""

import keras
from keras import ops

from hwgen_keras import losses
from hwgen_keras.backend import StatefulTrainer, gather_rows, replica_count
from hwgen_keras.errors import InputError
from hwgen_keras.layers import (
    ConfigFromSignature,
    DiscriminatorInput,
    ensure_built,
    freeze,
)
from hwgen_keras.models.adversarial_step import (
    DiscriminatorStep,
    GeneratorStep,
    gradient_norm,
)
from hwgen_keras.models.image_losses import STYLE_STATISTICS, ImageLoss

# Metrics in addition to those of the generator's losses.
_OTHER_METRICS = (
    *("discriminator", "discriminator_accuracy", "adaptive_weight"),
    *("generator_gradient_norm", "discriminator_gradient_norm"),
)


@keras.saving.register_keras_serializable("hwgen_keras")
class StyleTransfer(ConfigFromSignature, StatefulTrainer, keras.Model):
    """Trains an `AdaINGenerator` against a discriminator.

    The losses of a target image t and the generated image g:
        reconstruction: distance of pixels, mean |t - g| as published, and of features;
        adversarial: -mean D(g), times the adaptive weight λ;
        implicit: 10 x squared distance of the statistics of the style image and of g;
        explicit: CLIP loss between g and the character's structure;
        discriminator: hinge loss, only for D.

    Args:
        generator: an `AdaINGenerator`.
        discriminator: a `PatchDiscriminator`; the optimizer knows its variables by
            "discriminator" in its name.
        features: a frozen model, images → list of feature maps, for the perceptual
            distance; or `None` for only the pixel distance.
        clip: a trained `CLIP`, frozen here, for the explicit loss; or `None` for no
            explicit loss.
        implicit_weight: weight of the implicit loss.
        implicit_trains_style: whether the implicit loss also trains the statistics of
            the style image, as published, or only the generated image.
        pixel_weight: weight of the pixel distance; 1 as published.
        pixel_distance: `"absolute"`, as published, or `"pyramid"`, the mean over
            several sizes; see `losses.pyramid_distance`.
        explicit_weight: weight of the explicit loss; 1 as published.
        adversarial_weight: multiplies λ; 1 as published.
        discriminator_augment: differentiable augmentation of the discriminator's
            input, see `DiscriminatorInput`; none as published.
        instance_noise: standard deviation of noise added to it; 0 as published.
        extra_losses: further losses of the generated image, `ImageLoss`es, which are
            saved with the model.

    The implicit loss is 0 if the style encoder has equal statistics for all hands. Only
    a target that is the style image prevents this for long. The features of a small
    encoder, and CLIP with it, accept textures that do not look like characters; short
    trainings need more weight on the pixels.

    Data, a dict of one batch: `content`, `style`, `target` (batch, height, width, 1),
    float in [-1, 1]; `label`, `tokens`, `drop_condition` if the generator's condition
    or CLIP needs them.

    Compile it with `adam_pair(...)`. `call` generates.

    Raises:
        InputError: two losses have the same name.

    Example:
        >>> model = hw.StyleTransfer(
        ...     hw.AdaINGenerator(width=8, multipliers=(1, 2)),
        ...     hw.PatchDiscriminator(widths=(8, 16)),
        ... )
        >>> model.compile(optimizer=hw.adam_pair(2e-4))
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> tuple(model({"content": images, "style": images}).shape)
        (2, 16, 16, 1)

    Reference: the losses are those of nishizaki-lab/Handwritten-Character-Image-
    Generation; λ is Esser et al., 2021, equation 7.
    """

    def __init__(
        self,
        generator,
        discriminator,
        features=None,
        clip=None,
        implicit_weight=10.0,
        pixel_weight=1.0,
        explicit_weight=1.0,
        adversarial_weight=1.0,
        discriminator_augment=(),
        instance_noise=0.0,
        implicit_trains_style=True,
        pixel_distance="absolute",
        extra_losses=(),
        **kwargs,
    ):
        super().__init__(**kwargs)
        if pixel_distance not in losses.PIXEL_DISTANCES:
            names = " or ".join(losses.PIXEL_DISTANCES)
            raise ValueError(f"pixel_distance is {pixel_distance!r}; give {names}.")
        # Keras lists trainable variables in this order; `update` depends on it.
        self.generator, self.discriminator = generator, discriminator
        self.features, self.clip = features, clip
        self.implicit_weight = implicit_weight
        self.implicit_trains_style = implicit_trains_style
        self.pixel_distance = pixel_distance
        self.pixel_weight, self.explicit_weight = pixel_weight, explicit_weight
        self.adversarial_weight = adversarial_weight
        self.discriminator_augment = tuple(discriminator_augment)
        self.instance_noise = instance_noise
        self.extra_losses = tuple(extra_losses)
        self.discriminator_input = DiscriminatorInput(
            discriminator_augment, instance_noise, dtype="float32"
        )
        for frozen in (features, clip):
            if frozen is not None:
                freeze(frozen)
        first, *others = [loss.name for loss in self.image_losses]
        # Checkpoints hold the metrics in this order.
        names = ["loss", first, "adversarial", *others, *_OTHER_METRICS]
        if len(set(names)) < len(names):
            raise InputError(
                f"extra_losses: two of the metrics {', '.join(names)} have one name; "
                "give the loss another."
            )
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    @property
    def image_losses(self):
        """The `ImageLoss`es of the generator; λ depends on the first.

        The adversarial loss is not among them, since it has the weight λ and shares
        D(g) with the loss of the discriminator.
        """
        explicit = self.explicit_weight, self.explicit_loss, "tokens"
        return (
            ImageLoss("reconstruction", 1.0, self.reconstruction_loss),
            ImageLoss(
                *("implicit", self.implicit_weight, losses.style_statistics_loss),
                *(STYLE_STATISTICS, self.implicit_trains_style),
            ),
            *([ImageLoss("explicit", *explicit)] if self.clip is not None else []),
            *self.extra_losses,
        )

    def build(self, input_shape=None):
        ensure_built(self.generator, self.discriminator, self.discriminator_input)

    def call(self, inputs, training=False):
        return self.generator(inputs)

    @property
    def metrics(self):
        return list(self.trackers.values())

    def update(self, data):
        """Gradients of one batch, generator first; see `hwgen_keras.backend`.

        Args:
            data: the batch, see the class.
        """
        state = self.trainable_variables + self.non_trainable_variables
        scale = self.optimizer.scale_loss(ops.ones(()))
        loss_cotangent = scale / replica_count()

        generator = GeneratorStep(self.generator, data, state)
        values, image_gradients = {}, []
        for loss in self.image_losses:
            values[loss.name], gradient = generator.differentiate(loss, loss_cotangent)
            image_gradients.append(gradient)

        images = data["target"], generator.images
        discriminator = DiscriminatorStep(
            self.discriminator, self.discriminator_input, *images, state
        )
        adversarial_gradient = discriminator.image_gradient(loss_cotangent)
        adaptive_weight = self.adversarial_weight * losses.adaptive_weight(
            generator.last_layer_norm(image_gradients[0]),
            generator.last_layer_norm(adversarial_gradient),
            scale,
        )
        # Where λ is 0 the gradient can be infinite.
        image_gradients.append(
            ops.where(adaptive_weight > 0, adaptive_weight * adversarial_gradient, 0.0)
        )
        generator_gradients = generator.gradients(sum(image_gradients))
        discriminator_gradients = discriminator.gradients(loss_cotangent)
        adversarial = discriminator.adversarial_loss()
        values |= {
            "loss": sum(values.values()) + adaptive_weight * adversarial,
            "adversarial": adversarial,
            "discriminator": discriminator.loss(),
            "discriminator_accuracy": discriminator.accuracy(),
            "adaptive_weight": adaptive_weight,
            "generator_gradient_norm": gradient_norm(generator_gradients, scale),
            "discriminator_gradient_norm": gradient_norm(
                discriminator_gradients, scale
            ),
        }
        for name, tracker in self.trackers.items():
            tracker.update_state(values[name])
        return generator_gradients + discriminator_gradients

    def reconstruction_loss(self, target, generated):
        """Weighted mean |target - generated| + perceptual distance, a scalar.

        Args:
            target, generated: (batch, height, width, 1), float in [-1, 1].
        """
        distance = losses.PIXEL_DISTANCES[self.pixel_distance]
        loss = self.pixel_weight * ops.mean(distance(target, generated))
        if self.features is None:
            return loss
        maps = self.features(target), self.features(generated)
        weights = getattr(self.features, "channel_weights", None)
        return loss + ops.mean(losses.perceptual_distance(*maps, weights))

    def explicit_loss(self, tokens, generated):
        """CLIP loss between generated images and their structures, a scalar.

        Args:
            tokens: (batch, length), int, the structures.
            generated: (batch, height, width, 1), float in [-1, 1].
        """
        embeddings = self.clip({"image": generated, "tokens": tokens}, training=False)
        return ops.mean(
            losses.soft_target_clip_loss(
                gather_rows(embeddings["text"]),
                gather_rows(embeddings["image"]),
                self.clip.temperature,
            )
        )
