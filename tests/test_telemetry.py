"""Names of curves, the share of waiting for data, profiles, steps per execution."""

import time

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    JIT,
    compile_classifier,
    image_classifier,
    images,
    labels,
)
from test_backend import Regression

from hwgen_keras.errors import InputError
from hwgen_keras.training import callbacks, interval_of, telemetry
from hwgen_keras.training.settings import Intervals


class Batches(keras.utils.PyDataset):
    """Prepared batches, each given after `seconds`."""

    def __init__(self, batches, seconds=0.0):
        super().__init__()
        self.batches, self.seconds = batches, seconds

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        time.sleep(self.seconds)
        return self.batches[number]


class Sleep(keras.callbacks.Callback):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_batch_end(self, batch, logs=None):
        time.sleep(self.seconds)


def line(**arguments):
    """A compiled model of one weight."""
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.compile(
        optimizer=keras.optimizers.SGD(0.1), loss="mse", jit_compile=False, **arguments
    )
    return model


def line_feed(steps, seconds=0.0):
    x, y = np.ones((2, 1), "float32"), np.zeros((2, 1), "float32")
    return Batches([(x, y)] * steps, seconds)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("loss", "loss/loss"),
        ("reconstruction", "loss/reconstruction"),
        ("discriminator", "loss/discriminator"),
        ("discriminator_accuracy", "gan/discriminator_accuracy"),
        ("adaptive_weight", "gan/adaptive_weight"),
        ("generator_gradient_norm", "gan/generator_gradient_norm"),
        ("accuracy", "accuracy/accuracy"),
        ("validation_accuracy", "accuracy/validation_accuracy"),
        ("learning_rate", "rate/learning_rate"),
        ("learning_rate_generator", "rate/learning_rate_generator"),
        ("images_per_second", "rate/images_per_second"),
        ("data_wait", "rate/data_wait"),
    ],
)
def test_tags(name, expected):
    assert telemetry.tag(name) == expected


class TestDataWait:
    def share(self, feed_seconds, step_seconds, **arguments):
        model, wait = line(**arguments), telemetry.DataWait()
        # The first epoch compiles; the share is that of the second.
        model.fit(
            line_feed(12, feed_seconds),
            steps_per_epoch=6,
            epochs=2,
            verbose=0,
            shuffle=False,
            callbacks=[Sleep(step_seconds), wait],
        )
        assert not hasattr(model.train_function, "timed")
        return wait.share

    def test_a_slow_feed(self):
        assert 0.5 < self.share(0.04, 0.0) <= 1

    def test_a_fast_feed(self):
        assert 0 <= self.share(0.0, 0.03) < 0.3

    @pytest.mark.skipif(BACKEND == "torch", reason="torch runs single steps")
    def test_several_steps_at_once(self):
        share = self.share(0.04, 0.0, steps_per_execution=3)
        if BACKEND == "tensorflow":
            assert share is None
        else:
            assert 0.5 < share <= 1

    def test_the_weights_are_those_without(self):
        results = []
        for extra in ([], [telemetry.DataWait()]):
            model = line()
            model.set_weights([np.ones((1, 1))])
            # Too few batches for the last epoch: its end is seen, not an error.
            model.fit(line_feed(3), epochs=2, verbose=0, callbacks=extra)
            results.append(model.get_weights()[0])
        np.testing.assert_array_equal(*results)
        assert 0 < results[0][0, 0] < 0.5

    def test_is_logged(self, tmp_path):
        wait = telemetry.DataWait()
        progress = callbacks.Progress(0, 4, show=False)
        log = callbacks.EventLog(
            tmp_path / "logs", tmp_path / "h.jsonl", progress, data_wait=wait
        )
        line().fit(line_feed(4), verbose=0, callbacks=[progress, log, wait])
        assert f'"data_wait": {wait.share}' in log.history.read_text()


class TestProfile:
    def profile(self, folder, first, last, steps, **arguments):
        progress = callbacks.Progress(0, steps, show=False)
        recorded = []

        class Spy(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if profile.stop is not None:
                    recorded.append(progress.step)

        with telemetry.Profile(folder, progress, first, last) as profile:
            # Before the profile in the list, so that it sees the last step, too.
            line(**arguments).fit(
                line_feed(steps), verbose=0, callbacks=[progress, Spy(), profile]
            )
        return recorded, list(folder.glob("plugins/profile/*/*"))

    def test_leaves_files(self, tmp_path):
        recorded, files = self.profile(tmp_path, 2, 3, 5)
        assert recorded == [2, 3]
        ending = {
            "tensorflow": ".xplane.pb",
            "jax": ".xplane.pb",
            "torch": ".pt.trace.json",
        }[BACKEND]
        (file,) = [f for f in files if f.name.endswith(ending)]
        assert file.stat().st_size > 1000

    def test_a_run_that_ends_before(self, tmp_path):
        recorded, files = self.profile(tmp_path, 2, 9, 3)
        assert recorded == [2, 3]
        assert files

    def test_steps_that_never_come(self, tmp_path):
        assert self.profile(tmp_path, 7, 9, 3) == ([], [])


@pytest.mark.skipif(BACKEND == "torch", reason="torch runs single steps")
class TestStepsPerExecution:
    def new_classifier(self):
        model = compile_classifier(image_classifier())
        model.dropout.rate = 0.0
        return model, [(images(4, seed=step), labels(4)) for step in range(3)]

    def new_regression(self):
        """With the step of `StatefulTrainer`, as `StyleTransfer` has it."""
        rng, model = np.random.default_rng(0), Regression()
        model.build()
        model.compile(optimizer=keras.optimizers.Adam(0.1), jit_compile=JIT)
        shapes = (4, 3), (4, 1)
        return model, [
            tuple(rng.normal(size=shape).astype("float32") for shape in shapes)
            for _ in range(3)
        ]

    @pytest.mark.parametrize("kind", ["classifier", "regression"])
    def test_three_steps_by_twos(self, kind):
        model, batches = getattr(self, f"new_{kind}")()
        model.optimizer.build(model.trainable_variables)
        variables = model.variables + model.optimizer.variables
        start = [ops.convert_to_numpy(v) for v in variables]
        before, results = model.get_weights(), []
        for group in (1, 2):
            # The same model, so that JAX compiles its step only once.
            for variable, value in zip(variables, start, strict=True):
                variable.assign(value)
            model.steps_per_execution, model.train_function = group, None
            progress = callbacks.Progress(0, 3, show=False)
            model.fit(
                Batches(batches),
                steps_per_epoch=3,
                shuffle=False,
                verbose=0,
                callbacks=[progress, telemetry.DataWait()],
            )
            assert progress.step == 3
            assert int(model.optimizer.iterations) == 3
            results.append(model.get_weights())
        assert any((a != b).any() for a, b in zip(before, results[0], strict=True))
        for one, two in zip(*results, strict=True):
            np.testing.assert_allclose(two, one, rtol=0, atol=1e-6)


class TestSettings:
    def test_a_range(self):
        assert Intervals(profile="20:25").profiled_steps == (20, 25)
        assert Intervals(profile="3:3").profiled_steps == (3, 3)
        assert Intervals().profiled_steps is None

    @pytest.mark.parametrize(
        "text", ["5", "5:", ":5", "6:5", "0:5", "-1:5", "a:b", "1:2:3", "1 : 2"]
    )
    def test_no_range(self, text):
        with pytest.raises(InputError, match="--profile=.*FIRST:LAST"):
            Intervals(profile=text)

    def test_no_number_of_steps(self):
        with pytest.raises(InputError, match="--steps_per_execution is 0"):
            Intervals(steps_per_execution=0)

    def test_several_steps(self):
        values = {"steps_per_execution": 4, "interval": 8}
        if BACKEND == "torch":
            with pytest.raises(InputError, match="needs TensorFlow or JAX"):
                Intervals(**values)
            return
        Intervals(**values)
        with pytest.raises(InputError, match="multiple of .*=4; give 12"):
            Intervals(**{**values, "interval": 10})

    def test_the_default_interval_fits(self):
        assert interval_of(Intervals(), 1000) == 50
        assert interval_of(Intervals(interval=7), 1000) == 7
        if BACKEND != "torch":
            assert interval_of(Intervals(steps_per_execution=8), 1000) == 56
            assert interval_of(Intervals(steps_per_execution=4), 10) == 12
