"""The training of a generator against a discriminator."""

import keras
from keras import ops

from hwgen_keras import losses
from hwgen_keras.backend import (
    StatefulTrainer,
    gather_rows,
    replica_count,
    sum_over_replicas,
    vjp,
)
from hwgen_keras.layers import DiscriminatorInput, freeze

PIXEL_DISTANCES = {
    "absolute": lambda target, generated: ops.abs(target - generated),
    "pyramid": losses.pyramid_distance,
}
_TRACKED = (
    *("loss", "reconstruction", "adversarial", "implicit", "explicit"),
    *("discriminator", "discriminator_accuracy", "adaptive_weight"),
    *("generator_gradient_norm", "discriminator_gradient_norm"),
)


@keras.saving.register_keras_serializable("hwgen_keras")
class StyleTransfer(StatefulTrainer, keras.Model):
    """Trains an `AdaINGenerator` against a discriminator.

    The losses of one step, for a target image t and the generated image g:
        reconstruction: distance of pixels, mean |t - g| as published, and of features;
        adversarial: -mean D(g), times the adaptive weight λ;
        implicit: 10 x squared distance of the statistics of the style image and of g;
        explicit: CLIP loss between g and the character's structure;
        discriminator: hinge, for D alone.

    Args:
        generator: an `AdaINGenerator`.
        discriminator: a `PatchDiscriminator`; its name must contain
            "discriminator", which is how the optimizer tells the two apart.
        features: a frozen model, images → list of feature maps, for the perceptual
            distance; or `None` for the absolute difference alone.
        clip: a trained `CLIP`, frozen here, for the explicit loss; or `None` for no
            explicit loss.
        implicit_weight: weight of the implicit loss.
        implicit_trains_style: whether the implicit loss moves the statistics, as
            published, or only the image towards them.
        pixel_weight: weight of |target - g| beside the perceptual distance; 1 as
            published.
        pixel_distance: `"absolute"`, as published, or `"pyramid"`, the mean over
            several sizes; see `losses.pyramid_distance`.
        explicit_weight: weight of the explicit loss; 1 as published.
        adversarial_weight: multiplies λ; 1 as published.
        discriminator_augment: differentiable changes of the images that the
            discriminator judges, see `DiscriminatorInput`; none as published.
        instance_noise: standard deviation of noise added to them; 0 as published.

    The implicit loss is 0 for a style encoder to whose statistics all hands are alike;
    where the style image is not the target, nothing else holds them apart for long.
    Features of a small encoder, and CLIP on top of it, are pleased by textures that no
    eye takes for a character; short trainings need more weight on the pixels.

    Data, a dict of one batch: `content`, `style`, `target` (batch, height, width, 1),
    float in [-1, 1]; `label`, `tokens`, `drop_condition` as the generator's condition
    and CLIP ask for.

    Compile it with `adam_pair(...)`. `call` generates.

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

    _NETWORKS = ("generator", "discriminator", "features", "clip")
    _WEIGHTS = (
        "implicit_weight",
        "implicit_trains_style",
        "pixel_weight",
        "pixel_distance",
        "explicit_weight",
        "adversarial_weight",
        "discriminator_augment",
        "instance_noise",
    )

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
        **kwargs,
    ):
        super().__init__(**kwargs)
        if pixel_distance not in PIXEL_DISTANCES:
            names = " or ".join(PIXEL_DISTANCES)
            raise ValueError(f"pixel_distance is {pixel_distance!r}; give {names}.")
        # Keras lists trainable variables in this order, and so does `update`.
        self.generator, self.discriminator = generator, discriminator
        self.features, self.clip = features, clip
        self.implicit_weight = implicit_weight
        self.implicit_trains_style = implicit_trains_style
        self.pixel_distance = pixel_distance
        self.pixel_weight, self.explicit_weight = pixel_weight, explicit_weight
        self.adversarial_weight = adversarial_weight
        self.discriminator_augment = tuple(discriminator_augment)
        self.instance_noise = instance_noise
        self.discriminator_input = DiscriminatorInput(
            discriminator_augment, instance_noise, dtype="float32"
        )
        for frozen in (features, clip):
            if frozen is not None:
                freeze(frozen)
        self.trackers = {
            name: keras.metrics.Mean(name=name)
            for name in _TRACKED
            if name != "explicit" or clip is not None
        }

    def build(self, input_shape=None):
        for network in (self.generator, self.discriminator):
            if not network.built:
                network.build()

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
        generator, discriminator = self.generator, self.discriminator
        state = self.trainable_variables + self.non_trainable_variables
        last_layer_input, style, g, pull_generator = self._generate(data, state)
        scale = self.optimizer.scale_loss(ops.ones(()))
        one = scale / replica_count()

        (reconstruction,), pull = vjp(
            lambda g: [self.reconstruction_loss(data["target"], g)], [g], (), state
        )
        (image_gradient,), _ = pull([one])

        # Drawn outside of what is differentiated, where state may change freely.
        look = self.discriminator_input
        drawn = [look.draw(data["target"]), look.draw(g)] if look.active else [{}, {}]

        def judge(images, drawn):
            images = look(images, drawn) if drawn else images
            return [ops.cast(discriminator(images, training=True), "float32")]

        (real_logits,), pull_real = vjp(
            lambda: judge(data["target"], drawn[0]),
            (),
            discriminator.trainable_variables,
            state,
        )
        (logits,), pull_judge = vjp(
            lambda g: judge(g, drawn[1]), [g], discriminator.trainable_variables, state
        )
        adversarial = -ops.mean(logits)
        count = ops.cast(ops.size(logits), "float32")
        (adversarial_gradient,), _ = pull_judge(
            [ops.ones_like(logits) * (-one / count)], variables=False
        )
        # The last layer is a 1x1 convolution: its gradient is a sum over positions.
        weight = self.adversarial_weight * losses.adaptive_weight(
            self._last_layer_norm(last_layer_input, image_gradient),
            self._last_layer_norm(last_layer_input, adversarial_gradient),
            scale,
        )
        gradient = image_gradient + ops.where(
            weight > 0, weight * adversarial_gradient, 0.0
        )

        style_variables = ()
        if self.implicit_trains_style:
            style_variables = generator.style_encoder.trainable_variables
        (implicit,), pull = vjp(
            lambda g, mean, deviation: [
                losses.style_statistics_loss((mean, deviation), generator.style_of(g))
            ],
            [g, *style],
            style_variables,
            state,
        )
        inputs, style_gradients = pull([one * self.implicit_weight])
        gradient = gradient + inputs[0]
        code_gradients = inputs[1:]
        if not self.implicit_trains_style:
            code_gradients = [ops.zeros_like(x) for x in code_gradients]

        explicit = ops.zeros(())
        if self.clip is not None:
            (explicit,), pull = vjp(
                lambda g: [self.explicit_loss(data["tokens"], g)], [g], (), state
            )
            explicit = explicit * self.explicit_weight
            gradient = gradient + pull([one * self.explicit_weight])[0][0]

        _, generator_gradients = pull_generator([gradient, *code_gradients])
        if self.implicit_trains_style:
            generator_gradients = self._add_style(generator_gradients, style_gradients)

        discriminator_loss = losses.hinge_discriminator_loss(real_logits, logits)
        _, real = pull_real([one * self._hinge_cotangent(real_logits, -1.0)])
        _, generated = pull_judge(
            [one * self._hinge_cotangent(logits, 1.0)], inputs=False
        )
        discriminator_gradients = [a + b for a, b in zip(real, generated, strict=True)]

        correct = ops.mean(ops.cast(real_logits > 0, "float32"))
        correct = (correct + ops.mean(ops.cast(logits < 0, "float32"))) / 2
        implicit = implicit * self.implicit_weight
        self._track(
            loss=reconstruction + adversarial * weight + implicit + explicit,
            reconstruction=reconstruction,
            adversarial=adversarial,
            implicit=implicit,
            explicit=explicit,
            discriminator=discriminator_loss,
            discriminator_accuracy=correct,
            adaptive_weight=weight,
            generator_gradient_norm=self._norm(generator_gradients, scale),
            discriminator_gradient_norm=self._norm(discriminator_gradients, scale),
        )
        return generator_gradients + discriminator_gradients

    def _generate(self, data, state):
        """The generated image and what its losses need, as leaves of one pullback."""
        generator = self.generator

        def forward():
            style = generator.style_of(data["style"])
            features = generator.features(data, style)
            return [generator.last_layer(features), *style, features]

        (g, *style, features), pull = vjp(
            forward, (), generator.trainable_variables, state
        )

        def pull_generator(cotangents):
            # No loss looks at the last layer's input.
            return pull([*cotangents, ops.zeros_like(features)])

        return features, style, g, pull_generator

    def reconstruction_loss(self, target, generated):
        """Weighted mean |target - generated| + perceptual distance, a scalar.

        Args:
            target, generated: (batch, height, width, 1), float in [-1, 1].
        """
        distance = PIXEL_DISTANCES[self.pixel_distance]
        loss = self.pixel_weight * ops.mean(distance(target, generated))
        if self.features is None:
            return loss
        return loss + ops.mean(
            losses.perceptual_distance(self.features(target), self.features(generated))
        )

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

    def _last_layer_norm(self, features, image_gradient):
        kernel_gradient = ops.einsum(
            "bhwc,bhwo->co", ops.cast(features, "float32"), image_gradient
        )
        return losses.global_norm([sum_over_replicas(kernel_gradient)])

    def _norm(self, gradients, scale):
        norm = losses.global_norm(sum_over_replicas(gradients)) / scale
        # A step that overflows is skipped and must leave a number in the metric.
        return ops.where(ops.isfinite(norm), norm, ops.zeros_like(norm))

    def _hinge_cotangent(self, logits, sign):
        """∂ ½ mean relu(1 + sign·logits) / ∂ logits."""
        active = ops.cast(1.0 + sign * logits > 0, "float32")
        return 0.5 * sign * active / ops.cast(ops.size(logits), "float32")

    def _add_style(self, gradients, style_gradients):
        position = {id(v): i for i, v in enumerate(self.generator.trainable_variables)}
        gradients = list(gradients)
        for variable, gradient in zip(
            self.generator.style_encoder.trainable_variables,
            style_gradients,
            strict=True,
        ):
            i = position[id(variable)]
            gradients[i] = gradients[i] + gradient
        return gradients

    def _track(self, **values):
        for name, tracker in self.trackers.items():
            tracker.update_state(values[name])

    def get_config(self):
        networks = {name: getattr(self, name) for name in self._NETWORKS}
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in self._WEIGHTS},
            **{
                name: network and keras.saving.serialize_keras_object(network)
                for name, network in networks.items()
            },
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            name: config[name] and keras.saving.deserialize_keras_object(config[name])
            for name in cls._NETWORKS
        }
        return cls(**{**config, **networks})
