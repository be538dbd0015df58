"""Checkpoints: what they restore, which are kept, and damaged ones."""

import json
import math

import keras
import numpy as np
import pytest
from keras import ops
from networks import (
    BACKEND,
    JIT,
    compile_classifier,
    compile_style_transfer,
    generator,
    image_classifier,
    images,
    labels,
    one_weight,
    save_steps,
    transfer_batch,
)

from hwgen_keras.errors import InputError
from hwgen_keras.models import (
    PatchDiscriminator,
    StyleTransfer,
    adam_pair,
)
from hwgen_keras.training import callbacks, checkpoints
from hwgen_keras.training.guards import CaughtSignals


@pytest.fixture
def line():
    return one_weight()


def states(model):
    """Weights, optimizer slots and counters, and seeds, as arrays."""
    variables = [
        *model.weights,
        *model.optimizer.variables,
        *checkpoints.seed_states(model),
    ]
    return [(v.path, ops.convert_to_numpy(v)) for v in variables]


def assert_equal_states(actual, expected):
    assert len(actual) == len(expected)
    for (_, a), (path, b) in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=path)


def new_classifier():
    return compile_classifier(image_classifier())


def new_style_transfer():
    """With all that has a state: averages, a loss scale, noise, spectral vectors."""
    policy = "mixed_float16"
    discriminator = PatchDiscriminator(widths=(8, 16), norm="spectral", dtype=policy)
    model = StyleTransfer(
        generator("adain", policy, multipliers=(1,)),
        discriminator,
        instance_noise=0.1,
        dtype=policy,
    )
    return compile_style_transfer(model, adam_pair(1e-3, ema_momentum=0.9))


def classifier_batch(step):
    return images(4, seed=step), labels(4)


def style_transfer_batch(step):
    data = transfer_batch()
    return ({**data, "content": images(2, seed=step)},)


MODELS = pytest.mark.parametrize(
    ("new_model", "new_batch"),
    [(new_classifier, classifier_batch), (new_style_transfer, style_transfer_batch)],
    ids=["classifier", "style_transfer"],
)


@MODELS
def test_two_steps_and_one_are_three(tmp_path, new_model, new_batch):
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
    checkpoint = checkpoints.Checkpoint(tmp_path, progress)
    first = new_model()
    initial = first.get_weights()
    if new_model is new_style_transfer:
        first.optimizer.dynamic_scale.assign(64.0)
    train(first, [0, 1], progress, checkpoint)
    saved = states(first)
    path = checkpoints.checkpoint_folders(tmp_path)[-1]
    size = (path / checkpoints.WEIGHTS).stat().st_size
    assert size < checkpoints.bytes_needed(first) < 4 * size
    train(first, [2])

    resumed = new_model()
    assert not all(
        np.array_equal(a, b)
        for a, b in zip(resumed.get_weights(), initial, strict=True)
    )
    assert checkpoints.restore(resumed, tmp_path)["step"] == 2
    assert_equal_states(states(resumed), saved)
    names = " ".join(path for path, _ in saved)
    assert "seed_generator_state" in names and "momentum" in names
    if new_model is new_style_transfer:
        assert "average" in names
        assert float(resumed.optimizer.dynamic_scale) == 64.0
        vectors = [v for v in resumed.weights if v.path.endswith("/singular_vector")]
        assert len(vectors) == 3
    train(resumed, [2])
    assert_equal_states(states(resumed), states(first))


class Rows(keras.callbacks.Callback):
    """Remembers the metrics at each end of an epoch, and counts them as its state."""

    def __init__(self):
        super().__init__()
        self.rows, self.count = [], 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1
        self.rows.append((self.count, logs))

    def get_state(self):
        return {"count": self.count}

    def set_state(self, state):
        self.count = state["count"]


class SignalAt(keras.callbacks.Callback):
    def __init__(self, signals, progress, step):
        super().__init__()
        self.signals, self.progress, self.step = signals, progress, step

    def on_train_batch_end(self, batch, logs=None):
        if self.progress.step == self.step:
            self.signals.name = "SIGTERM"


INTERVAL = 3


def train_with_metrics(folder, signal_at=None, minutes=None):
    """Resumes at the last checkpoint up to step 6; (logs, model)."""
    model = image_classifier()
    model.build()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=JIT,
        run_eagerly=BACKEND == "tensorflow",  # Each call would trace for a second.
    )
    restored = checkpoints.restore(model, folder)
    first = restored["step"]
    if not first:
        for number, variable in enumerate(model.weights):
            values = np.random.default_rng(number).normal(size=variable.shape)
            variable.assign(0.3 * np.abs(values))
        for number, variable in enumerate(checkpoints.seed_states(model)):
            variable.assign(np.array([7, number], "uint32"))
    progress = callbacks.Progress(first, 2 * INTERVAL, show=False)
    rows, signals = Rows(), CaughtSignals()
    checkpoint = checkpoints.Checkpoint(
        folder,
        progress,
        keep=100,
        stateful=[rows],
        interval=INTERVAL,
        minutes=minutes,
        signals=signals,
    )
    checkpoint.resume(restored)
    watchers = [progress, rows, SignalAt(signals, progress, signal_at), checkpoint]
    try:
        while progress.step < progress.steps and not signals.name:
            step = progress.step
            length = INTERVAL - step % INTERVAL
            x = np.concatenate([images(4, seed=s) for s in range(step, step + length)])
            y = np.tile(labels(4), length)
            if restored.get("metrics"):
                checkpoints.build_metrics(model, [(x[:4], y[:4])])
            model.fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=watchers)
    except checkpoints.Interrupted:
        pass
    return rows.rows, model


class TestWithinAnInterval:
    def test_a_signal_loses_no_line_and_changes_none(self, tmp_path):
        whole, first = train_with_metrics(tmp_path / "whole")
        before, _ = train_with_metrics(tmp_path / "parts", signal_at=4)
        saved = [p.name for p in checkpoints.checkpoint_folders(tmp_path / "parts")]
        assert saved == ["step-00000003", "step-00000004"]
        after, second = train_with_metrics(tmp_path / "parts")
        assert [count for count, _ in whole] == [1, 2]
        assert {"loss", "accuracy"} == set(whole[0][1])
        assert before + after == whole
        assert_equal_states(states(second), states(first))

    def test_a_signal_at_the_end_of_one(self, tmp_path):
        rows, _ = train_with_metrics(tmp_path, signal_at=3)
        assert len(rows) == 1
        (saved,) = checkpoints.checkpoint_folders(tmp_path)
        assert saved.name == "step-00000003"

    def test_when_time_is_up(self, tmp_path):
        rows, _ = train_with_metrics(tmp_path, minutes=1e-9)
        assert len(rows) == 2
        steps = [int(p.name[-1]) for p in checkpoints.checkpoint_folders(tmp_path)]
        assert steps == [1, 2, 3, 4, 5, 6]

    def test_not_before(self, tmp_path):
        train_with_metrics(tmp_path, minutes=10)
        steps = [int(p.name[-1]) for p in checkpoints.checkpoint_folders(tmp_path)]
        assert steps == [3, 6]


class TestWhatIsKept:
    def test_the_last(self, line, tmp_path):
        save_steps(line, tmp_path / "new", [5, 10, 15], keep=2)
        names = [p.name for p in checkpoints.checkpoint_folders(tmp_path / "new")]
        assert names == ["step-00000010", "step-00000015"]
        assert sorted(p.name for p in (tmp_path / "new").iterdir()) == names

    @pytest.mark.parametrize(
        ("metric", "step", "value"), [("loss", 2, 0.5), ("val_accuracy", 3, 0.9)]
    )
    def test_the_best(self, line, tmp_path, metric, step, value):
        logs = [
            {"loss": loss, "val_accuracy": accuracy}
            for loss, accuracy in [(1.0, 0.1), (0.5, 0.2), (0.7, 0.9), (0.5, 0.9)]
        ]
        save_steps(line, tmp_path, [1, 2, 3], logs[:3], keep=1, best_metric=metric)
        # Another process resumes and compares with the best so far.
        save_steps(line, tmp_path, [4], logs[3:], keep=1, best_metric=metric)
        best = json.loads((tmp_path / "best" / checkpoints.PROGRESS).read_text())
        assert best["step"] == step
        assert best["best"] == {"metric": metric, "value": value}
        # A run resumes from the newest.
        assert checkpoints.restore(line, tmp_path)["step"] == 4
        (tmp_path / "best").rename(tmp_path / "step-00000009")
        assert checkpoints.restore(line, tmp_path)["step"] == step

    def test_no_such_metric(self, line, tmp_path):
        with pytest.raises(InputError, match="--best_metric=los is no metric .* loss"):
            save_steps(line, tmp_path, [5], {"loss": 1.0}, best_metric="los")

    def test_no_broken_model(self, line, tmp_path):
        save_steps(line, tmp_path, [5], {"loss": 1.0})
        save_steps(line, tmp_path, [6], {"loss": math.nan})
        line.set_weights([np.full((1, 1), np.nan, "float32")])
        save_steps(line, tmp_path, [7], {"loss": 1.0})
        assert checkpoints.restore(line, tmp_path)["step"] == 5
