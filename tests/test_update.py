"""`StyleTransfer.update` and its steps of `fit`."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    compile_style_transfer,
    discriminator,
    generator,
    rewrite_graphs,
    style_transfer,
    transfer_batch,
)
from one_step import GOLDEN_FILE, after_one_step, known_model, plain_update, update
from three_steps import GOLDEN_FILE as THREE_STEPS_FILE
from three_steps import after_three_steps, small_model

from hwgen_keras.models import PatchDiscriminator, StyleTransfer


@pytest.fixture(scope="module")
def known_update():
    return update(known_model())


@pytest.mark.skipif(
    BACKEND != "torch",
    reason="long to trace; below are three steps, and test_whole_step has the sum",
)
class TestOneStep:
    def test_gradients_and_losses_are_those_of_the_plain_sum(self, known_update):
        model = known_model()
        expected = plain_update(model)
        metrics = known_update["metrics"]
        assert set(metrics) == set(expected["metrics"])
        for name, value in expected["metrics"].items():
            assert metrics[name] == pytest.approx(value, rel=1e-4), name
        assert 0 < metrics["adaptive_weight"] < 1e4

        norms = [np.linalg.norm(g) for g in expected["gradients"]]
        for variable, actual, plain in zip(
            model.trainable_variables,
            known_update["gradients"],
            expected["gradients"],
            strict=True,
        ):
            assert actual.shape == tuple(variable.shape), variable.path
            error = np.linalg.norm(actual - plain)
            # A gradient that is zero but for rounding has no relative error.
            limit = 1e-4 * np.linalg.norm(plain) + 1e-6 * max(norms)
            assert error <= limit, variable.path

    def test_gradients_are_the_same_on_every_backend(self, known_update):
        norms = np.array([np.linalg.norm(g) for g in known_update["gradients"]])
        expected_norms = np.load(GOLDEN_FILE)["gradient_norms"]
        np.testing.assert_allclose(
            norms, expected_norms, rtol=1e-4, atol=1e-6 * expected_norms.max()
        )

    def test_weights_are_the_same_on_every_backend(self):
        golden = dict(np.load(GOLDEN_FILE))
        del golden["gradient_norms"]
        model = known_model()
        before = weights_of(model)
        actual = after_one_step(model, golden.pop("positions"))
        # The file is older than some metrics; three steps check those, too.
        assert set(golden) <= set(actual)
        for name, expected in golden.items():
            np.testing.assert_allclose(
                actual[name], expected, rtol=1e-4, atol=1e-6, err_msg=name
            )
        # Adam's first step is the learning rate, and each network has its own.
        for variable, old, new in zip(
            model.trainable_variables, before, weights_of(model), strict=True
        ):
            rate = 2e-3 if "discriminator/" in variable.path else 1e-3
            assert np.abs(new - old).max() <= 1.001 * rate, variable.path


# How `fit` runs a step.
EXECUTIONS = {
    "tensorflow": {"graph": {"jit_compile": False}, "xla": {"jit_compile": True}},
    "jax": {"jit": {}},
    "torch": {"eager": {}},
}[BACKEND]


@pytest.fixture(scope="module")
def anew():
    """A function, `jit_compile` → the model of `three_steps`, as it was made.

    TensorFlow takes ten seconds to trace its step, and so does it once; Keras makes a
    function of its own around that graph for each way to run it.
    """
    if BACKEND == "tensorflow":
        import tensorflow as tf

        model = small_model(run_eagerly=False)
        model.train_step = tf.function(model.train_step, autograph=False)
    else:
        model = small_model()
    state = model.variables + model.optimizer.variables
    before = [ops.convert_to_numpy(variable).copy() for variable in state]

    def make(jit_compile=model.jit_compile):
        for variable, value in zip(state, before, strict=True):
            variable.assign(value)
        model.jit_compile, model.train_function = jit_compile, None
        return model

    return make


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_three_steps_are_the_same_however_they_are_run(execution, anew):
    """Losses, λ and the changes of all weights, against one file for all backends.

    The test compares changes, not weights: changes are a thousandth of the weights, so
    it is a thousand times as strict. The error of a variable is the length of the
    difference of two changes, relative to the change. It excludes variables whose
    gradient is only rounding, see `three_steps.has_gradient`. Single weights are not
    compared: where a weight's gradient is small by chance, Adam enlarges its
    rounding as much as itself.
    """
    golden = dict(np.load(THREE_STEPS_FILE))
    model = anew(**EXECUTIONS[execution])
    rewrite_graphs(True)
    try:
        actual = after_three_steps(model)
    finally:
        rewrite_graphs(False)
    norms, felt = golden.pop("norms"), golden.pop("felt")
    assert felt.mean() > 0.8
    error = actual.pop("projections") - golden.pop("projections")
    error = np.sqrt((error**2).mean(axis=1))
    assert (error[felt] / norms[felt]).max() < 1e-3
    names = [v.path for v in model.trainable_variables]
    discriminator = np.array(["discriminator/" in name for name in names])
    for network in (felt & discriminator, felt & ~discriminator):
        assert np.linalg.norm(error[network]) < 1e-4 * np.linalg.norm(norms[network])
    np.testing.assert_allclose(actual.pop("norms")[felt], norms[felt], rtol=1e-3)

    assert set(actual) == set(golden)
    assert len(golden) > 10
    for name, expected in golden.items():
        np.testing.assert_allclose(
            actual[name], expected, rtol=1e-4, atol=1e-6, err_msg=name
        )


def weights_of(model):
    return [ops.convert_to_numpy(v) for v in model.trainable_variables]


def fit_once(model):
    """The metrics of one step, all of them finite."""
    history = model.fit(transfer_batch(), batch_size=2, verbose=0).history
    metrics = {name: values[0] for name, values in history.items()}
    assert all(np.isfinite(value) for value in metrics.values()), metrics
    return metrics


def assert_weights_moved(model, before):
    after = weights_of(model)
    assert all(np.isfinite(value).all() for value in after)
    moved = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert np.mean(moved) > 0.7


class TestOverflow:
    def test_a_step_that_overflows_is_skipped(self):
        model = compile_style_transfer(
            style_transfer("adain", "mixed_float16", with_clip=False, multipliers=(1,))
        )
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        model.optimizer.dynamic_scale.assign(2.0**50)
        before = weights_of(model)

        fit_once(model)
        for old, new in zip(before, weights_of(model), strict=True):
            np.testing.assert_array_equal(old, new)
        assert float(model.optimizer.dynamic_scale) == 2.0**49
        iterations = model.optimizer.inner_optimizer.optimizers[0].iterations
        assert int(iterations) == 0

        model.optimizer.dynamic_scale.assign(1.0)
        fit_once(model)
        assert_weights_moved(model, before)
        assert float(model.optimizer.dynamic_scale) == 1.0


@keras.saving.register_keras_serializable("tests")
class Steep(PatchDiscriminator):
    """The same logits, with an infinite gradient by the image."""

    def call(self, images, training=False):
        # √ at 0 is 0, and its slope infinite.
        zero = ops.sqrt(images - ops.stop_gradient(images))
        return super().call(images, training=training) + ops.sum(zero)


@pytest.mark.skipif(BACKEND == "jax", reason="long to compile; two backends are enough")
class TestAdversarialOverflow:
    def test_the_other_losses_still_train(self):
        steep = Steep(widths=discriminator().widths)
        small = generator(multipliers=(1,))
        model = compile_style_transfer(StyleTransfer(small, steep))
        before = weights_of(model)
        metrics = fit_once(model)
        assert metrics["adaptive_weight"] == 0
        expected = metrics["reconstruction"] + metrics["implicit"]
        assert metrics["loss"] == pytest.approx(expected, rel=1e-5)
        assert_weights_moved(model, before)
