"""Learning rates over a run, clipped and accumulated gradients."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops
from networks import JIT

from hwgen_keras.backend import StatefulTrainer, vjp
from hwgen_keras.errors import InputError
from hwgen_keras.models import adam_pair
from hwgen_keras.training import adam_arguments, plateau_callbacks, scheduled
from hwgen_keras.training.plateau import Plateau
from hwgen_keras.training.settings import Stages, Training

GENERATOR_RATE, DISCRIMINATOR_RATE = 1e-2, 3e-2
BATCH = 8


STEPS = 100


def settings(**values):
    """Settings of a training, with the published choices."""
    given = {"schedule": "constant", "learning_rate": 0.5, "batch_size": BATCH}
    return Training(**{**given, **values})


class TestScheduled:
    def rates(self, *steps, **values):
        optimizer = keras.optimizers.Adam(scheduled(settings(**values), STEPS))
        found = []
        for step in steps:
            optimizer._iterations.assign(step)
            found.append(float(optimizer.learning_rate))
        return found

    def test_constant(self):
        assert self.rates(0, 99) == [0.5, 0.5]

    def test_cosine(self):
        expected = [0.5, 0.25, 0.0, 0.0]
        actual = self.rates(0, 50, 100, 120, schedule="cosine")
        assert actual == pytest.approx(expected, abs=1e-6)

    def test_warmup_then_constant(self):
        actual = self.rates(0, 5, 10, 11, 99, warmup_steps=10)
        assert actual == pytest.approx([0, 0.25, 0.5, 0.5, 0.5], abs=1e-6)

    def test_warmup_then_cosine(self):
        actual = self.rates(0, 5, 10, 55, 100, schedule="cosine", warmup_steps=10)
        assert actual == pytest.approx([0, 0.25, 0.5, 0.25, 0], abs=1e-6)

    def test_another_rate_than_the_flag(self):
        assert scheduled(settings(), STEPS, 0.1) == 0.1

    @pytest.mark.parametrize("warmup", [{}, {"warmup_steps": 10}])
    @pytest.mark.parametrize("schedule", ["constant", "cosine"])
    def test_is_saved_with_the_optimizer(self, schedule, warmup):
        rate = scheduled(settings(schedule=schedule, **warmup), STEPS)
        optimizer = keras.optimizers.Adam(rate)
        copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
        for step in (3, 40):
            optimizer._iterations.assign(step)
            copy._iterations.assign(step)
            expected = float(optimizer.learning_rate)
            assert float(copy.learning_rate) == pytest.approx(expected)

    def test_no_step_is_left(self):
        with pytest.raises(InputError, match="--warmup_steps=100 leaves none"):
            scheduled(settings(warmup_steps=100), STEPS)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"warmup_steps": -1}, "--warmup_steps is -1; give 0 or more"),
            ({"clip_norm": 0.0}, "--clip_norm is 0.0; give a number above 0"),
            ({"accumulate": 0}, "--accumulate is 0; give a number above 0"),
            (
                {"schedule": "plateau", "warmup_steps": 5},
                "--schedule=plateau takes no --warmup_steps",
            ),
        ],
    )
    def test_mistakes(self, values, message):
        with pytest.raises(InputError, match=message):
            settings(**values)

    def test_plateau_is_not_for_two_networks_at_odds(self):
        with pytest.raises(InputError, match="--schedule=plateau waits for a loss"):
            Stages(schedule="plateau")


class Pair(StatefulTrainer, keras.Model):
    """Two lines, each with its own optimizer, and gradients that no batch mixes."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for name in ("generator", "discriminator"):
            layer = layers.Dense(2, dtype=self.dtype_policy, name=name)
            setattr(self, name, layer)
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def build(self, input_shape=None):
        self.generator.build((None, 3))
        self.discriminator.build((None, 3))

    def call(self, x, training=False):
        return self.generator(x) + self.discriminator(x)

    @property
    def metrics(self):
        return [self.loss_tracker]

    def update(self, data):
        x, y = data
        state = self.trainable_variables + self.non_trainable_variables

        def error():
            # The discriminator's share is the larger one.
            total = 0.0
            for layer, factor in ((self.generator, 1.0), (self.discriminator, 5.0)):
                predicted = ops.cast(layer(x), "float32")
                total = total + factor * ops.mean((predicted - y) ** 2)
            return [total]

        (loss,), pullback = vjp(error, (), self.trainable_variables, state)
        _, gradients = pullback([self.optimizer.scale_loss(ops.ones(()))])
        self.loss_tracker.update_state(loss)
        return gradients


def compiled_pair(policy="float32", **arguments):
    """The pair, always with the same weights."""
    model = Pair(dtype=policy)
    model.build()
    rng = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    optimizer = adam_pair(GENERATOR_RATE, DISCRIMINATOR_RATE, **arguments)
    model.compile(optimizer=optimizer, jit_compile=JIT)
    model.optimizer.build(model.trainable_variables)
    if policy == "mixed_float16":
        model.optimizer.dynamic_scale.assign(64.0)
    return model


def data(count):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(count, 3)), rng.normal(size=(count, 2))
    return x.astype("float32"), y.astype("float32")


def weights_of(model):
    return [ops.convert_to_numpy(v) for v in model.trainable_variables]


def adam_by_hand(weights, batches, clip_norm):
    """The weights after a step on each batch, in float64; see `Pair`."""
    weights = [w.astype("float64") for w in weights]
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for step, (x, y) in enumerate(batches, start=1):
        for network, (factor, rate) in enumerate(
            ((1.0, GENERATOR_RATE), (5.0, DISCRIMINATOR_RATE))
        ):
            kernel, bias = weights[2 * network : 2 * network + 2]
            error = 2 * factor * (x @ kernel + bias - y) / y.size
            gradients = [x.T @ error, error.sum(0)]
            norm = np.sqrt(sum((g**2).sum() for g in gradients))
            for i, gradient in enumerate(gradients, start=2 * network):
                gradient = gradient * min(1.0, clip_norm / norm)
                first[i] = 0.5 * first[i] + 0.5 * gradient
                second[i] = 0.9 * second[i] + 0.1 * gradient**2
                mean, square = first[i] / (1 - 0.5**step), second[i] / (1 - 0.9**step)
                weights[i] = weights[i] - rate * mean / (np.sqrt(square) + 1e-7)
    return weights


@pytest.mark.parametrize(
    ("policy", "tolerance"), [("float32", 1e-5), ("mixed_float16", 2e-2)]
)
class TestOptimizer:
    # Half precision rounds the gradients; all steps together move by 0.01 and more.

    def test_each_network_is_clipped_by_its_own_norm(self, policy, tolerance):
        x, y = data(3 * BATCH)
        x[BATCH:] *= 4  # Adam sees only what changes from step to step.
        batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in (0, BATCH, 2 * BATCH)]
        flags = adam_arguments(settings(clip_norm=0.5))
        model = compiled_pair(policy, **flags)
        before = weights_of(model)
        model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)

        expected = adam_by_hand(before, batches, 0.5)
        unclipped = adam_by_hand(before, batches, np.inf)
        for old, actual, right, wrong in zip(
            before, weights_of(model), expected, unclipped, strict=True
        ):
            moved = np.abs(right - old).max()
            np.testing.assert_allclose(actual, right, rtol=0, atol=tolerance * moved)
            assert np.abs(wrong - right).max() > 5 * tolerance * moved

    def test_accumulated_batches_are_one(self, policy, tolerance):
        x, y = data(3 * BATCH)
        whole = compiled_pair(policy)
        before = weights_of(whole)
        whole.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
        parts = compiled_pair(policy, **adam_arguments(settings(accumulate=2)))
        # One step more, whose gradients wait for another batch.
        more = [np.concatenate([a, a[: BATCH // 2]]) for a in (x, y)]
        parts.fit(*more, batch_size=BATCH // 2, shuffle=False, verbose=0)
        for old, actual, expected in zip(
            before, weights_of(parts), weights_of(whole), strict=True
        ):
            moved = np.abs(expected - old).max()
            assert moved > 0.01
            np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * moved)
        inner = getattr(parts.optimizer, "inner_optimizer", parts.optimizer)
        # Updates are counted for Adam's means, and batches for the schedule.
        assert [int(part.iterations) for part in inner.optimizers] == [3, 3]
        assert [int(part._iterations) for part in inner.optimizers] == [7, 7]


def test_schedules_count_batches_when_gradients_are_accumulated():
    flags = settings(schedule="cosine", accumulate=2)
    model = compiled_pair(**adam_arguments(flags))
    for part in model.optimizer.optimizers:
        part.learning_rate = scheduled(flags, 4)
    x, y = data(2 * BATCH)
    model.fit(x, y, batch_size=BATCH, verbose=0)
    for part in model.optimizer.optimizers:
        assert float(part.learning_rate) == pytest.approx(0.25)


class Losses(keras.callbacks.Callback):
    """Replaces the loss of each epoch by a given one."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def on_epoch_end(self, epoch, logs=None):
        logs["loss"] = next(self.values)


class TestPlateau:
    # 0.5 is best; 0.49999 is no better; the second reading in a row that is none
    # lets the rates fall, and so does the fourth.
    LOSSES = (1.0, 0.5, 0.6, 0.49999, 0.7, 0.8, 0.4)
    RATES = (1.0, 1.0, 1.0, 0.8, 0.8, 0.64, 0.64)

    def fit(self, model, watcher, losses):
        """The generator's rates after each epoch, as shares of the first rate."""
        rates = []

        def note(epoch, logs):
            inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
            pair = {part.name: float(part.learning_rate) for part in inner.optimizers}
            rates.append(pair["generator"] / GENERATOR_RATE)
            share = pair["discriminator"] / DISCRIMINATOR_RATE
            assert share == pytest.approx(rates[-1])

        noting = keras.callbacks.LambdaCallback(on_epoch_end=note)
        model.fit(
            *data(BATCH),
            batch_size=BATCH,
            epochs=len(losses),
            callbacks=[Losses(losses), watcher, noting],
            verbose=0,
        )
        return rates

    @pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
    def test_both_rates_fall(self, policy):
        rates = self.fit(compiled_pair(policy), Plateau(), self.LOSSES)
        assert rates == pytest.approx(self.RATES)

    def test_several_fits_and_a_state_kept_as_json(self):
        model, rates = compiled_pair(), []
        state = Plateau().get_state()
        for first in range(len(self.LOSSES)):
            watcher = Plateau()
            watcher.set_state(json.loads(json.dumps(state)))
            rates += self.fit(model, watcher, self.LOSSES[first : first + 1])
            state = watcher.get_state()
        assert rates == pytest.approx(self.RATES)

    def test_a_reading_is_the_mean_over_an_epoch_of_the_data(self):
        # Means of two: 1, 1.5, 1.5 → the third is the second that is no better.
        losses = (1.0, 1.0, 1.0, 2.0, 0.1, 2.9, 5.0)
        (watcher,) = plateau_callbacks(settings(schedule="plateau"), 2 * BATCH)
        rates = self.fit(compiled_pair(), watcher, losses)
        assert rates == pytest.approx([1.0] * 5 + [0.8] * 2)

    def test_what_is_no_number_is_not_read(self):
        watcher = Plateau(patience=0)
        losses = (1.0, np.nan, np.inf, 1.0)
        rates = self.fit(compiled_pair(), watcher, losses)
        assert rates == pytest.approx([1.0, 1.0, 1.0, 0.8])
        assert watcher.get_state()["best"] == 1.0

    def test_other_schedules_need_none(self):
        assert plateau_callbacks(settings(), 100) == []
