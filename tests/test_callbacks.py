"""What happens around training: logs, pictures, checkpoints, signals, bad numbers."""

import json
import math
import os
import signal

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    CLASSES,
    compile_classifier,
    compile_style_transfer,
    image_classifier,
    images,
    labels,
    style_transfer,
    transfer_batch,
)
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from hwgen_keras import callbacks
from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, ImageEncoder

X, Y = np.array([[0.0], [1.0], [2.0], [3.0]], "float32"), np.zeros((4, 1), "float32")


@pytest.fixture
def line():
    """A model of one weight that is 1, and whose loss is the mean of X²."""
    model = keras.Sequential(
        [keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    model.build((None, 1))
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse", jit_compile=False)
    return model


def fit(model, *extra, epochs=1, batch_size=2):
    return model.fit(
        X, Y, batch_size=batch_size, epochs=epochs, callbacks=list(extra), verbose=0
    )


class TestProgress:
    def test_counts_over_several_fits(self, line):
        progress = callbacks.Progress(step=10, steps=20, show=False)
        fit(line, progress, epochs=2)
        assert progress.step == 14
        fit(line, progress, batch_size=1)
        assert progress.step == 18

    def test_shows_a_bar(self, line, capsys):
        fit(line, callbacks.Progress(0, 2, title="a title"))
        shown = capsys.readouterr().err
        assert "a title" in shown
        assert "2/2" in shown
        assert "loss=3.5" in shown


class TestEventLog:
    @pytest.fixture
    def log(self, tmp_path):
        progress = callbacks.Progress(0, 4, show=False)
        return callbacks.EventLog(tmp_path / "logs", tmp_path / "h.jsonl", progress)

    def read(self, log):
        log.writer.close()
        events = EventAccumulator(str(log.writer.get_logdir()))
        events.Reload()
        return events

    def test_scalars_and_lines(self, line, log):
        line.optimizer.learning_rate = 0.25
        fit(line, log.progress, log, epochs=2)
        events = self.read(log)
        names = {"loss", "learning_rate", "steps_per_second"}
        tags = {"loss/loss", "rate/learning_rate", "rate/steps_per_second"}
        assert set(events.Tags()["scalars"]) == tags
        assert [e.step for e in events.Scalars("loss/loss")] == [2, 4]
        assert events.Scalars("rate/learning_rate")[0].value == 0.25
        assert events.Scalars("rate/steps_per_second")[1].value > 0

        lines = [json.loads(text) for text in log.history.read_text().splitlines()]
        assert [entry["step"] for entry in lines] == [2, 4]
        assert set(lines[0]) == {"step", *names}
        for entry, event in zip(lines, events.Scalars("loss/loss"), strict=True):
            assert entry["loss"] == pytest.approx(event.value)

    def test_rows_a_second(self, line, log):
        log.batch_size = 2
        fit(line, log.progress, log)
        (entry,) = map(json.loads, log.history.read_text().splitlines())
        assert entry["images_per_second"] == 2 * entry["steps_per_second"] > 0

    def test_an_image(self, log):
        picture = Image.new("L", (5, 3), 200)
        log.progress.step = 7
        log.image("samples", picture)
        (event,) = self.read(log).Images("samples")
        assert (event.step, event.width, event.height) == (7, 5, 3)
        assert event.encoded_image_string.startswith(b"\x89PNG")

    def test_both_learning_rates_of_two_optimizers(self, log):
        for policy in ("float32", "mixed_float16"):
            model = style_transfer("adain", policy, False, False)
            compile_style_transfer(model)
            log.set_model(model)
            log.on_epoch_end(0, {"loss": 1.0})
            (entry, *_) = reversed(log.history.read_text().splitlines())
            rates = {k: v for k, v in json.loads(entry).items() if "rate" in k}
            assert rates == pytest.approx(
                {"learning_rate_generator": 1e-3, "learning_rate_discriminator": 1e-3}
            )


def test_sample_sheets_show_the_model_as_it_is(line, tmp_path):
    line.optimizer.learning_rate = 0.01
    progress = callbacks.Progress(0, 6, show=False)
    log = callbacks.EventLog(tmp_path / "logs", tmp_path / "h.jsonl", progress)
    seen = []

    def draw(model):
        seen.append(float(ops.convert_to_numpy(model.trainable_variables[0])[0, 0]))
        return Image.new("L", (4, 4))

    sheet = callbacks.SampleSheet(draw, tmp_path / "samples", log, every=2)
    fit(line, progress, log, sheet, epochs=3)
    # Every second epoch, and the end of the run.
    names = sorted(p.name for p in (tmp_path / "samples").iterdir())
    assert names == ["step-00000004.png", "step-00000006.png"]
    assert 1 > seen[0] > seen[1]


def states(model):
    """Weights, optimizer slots and counters, as arrays."""
    variables = model.weights + model.optimizer.variables
    return [(v.path, ops.convert_to_numpy(v)) for v in variables]


def assert_equal_states(actual, expected):
    assert len(actual) == len(expected)
    for (_, a), (path, b) in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=path)


def new_classifier():
    model = compile_classifier(image_classifier())
    # Dropout's random state is no part of a checkpoint: a run draws its own.
    model.dropout.rate = 0.0
    return model


def new_style_transfer():
    return compile_style_transfer(style_transfer("adain", "float32", False, False))


def classifier_batch(step):
    return images(4, seed=step), labels(4)


def style_transfer_batch(step):
    data = transfer_batch()
    return ({**data, "content": images(2, seed=step)},)


class TestCheckpoint:
    @pytest.mark.parametrize(
        ("new_model", "new_batch"),
        [
            (new_classifier, classifier_batch),
            (new_style_transfer, style_transfer_batch),
        ],
        ids=["classifier", "style_transfer"],
    )
    def test_two_and_two_steps_are_four(self, tmp_path, new_model, new_batch):
        def train(model, steps, *extra):
            for step in steps:
                # A shuffled batch has the same sums but for their last bit.
                model.fit(
                    *new_batch(step),
                    batch_size=4,
                    shuffle=False,
                    verbose=0,
                    callbacks=list(extra),
                )

        progress = callbacks.Progress(0, 4, show=False)
        checkpoint = callbacks.Checkpoint(tmp_path, progress)
        first = new_model()
        initial = first.get_weights()
        train(first, [0, 1], progress, checkpoint)
        saved = states(first)
        train(first, [2, 3])

        resumed = new_model()
        assert not all(
            np.array_equal(a, b)
            for a, b in zip(resumed.get_weights(), initial, strict=True)
        )
        assert callbacks.restore(resumed, tmp_path) == 2
        assert_equal_states(states(resumed), saved)
        train(resumed, [2, 3])
        assert_equal_states(states(resumed), states(first))

    def save_steps(self, model, folder, steps, keep=2, logs=None):
        progress = callbacks.Progress(0, 100, show=False)
        checkpoint = callbacks.Checkpoint(folder, progress, keep)
        checkpoint.set_model(model)
        for step in steps:
            progress.step = step
            checkpoint.on_epoch_end(0, logs)

    def test_keeps_the_last(self, line, tmp_path):
        self.save_steps(line, tmp_path / "new", [5, 10, 15], keep=2)
        names = [p.name for p in callbacks.checkpoints(tmp_path / "new")]
        assert names == ["step-00000010", "step-00000015"]
        assert sorted(p.name for p in (tmp_path / "new").iterdir()) == names

    def test_nothing_to_restore(self, line, tmp_path):
        assert callbacks.restore(line, tmp_path) == 0
        assert callbacks.restore(line, tmp_path / "missing") == 0

    def test_saves_no_broken_model(self, line, tmp_path):
        self.save_steps(line, tmp_path, [5], logs={"loss": 1.0})
        self.save_steps(line, tmp_path, [6], logs={"loss": math.nan})
        assert callbacks.restore(line, tmp_path) == 5

    def test_ignores_what_is_half_written(self, line, tmp_path):
        self.save_steps(line, tmp_path, [5])
        half = tmp_path / "step-00000009"
        half.mkdir()
        (half / callbacks.WEIGHTS).write_bytes(b"")
        partial = tmp_path / ".partial-1-step-00000010"
        partial.mkdir()
        (partial / callbacks.PROGRESS).write_text('{"step": 10}')
        assert callbacks.restore(line, tmp_path) == 5
        # A folder that the next checkpoint is to have is replaced.
        self.save_steps(line, tmp_path, [9])
        assert callbacks.restore(line, tmp_path) == 9

    def test_leaves_nothing_half_written(self, line, tmp_path, monkeypatch):
        def fail(path):
            path.write_bytes(b"the first half")
            raise OSError("No space left on device")

        monkeypatch.setattr(line, "save_weights", fail)
        with pytest.raises(OSError, match="No space"):
            self.save_steps(line, tmp_path, [5])
        assert list(tmp_path.iterdir()) == []

    def test_another_size(self, tmp_path):
        self.save_steps(new_classifier(), tmp_path, [5])
        other = compile_classifier(Classifier(ImageEncoder(widths=(16, 32)), CLASSES))
        with pytest.raises(InputError, match="step-00000005 does not fit") as caught:
            callbacks.restore(other, tmp_path)
        assert "\n" not in str(caught.value)

    def test_damaged(self, line, tmp_path):
        self.save_steps(line, tmp_path, [5])
        file = tmp_path / "step-00000005" / callbacks.WEIGHTS
        file.write_bytes(file.read_bytes()[:100])
        with pytest.raises(InputError, match="step-00000005 does not fit"):
            callbacks.restore(line, tmp_path)

    def test_damaged_progress(self, line, tmp_path):
        self.save_steps(line, tmp_path, [5])
        (tmp_path / "step-00000005" / callbacks.PROGRESS).write_text('{"st')
        with pytest.raises(InputError, match="step-00000005 does not fit"):
            callbacks.restore(line, tmp_path)


class Interrupt(keras.callbacks.Callback):
    """Sends this process a signal after a step, as Ctrl-C does."""

    def __init__(self, number, step):
        super().__init__()
        self.number, self.step, self.count = number, step, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == self.step:
            os.kill(os.getpid(), self.number)


class TestStopOnSignal:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_stops_after_the_step(self, line, number):
        before = signal.getsignal(number)
        progress = callbacks.Progress(0, 100, show=False)
        with callbacks.StopOnSignal() as stop:
            fit(line, Interrupt(number, 3), progress, stop, epochs=5, batch_size=1)
        assert progress.step == 3
        assert stop.name == number.name
        assert signal.getsignal(number) is before

    def test_without_a_signal(self, line):
        before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
        progress = callbacks.Progress(0, 100, show=False)
        with callbacks.StopOnSignal() as stop:
            fit(line, progress, stop)
        assert (progress.step, stop.name) == (2, None)
        after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
        assert after == before

    def test_the_second_signal_acts_at_once(self):
        before = signal.getsignal(signal.SIGINT)
        # Where the tests run in the background, the shell has SIGINT ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with callbacks.StopOnSignal() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.name == "SIGINT"
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        signal.signal(signal.SIGINT, before)

    def test_an_error_restores_the_handlers_too(self):
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(ZeroDivisionError), callbacks.StopOnSignal():
            _ = 1 / 0
        assert signal.getsignal(signal.SIGINT) is before


class TestNonFiniteGuard:
    def test_names_the_metric_and_stops(self, line):
        guard = callbacks.NonFiniteGuard()
        progress = callbacks.Progress(0, 100, show=False)
        line.set_weights([np.full((1, 1), np.inf, "float32")])
        fit(line, progress, guard, epochs=3)
        assert guard.offender == "loss"
        assert progress.step == 2

    def test_lets_finite_numbers_pass(self, line):
        guard = callbacks.NonFiniteGuard()
        fit(line, guard)
        assert guard.offender is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_each_kind(self, line, value):
        guard = callbacks.NonFiniteGuard()
        guard.set_model(line)
        guard.on_epoch_end(0, {"loss": 1.0, "implicit": value, "explicit": 2.0})
        assert guard.offender == "implicit"
        assert line.stop_training
