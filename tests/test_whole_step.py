"""The whole update against NumPy: both networks, all losses, λ in float64.

λ is the quotient of two norms, taken from central differences with respect to the last
layer; the gradient of the sum of losses is one along random directions, λ held fast.
"""

import numpy as np
import plain
import pytest
from networks import LOSS_WEIGHTS, evaluate, transfer_batch
from one_step import batch
from three_steps import BATCH, small_model

HEADS = 2
LAST_LAYER = "last_layer/kernel"


class PlainStep:
    """The losses as functions of the weights of the generator or the discriminator."""

    def __init__(self, model):
        self.batch = {
            name: value.astype("float64") if value.dtype == np.float32 else value
            for name, value in transfer_batch(BATCH).items()
        }
        weights = plain.Weights.from_layer
        tower = model.generator.condition.text_tower
        self.embedding = self.encode(tower)
        self.text = self.encode(model.clip.text_tower)
        self.image_encoder = weights(model.clip.image_tower.encoder)
        self.image_head = weights(model.clip.image_tower.head)
        self.features = weights(model.features.encoder)
        self.generator = weights(model.generator)
        self.discriminator = weights(model.discriminator)

    def encode(self, tower):
        encoded = plain.text_encoder(
            self.batch["tokens"], plain.Weights.from_layer(tower.encoder)
        )
        return plain.projection_head(encoded, plain.Weights.from_layer(tower.head))

    def last_features(self, w):
        return plain.generator_features(self.batch, self.embedding, w, HEADS)

    def generate(self, w):
        return plain.convolve(self.last_features(w), w.of("last_layer"))

    def style(self, images, w):
        maps = plain.encoder(images, w.of("style_encoder"), HEADS)
        return plain.style_statistics(maps)

    def reconstruction(self, g):
        target = self.batch["target"]
        maps = [plain.image_maps(x, self.features) for x in (target, g)]
        pixels = LOSS_WEIGHTS["pixel_weight"] * np.abs(target - g).mean()
        return pixels + plain.perceptual_distance(*maps).mean()

    def adversarial(self, g):
        return -plain.discriminator(g, self.discriminator).mean()

    def implicit(self, g, w):
        style = self.style(self.batch["style"], w)
        loss = plain.style_statistics_loss(style, self.style(g, w))
        return LOSS_WEIGHTS["implicit_weight"] * loss

    def explicit(self, g):
        encoded = plain.image_encoder(g, self.image_encoder)
        image = plain.projection_head(encoded, self.image_head)
        loss = plain.soft_target_clip_loss(self.text, image).mean()
        return LOSS_WEIGHTS["explicit_weight"] * loss

    def hinge(self, w):
        g = self.generate(self.generator)
        return plain.hinge_discriminator_loss(
            plain.discriminator(self.batch["target"], w), plain.discriminator(g, w)
        )

    def adaptive_weight(self, w, step=1e-5):
        features, kernel = self.last_features(w), w[LAST_LAYER]
        norms = []
        for loss in (self.reconstruction, self.adversarial):
            squares = 0.0
            for position in np.ndindex(kernel.shape):
                direction = np.zeros_like(kernel)
                direction[position] = step
                high, low = (
                    loss(
                        plain.convolve(
                            features, {**w.of("last_layer"), "kernel": changed}
                        )
                    )
                    for changed in (kernel + direction, kernel - direction)
                )
                squares += ((high - low) / (2 * step)) ** 2
            norms.append(np.sqrt(squares))
        weight = min(norms[0] / (norms[1] + 1e-4), 1e4)
        return LOSS_WEIGHTS["adversarial_weight"] * weight

    def total(self, w, adaptive_weight):
        g = self.generate(w)
        return (
            self.reconstruction(g)
            + adaptive_weight * self.adversarial(g)
            + self.implicit(g, w)
            + self.explicit(g)
        )


def along(function, weights, direction, step=1e-5):
    """The central difference of a function of weights along a direction."""
    high, low = (
        function(
            plain.Weights(
                {k: v + sign * step * direction.get(k, 0.0) for k, v in weights.items()}
            )
        )
        for sign in (1, -1)
    )
    return (high - low) / (2 * step)


@pytest.fixture(scope="module")
def step():
    """What the backend computes (metrics, gradients by network and path), and NumPy."""
    model = small_model()
    exact = PlainStep(model)
    data = batch()

    def function():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    found = evaluate(function, model.variables + model.metrics_variables)
    gradients = {"generator": {}, "discriminator": {}}
    for variable, gradient in zip(
        model.trainable_variables, found["gradients"], strict=True
    ):
        for network in (model.generator, model.discriminator):
            if f"{network.name}/" in variable.path:
                path = variable.path.split(f"{network.name}/", 1)[1]
                name = "generator" if network is model.generator else "discriminator"
                gradients[name][path] = gradient
    return found["metrics"], gradients, exact


def test_losses(step):
    metrics, _, exact = step
    g = exact.generate(exact.generator)
    weight = exact.adaptive_weight(exact.generator)
    expected = {
        "reconstruction": exact.reconstruction(g),
        "adversarial": exact.adversarial(g),
        "implicit": exact.implicit(g, exact.generator),
        "explicit": exact.explicit(g),
        "discriminator": exact.hinge(exact.discriminator),
        "adaptive_weight": weight,
        "loss": exact.total(exact.generator, weight),
    }
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value, rel=1e-4), name


def test_gradient_of_the_discriminator(step, rng):
    _, gradients, exact = step
    check(gradients["discriminator"], exact.hinge, exact.discriminator, rng)


def test_gradient_of_the_generator(step, rng):
    _, gradients, exact = step
    weight = exact.adaptive_weight(exact.generator)
    check(
        gradients["generator"], lambda w: exact.total(w, weight), exact.generator, rng
    )


def test_no_gradient_runs_through_the_adaptive_weight(step, rng):
    _, gradients, exact = step
    weights, gradient = exact.generator, gradients["generator"]
    direction = {path: rng.normal(size=g.shape) for path, g in gradient.items()}
    actual = sum((gradient[path] * d).sum() for path, d in direction.items())
    weight = exact.adaptive_weight(weights)
    frozen = along(lambda w: exact.total(w, weight), weights, direction)
    through = along(
        lambda w: exact.total(w, exact.adaptive_weight(w)), weights, direction
    )
    assert abs(actual - frozen) < 0.01 * abs(actual - through)


def check(gradients, function, weights, rng):
    """Gradients of all weights of a network, along three directions in all of them."""
    length = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    for _ in range(3):
        direction = {path: rng.normal(size=g.shape) for path, g in gradients.items()}
        actual = sum((gradients[path] * d).sum() for path, d in direction.items())
        expected = along(function, weights, direction)
        # Along a random direction a gradient is as long as it is in all.
        assert abs(actual - expected) < 1e-4 * length
