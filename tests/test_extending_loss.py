"""A loss of one's own beside those of `StyleTransfer`, whose class stays as it is."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    compile_style_transfer,
    discriminator,
    draw_weights,
    evaluate,
    generator,
    transfer_batch,
)

from hwgen_keras import ImageLoss, InputError, StyleTransfer, load_trained
from hwgen_keras.backend import vjp
from hwgen_keras.models import adversarial_step

WEIGHT = 100.0


@keras.saving.register_keras_serializable("tests")
def ink_difference(target, generated):
    """The squared difference of the ink, a number a row."""
    return ops.square(ops.mean(target - generated, axis=(1, 2, 3)))


@keras.saving.register_keras_serializable("tests")
def mean_difference(style, generated):
    """Of style statistics; another than that of the implicit loss."""
    return ops.mean(ops.abs(style[0] - generated[0]))


INK = ImageLoss("ink", WEIGHT, ink_difference)
STATISTICS = ImageLoss(
    *("statistics", WEIGHT, mean_difference),
    compares="style_statistics",
    trains_style=True,
)


def new_model(*extra_losses):
    model = StyleTransfer(
        generator(multipliers=(1,)), discriminator(), extra_losses=extra_losses
    )
    compile_style_transfer(model)
    draw_weights(model)
    return model


def tensors():
    return {k: ops.convert_to_tensor(v) for k, v in transfer_batch(3).items()}


def step(model):
    """What `update` gives, and how often something was walked forward and backward."""
    data, walks = tensors(), []

    def counted(*arguments):
        outputs, pull = vjp(*arguments)
        walks.append("forward")
        return outputs, lambda *a, **k: walks.append("backward") or pull(*a, **k)

    def function():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adversarial_step, "vjp", counted)
        found = evaluate(function, model.variables + model.metrics_variables)
    return {**found, "forward": walks.count("forward"), "walks": len(walks)}


@pytest.fixture(scope="module")
def steps():
    """One step without and one with losses of one's own."""
    return step(new_model()), step(new_model(INK, STATISTICS))


def own_losses(network, data):
    """The two losses and the gradients of their sum, written out."""

    def losses():
        g = network(data)
        statistics = [network.style_of(x) for x in (data["style"], g)]
        ink = ops.mean(ink_difference(data["target"], g))
        return [WEIGHT * ink, WEIGHT * mean_difference(*statistics)]

    def function():
        values, pull = vjp(losses, (), network.trainable_variables, network.variables)
        return values, pull([ops.ones(()), ops.ones(())])[1]

    return evaluate(function, network.variables)


def test_losses_and_gradients_add_up(steps):
    (ink, statistics), expected = own_losses(new_model().generator, tensors())
    before, after = (found["metrics"] for found in steps)
    assert set(after) - set(before) == {"ink", "statistics"}
    right = {
        "ink": ink,
        "statistics": statistics,
        "loss": before["loss"] + ink + statistics,
        # λ compares with the reconstruction alone.
        "adaptive_weight": before["adaptive_weight"],
    }
    for name, value in right.items():
        assert after[name] == pytest.approx(value, rel=1e-4), name

    before, after = (found["gradients"] for found in steps)
    own = len(expected)
    largest = max(np.linalg.norm(g) for g in after)
    assert max(np.linalg.norm(g) for g in expected) > 0.1 * largest
    for a, b, right in zip(after[:own], before[:own], expected, strict=True):
        # A difference has the rounding of what it is taken of.
        assert np.linalg.norm(a - b - right) < 1e-4 * np.linalg.norm(a) + 1e-5 * largest
    for a, b in zip(after[own:], before[own:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_each_network_is_walked_no_more_than_it_must(steps):
    # Forward: the generator, both of its losses, D of the target and of its images.
    # Backward as often, and D once more: by the images, and by its weights.
    assert [found["forward"] for found in steps] == [5, 7]
    assert [found["walks"] for found in steps] == [11, 15]


def test_a_file_has_the_losses(tmp_path):
    model = new_model(INK, STATISTICS)
    again = StyleTransfer.from_config(model.get_config())
    assert again.extra_losses == (INK, STATISTICS)
    model.save(tmp_path / "model.keras")
    again = load_trained(tmp_path / "model.keras", StyleTransfer, "--weights")
    assert again.extra_losses == (INK, STATISTICS)
    assert [loss.name for loss in again.image_losses] == [
        *("reconstruction", "implicit", "ink", "statistics")
    ]


@pytest.mark.parametrize("name", ["implicit", "loss", "adversarial"])
def test_two_metrics_of_one_name(name):
    with pytest.raises(InputError, match="extra_losses: .* have one name"):
        new_model(ImageLoss(name, 1.0, ink_difference))
