"""Gradients and the train step: what each framework's file promises."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from networks import JIT

from hwgen_keras import backend
from hwgen_keras.backend import StatefulTrainer, vjp

X, Y = np.array([1.0, 2.0], "float32"), np.array([3.0, -4.0], "float32")


def numpy_of(gradients):
    return [ops.convert_to_numpy(g) for g in gradients]


@pytest.fixture
def weight():
    return keras.Variable(np.array([2.0, 5.0], "float32"), name="weight")


class TestVjp:
    def product(self, weight):
        """u = w·x·y and v = x², with respect to x, y and w."""
        x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
        return vjp(lambda x, y: [weight * x * y, x**2], [x, y], [weight], [weight])

    def test_values(self, weight):
        (u, v), _ = self.product(weight)
        np.testing.assert_allclose(ops.convert_to_numpy(u), [6, -40])
        np.testing.assert_allclose(ops.convert_to_numpy(v), [1, 4])

    def test_gradients_of_a_weighted_sum(self, weight):
        _, pullback = self.product(weight)
        a, b = np.array([1.0, 2.0], "float32"), np.array([10.0, 100.0], "float32")
        inputs, variables = pullback([a, b])
        w = np.array([2.0, 5.0])
        dx, dy = numpy_of(inputs)
        np.testing.assert_allclose(dx, a * w * Y + b * 2 * X)
        np.testing.assert_allclose(dy, a * w * X)
        (dw,) = numpy_of(variables)
        np.testing.assert_allclose(dw, a * X * Y)

    def test_a_pullback_may_be_called_again(self, weight):
        _, pullback = self.product(weight)
        ones, zeros = np.ones(2, "float32"), np.zeros(2, "float32")
        for _ in range(2):
            (dx, _), _ = pullback([zeros, ones])
            np.testing.assert_allclose(ops.convert_to_numpy(dx), 2 * X)
        _, (dw,) = pullback([ones, zeros])
        np.testing.assert_allclose(ops.convert_to_numpy(dw), X * Y)

    def test_every_output_needs_a_cotangent(self, weight):
        _, pullback = self.product(weight)
        for wrong in (1, 3):
            with pytest.raises(ValueError):
                pullback([np.ones(2, "float32")] * wrong)

    def test_only_the_wanted_gradients(self, weight):
        _, pullback = self.product(weight)
        ones = [np.ones(2, "float32")] * 2
        (dx, dy), _ = pullback(ones, variables=False)
        np.testing.assert_allclose(ops.convert_to_numpy(dy), [2, 10])
        _, (dw,) = pullback(ones, inputs=False)
        np.testing.assert_allclose(ops.convert_to_numpy(dw), X * Y)

    def test_what_does_not_matter_has_a_zero_gradient(self, weight):
        other = keras.Variable(np.ones(3, "float32"), name="other")
        x = ops.convert_to_tensor(X)
        _, pullback = vjp(
            lambda x: [ops.sum(weight**2)], [x], [weight, other], [weight, other]
        )
        (dx,), (dw, d_other) = pullback([np.float32(1)])
        np.testing.assert_allclose(ops.convert_to_numpy(dw), [4, 10])
        np.testing.assert_array_equal(ops.convert_to_numpy(d_other), np.zeros(3))
        np.testing.assert_array_equal(ops.convert_to_numpy(dx), np.zeros(2))

    def test_an_input_is_a_leaf(self, weight):
        # x = w² is made by another function: gradients must not run on into it.
        (x,), _ = vjp(lambda: [weight**2], (), [weight], [weight])
        _, pullback = vjp(lambda x: [ops.sum(x * weight)], [x], [weight], [weight])
        (dx,), (dw,) = pullback([np.float32(1)])
        np.testing.assert_allclose(ops.convert_to_numpy(dx), [2, 5])
        np.testing.assert_allclose(ops.convert_to_numpy(dw), [4, 25])

    def test_a_scalar_cotangent_has_the_dtype_of_the_output(self, weight):
        x = ops.cast(ops.convert_to_tensor(X), "bfloat16")
        _, pullback = vjp(lambda x: [ops.sum(x * 3)], [x], (), ())
        (dx,), _ = pullback([ops.convert_to_tensor(np.float32(8))])
        assert keras.backend.standardize_dtype(dx.dtype) == "bfloat16"
        dx = ops.convert_to_numpy(ops.cast(dx, "float32"))
        np.testing.assert_allclose(dx, [24, 24])

    def test_a_new_state_reaches_the_variable(self):
        norm = layers.BatchNormalization(momentum=0.5)
        norm.build((None, 2))
        x = ops.convert_to_tensor(np.array([[0.0, 4.0], [2.0, 8.0]], "float32"))
        _, pullback = vjp(
            lambda: [ops.sum(norm(x, training=True) ** 2)],
            (),
            norm.trainable_variables,
            norm.variables,
        )
        mean = ops.convert_to_numpy(norm.moving_mean)
        np.testing.assert_allclose(mean, [0.5, 3])
        variance = ops.convert_to_numpy(norm.moving_variance)
        np.testing.assert_allclose(variance, [0.5 + 0.5, 0.5 + 2], rtol=1e-5)
        _, (gamma, beta) = pullback([np.float32(1)])
        # Σ (γ x̂)² has the gradient 2 Σ x̂² for γ = 1, and x̂ is ±1 here.
        np.testing.assert_allclose(ops.convert_to_numpy(gamma), [4, 4], rtol=1e-2)
        np.testing.assert_allclose(ops.convert_to_numpy(beta), [0, 0], atol=1e-5)


def test_one_process_with_one_device_has_all_rows():
    """What `training.distributed` and the losses are divided by."""
    assert (backend.device_count(), backend.replica_count()) == (1, 1)
    assert backend.process() == (0, 1)
    x = ops.convert_to_tensor(X)
    assert backend.gather_rows(x) is x and backend.sum_over_replicas(x) is x


class Regression(StatefulTrainer, keras.Model):
    """The least that a user of `StatefulTrainer` writes."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = layers.BatchNormalization(momentum=0.5, dtype=self.dtype_policy)
        self.dense = layers.Dense(
            1, kernel_initializer="zeros", dtype=self.dtype_policy
        )
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def build(self, input_shape=None):
        self.norm.build((None, 3))
        self.dense.build((None, 3))

    def call(self, x, training=False):
        return self.dense(self.norm(x, training=training))

    @property
    def metrics(self):
        return [self.loss_tracker]

    def update(self, data):
        x, y = data
        state = self.trainable_variables + self.non_trainable_variables

        def error():
            predicted = ops.cast(self(x, training=True), "float32")
            return [ops.mean((predicted - y) ** 2)]

        (loss,), pullback = vjp(error, (), self.trainable_variables, state)
        _, gradients = pullback([self.optimizer.scale_loss(ops.ones(()))])
        self.loss_tracker.update_state(loss)
        return gradients


class TestStatefulTrainer:
    @pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
    def test_learns(self, rng, policy):
        x = rng.normal(2.0, 1.0, (32, 3)).astype("float32")
        y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 3).astype("float32")
        model = Regression(dtype=policy)
        model.build()
        optimizer = keras.optimizers.Adam(0.1)
        model.compile(optimizer=optimizer, jit_compile=JIT)
        history = model.fit(x, y, batch_size=32, epochs=100, verbose=0).history
        assert history["loss"][-1] < 0.01 * history["loss"][0]
        # The state of the normalisation came along.
        mean = ops.convert_to_numpy(model.norm.moving_mean)
        np.testing.assert_allclose(mean, x.mean(0), rtol=0.01)
        inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        assert int(inner.iterations) > 50

    def test_one_step_is_the_plain_one(self, rng):
        x = rng.normal(size=(4, 3)).astype("float32")
        y = rng.normal(size=(4, 1)).astype("float32")
        model = Regression()
        model.build()
        model.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=JIT)
        kernel, bias = (ops.convert_to_numpy(w) for w in model.dense.weights)
        loss = model.fit(x, y, batch_size=4, verbose=0).history["loss"][0]

        normalised = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
        error = normalised @ kernel + bias - y
        assert loss == pytest.approx((error**2).mean(), rel=1e-5)
        expected = kernel - 0.1 * 2 * normalised.T @ error / 4
        moved = ops.convert_to_numpy(model.dense.kernel)
        np.testing.assert_allclose(moved, expected, atol=1e-5)
        moved = ops.convert_to_numpy(model.dense.bias)
        np.testing.assert_allclose(moved, bias - 0.1 * 2 * error.mean(0), atol=1e-5)
