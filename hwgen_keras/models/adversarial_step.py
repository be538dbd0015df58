"""Losses and gradients of a generator and its discriminator in one training step.

Pullbacks differentiate each forward pass, see `hwgen_keras.backend`. `state` lists all
variables that a pass may read or write. A `cotangent` is a scalar factor of gradients.
"""

from keras import ops

from hwgen_keras import losses
from hwgen_keras.backend import sum_over_replicas, vjp
from hwgen_keras.models.image_losses import STYLE_STATISTICS


class GeneratorStep:
    """The images of one batch, and the gradients of their losses.

    Args:
        generator: an `AdaINGenerator`.
        data: the batch.
        state: see the module.

    Attributes:
        images: the generated images (batch, height, width, 1).
    """

    def __init__(self, generator, data, state):
        self.generator, self.data, self.state = generator, data, state

        def forward():
            style = generator.style_of(data["style"])
            features = generator.features(data, style)
            return [generator.last_layer(features), *style, features]

        (self.images, *self._style, self._last_layer_input), self._pull = vjp(
            forward, (), generator.trainable_variables, state
        )
        self._style_gradients = [ops.zeros_like(x) for x in self._style]
        # id(variable of the style encoder): its gradients by way of generated images.
        self._encoder_gradients = {}

    def differentiate(self, loss, cotangent):
        """The weighted value of an `ImageLoss`, and its gradient by the images.

        Gradients by the style are kept for `gradients`.
        """

        def function(images, *style):
            if loss.compares == STYLE_STATISTICS:
                pair = style or self._style, self.generator.style_of(images)
            else:
                pair = self.data[loss.compares], images
            return [ops.mean(loss.function(*pair))]

        style, variables = [], []
        if loss.trains_style:
            style = self._style
            variables = self.generator.style_encoder.trainable_variables
        (value,), pull = vjp(function, [self.images, *style], variables, self.state)
        input_gradients, encoder_gradients = pull([cotangent * loss.weight])
        image_gradient, *style_gradients = input_gradients
        if loss.trains_style:
            pairs = zip(self._style_gradients, style_gradients, strict=True)
            self._style_gradients = [a + b for a, b in pairs]
        for variable, gradient in zip(variables, encoder_gradients, strict=True):
            self._encoder_gradients.setdefault(id(variable), []).append(gradient)
        return value * loss.weight, image_gradient

    def last_layer_norm(self, image_gradient):
        """The norm of the gradient of the last layer's kernel, a 1x1 convolution."""
        features = ops.cast(self._last_layer_input, "float32")
        gradient = ops.einsum("bhwc,bhwo->co", features, image_gradient)
        return losses.global_norm([sum_over_replicas(gradient)])

    def gradients(self, image_gradient):
        """The gradients of the trainable variables, from the sum of image gradients."""
        # Losses depend on the last layer's input only through the images.
        unused = ops.zeros_like(self._last_layer_input)
        _, gradients = self._pull([image_gradient, *self._style_gradients, unused])
        return [
            sum(self._encoder_gradients.get(id(variable), ()), gradient)
            for variable, gradient in zip(
                self.generator.trainable_variables, gradients, strict=True
            )
        ]


class DiscriminatorStep:
    """The logits of one batch, which train both networks.

    D(generated) is computed once. Its gradient by the images trains the generator, that
    by the weights the discriminator.

    Args:
        discriminator: a `PatchDiscriminator`.
        discriminator_input: the `DiscriminatorInput` that augments its images.
        target, generated: images (batch, height, width, 1), float in [-1, 1].
        state: see the module.
    """

    def __init__(self, discriminator, discriminator_input, target, generated, state):
        # Outside the differentiated function, where state may change freely.
        drawn = [discriminator_input.draw(x) for x in (target, generated)]

        def logits(images, drawn):
            images = discriminator_input(images, drawn) if drawn else images
            return [ops.cast(discriminator(images, training=True), "float32")]

        variables = discriminator.trainable_variables
        (self.real_logits,), self._pull_real = vjp(
            lambda: logits(target, drawn[0]), (), variables, state
        )
        (self.generated_logits,), self._pull_generated = vjp(
            lambda images: logits(images, drawn[1]), [generated], variables, state
        )

    def adversarial_loss(self):
        """-mean D(generated), the generator's loss, a scalar."""
        return -ops.mean(self.generated_logits)

    def image_gradient(self, cotangent):
        """The gradient of the adversarial loss by the generated images."""
        logits = self.generated_logits
        slope = ops.ones_like(logits) * (-cotangent / _count(logits))
        (gradient,), _ = self._pull_generated([slope], variables=False)
        return gradient

    def loss(self):
        """The hinge loss of the discriminator, a scalar."""
        return losses.hinge_discriminator_loss(self.real_logits, self.generated_logits)

    def gradients(self, cotangent):
        """The gradients of `loss` by the discriminator's trainable variables."""
        real = [cotangent * _hinge_slope(self.real_logits, -1.0)]
        generated = [cotangent * _hinge_slope(self.generated_logits, 1.0)]
        _, real = self._pull_real(real)
        _, generated = self._pull_generated(generated, inputs=False)
        return [a + b for a, b in zip(real, generated, strict=True)]

    def accuracy(self):
        """The share of logits of the right sign, the mean of real and generated."""
        right = (self.real_logits > 0, self.generated_logits < 0)
        return sum(ops.mean(ops.cast(x, "float32")) for x in right) / 2


def gradient_norm(gradients, scale):
    """The norm of a network's gradients over all replicas, without the loss scale."""
    norm = losses.global_norm(sum_over_replicas(gradients)) / scale
    # A step that overflows is skipped; its metric must still be a number.
    return ops.where(ops.isfinite(norm), norm, ops.zeros_like(norm))


def _count(logits):
    return ops.cast(ops.size(logits), "float32")


def _hinge_slope(logits, sign):
    """∂ ½ mean relu(1 + sign·logits) / ∂ logits."""
    active = ops.cast(1.0 + sign * logits > 0, "float32")
    return 0.5 * sign * active / _count(logits)
