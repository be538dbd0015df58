"""Custom losses in addition to those of `StyleTransfer`."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
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

# test_update has gradients of several losses on all backends.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

WEIGHT = 100.0


@keras.saving.register_keras_serializable("tests")
def ink_difference(target, generated):
    """The squared difference of the ink, a number per row."""
    return ops.square(ops.mean(target - generated, axis=(1, 2, 3)))


@keras.saving.register_keras_serializable("tests")
def mean_difference(style, generated):
    """A distance of style statistics other than that of the implicit loss."""
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
    """The result of `update`, and its numbers of forward passes and of all passes."""
    data, passes = tensors(), []

    def counted(*arguments):
        outputs, pull = vjp(*arguments)
        passes.append("forward")
        return outputs, lambda *a, **k: passes.append("backward") or pull(*a, **k)

    def function():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adversarial_step, "vjp", counted)
        result = evaluate(function, model.variables + model.metrics_variables)
    return {**result, "forward": passes.count("forward"), "passes": len(passes)}


@pytest.fixture(scope="module")
def steps():
    """A step without and a step with custom losses."""
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
    before, after = (step["metrics"] for step in steps)
    assert set(after) - set(before) == {"ink", "statistics"}
    right = {
        "ink": ink,
        "statistics": statistics,
        "loss": before["loss"] + ink + statistics,
        # λ depends only on the reconstruction.
        "adaptive_weight": before["adaptive_weight"],
    }
    for name, value in right.items():
        assert after[name] == pytest.approx(value, rel=1e-4), name

    before, after = (step["gradients"] for step in steps)
    own = len(expected)
    largest = max(np.linalg.norm(g) for g in after)
    assert max(np.linalg.norm(g) for g in expected) > 0.1 * largest
    for a, b, right in zip(after[:own], before[:own], expected, strict=True):
        # A difference has the rounding errors of its terms.
        assert np.linalg.norm(a - b - right) < 1e-4 * np.linalg.norm(a) + 1e-5 * largest
    for a, b in zip(after[own:], before[own:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_each_network_has_the_least_number_of_passes(steps):
    # Forward: the generator, its two losses, D of the target and of the images.
    # Backward the same, and D twice: by the images, and by its weights.
    assert [step["forward"] for step in steps] == [5, 7]
    assert [step["passes"] for step in steps] == [11, 15]


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
