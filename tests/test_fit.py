"""The loop that fits a model in a run folder, where something goes wrong."""

import errno
import json
import os
import shutil
import signal
import types

import keras
import numpy as np
import pytest
from networks import one_weight
from stores import small_store

from experiments import train_text_encoder
from hwgen_keras import training
from hwgen_keras.data import ClassificationSampler, feed
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.training import checkpoints


class Feed(keras.utils.PyDataset):
    """Batch i is the number i, or `bad` at the steps named; the target is 0."""

    def __init__(self, first, steps, bad=()):
        super().__init__()
        self.first, self.steps, self.bad = first, steps, bad

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        step = self.first + index
        x = np.full((2, 1), np.inf if step in self.bad else step, "float32")
        return x, np.zeros((2, 1), "float32")


class At(keras.callbacks.Callback):
    """Does something when so many steps were done."""

    def __init__(self, step, act):
        super().__init__()
        self.step, self.act, self.count = step, act, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == self.step:
            self.act()


@pytest.fixture
def train(tmp_path):
    """A function that trains for 8 steps, a line every 2; the run folder."""

    def train(model=None, bad=(), extra=(), **values):
        values = {"steps": 8, "interval": 2, "size": "tiny", **values}
        settings = train_text_encoder.Settings(run_dir=str(tmp_path / "run"), **values)
        with training.Run("test", settings) as run:
            training.fit(
                run,
                model or one_weight(),
                lambda first, steps: Feed(first, steps, bad),
                settings.steps,
                extra=extra,
            )
        return run.folder

    return train


def history(folder):
    lines = (folder / "history.jsonl").read_text().splitlines()
    return [(json.loads(line)["step"], json.loads(line)["loss"]) for line in lines]


def names(folder):
    return sorted(p.name for p in (folder / "checkpoints").iterdir())


class TestDisk:
    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (errno.ENOSPC, "No space left on device"),
            (errno.EROFS, "Read-only file system"),
            (errno.EACCES, "Permission denied"),
        ],
    )
    def test_one_sentence_and_the_checkpoint_before(
        self, train, tmp_path, monkeypatch, code, words
    ):
        model = one_weight()
        save = model.save_weights

        def fail_at_6(path):
            if "00000006" in str(path):
                path.write_bytes(b"the first half")
                raise OSError(code, os.strerror(code))
            save(path)

        monkeypatch.setattr(model, "save_weights", fail_at_6)
        with pytest.raises(InputError, match=words) as caught:
            train(model)
        assert "--run_dir" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert names(tmp_path / "run") == ["step-00000002", "step-00000004"]
        # With free space the run resumes, and no line is repeated.
        folder = train(resume=True)
        assert [step for step, _ in history(folder)] == [2, 4, 6, 8]

    def test_room_is_looked_for_before(self, train, tmp_path, monkeypatch):
        def usage(path):
            return types.SimpleNamespace(free=100)

        monkeypatch.setattr(shutil, "disk_usage", usage)
        with pytest.raises(InputError, match="No space left on device"):
            train()
        assert names(tmp_path / "run") == []

    def test_what_h5py_says_of_a_full_disk(self, train, monkeypatch):
        def fail(path):
            raise RuntimeError("Can't close file (errno = 28, 'No space left')")

        model = one_weight()
        monkeypatch.setattr(model, "save_weights", fail)
        with pytest.raises(InputError, match="No space left on device"):
            train(model)

    def test_an_error_of_the_data_is_none_of_the_folder(self, train):
        def fail():
            raise PermissionError(errno.EACCES, "Permission denied", "/data/scans")

        with pytest.raises(PermissionError):
            train(extra=[At(3, fail)])

    def test_no_room_for_the_first_file(self, train, monkeypatch):
        def fail(path, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("hwgen_keras.training.run.write_text", fail)
            with pytest.raises(InputError, match="No space left"):
                train()
        # The folder is free again.
        train()


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)]
    )
    def test_finishes_the_step_and_saves(self, train, tmp_path, number, status):
        stop = At(3, lambda: os.kill(os.getpid(), number))
        with pytest.raises(Stopped, match="stopped after step 3 of 8") as caught:
            train(extra=[stop])
        assert caught.value.status == status
        assert str(caught.value).startswith(number.name)
        assert names(tmp_path / "run") == ["step-00000002", "step-00000003"]
        # Means of 0² and 1², 2² and 3², ...: step 3 is in the second.
        folder = train(resume=True)
        assert history(folder) == [(2, 0.5), (4, 6.5), (6, 20.5), (8, 42.5)]


def skipping():
    """`one_weight` with an optimizer that leaves out steps that are not finite."""
    model = one_weight()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0))
    model.compile(optimizer=optimizer, loss="mse", jit_compile=False)
    return model


class TestNonFinite:
    def test_a_step_that_was_skipped_is_borne(self, train, capsys):
        folder = train(skipping(), bad=[3], best_metric="loss")
        assert [step for step, _ in history(folder)] == [2, 4, 6, 8]
        assert "Warning: loss is not a finite number" in capsys.readouterr().err
        # None was written at step 4.
        assert names(folder) == ["best", "step-00000006", "step-00000008"]

    def test_some_in_a_row_are_not(self, train, tmp_path):
        with pytest.raises(InputError, match="step 6: loss .*step-00000002; lower"):
            train(skipping(), bad=[2, 4, 5, 6], max_nonfinite=2)
        assert names(tmp_path / "run") == ["step-00000002"]

    def test_weights_are_never_borne(self, train, tmp_path):
        with pytest.raises(InputError, match="step 4: loss is not a finite number"):
            train(bad=[3])
        assert names(tmp_path / "run") == ["step-00000002"]


@pytest.mark.parametrize("flag", ["keep_checkpoints", "max_nonfinite", "interval"])
def test_a_count_below_one(train, flag):
    with pytest.raises(InputError, match=f"--{flag} is -1; give a number above 0"):
        train(**{flag: -1})


def test_a_run_folder_in_use_is_refused(tmp_path):
    settings = train_text_encoder.Settings(run_dir=str(tmp_path / "run"), size="tiny")
    with training.Run("test", settings):
        with pytest.raises(InputError, match="is in use by another process"):
            training.Run("test", settings.replace(resume=True))
    with training.Run("test", settings) as run:
        assert run.folder == tmp_path / "run"


@pytest.mark.parametrize("kind", ["tf", "python"])
def test_keras_trains_on_it_and_continues_across_epochs(kind, characters):
    store, seen = small_store(characters), []

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(6)

        def call(self, images):
            return self.dense(keras.ops.reshape(images, (-1, 24 * 24)))

        def train_step(self, *arguments):
            data = arguments[-1]
            seen.append(keras.ops.convert_to_numpy(data[1]))
            return super().train_step(*arguments)

    sampler = ClassificationSampler(store)
    dataset = feed(store, sampler, 4, 6, outputs=("image", "label"), kind=kind)
    model = Model()
    model.compile(
        keras.optimizers.SGD(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
        jit_compile=False,
    )
    model.fit(dataset, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), sampler.epoch(0)["label"][:24])


def test_flags_of_checkpoints_reach_them(train, monkeypatch):
    made = {}

    class Known(checkpoints.Checkpoint):
        def __init__(self, *arguments, **keywords):
            made.update(keywords)
            super().__init__(*arguments, **keywords)

    monkeypatch.setattr(checkpoints, "Checkpoint", Known)
    folder = train(keep_checkpoints=3, best_metric="loss", checkpoint_minutes=1.5)
    kept = ["best", *(f"step-{step:08d}" for step in (4, 6, 8))]
    assert names(folder) == kept
    assert (made["minutes"], made["interval"]) == (1.5, 2)
    # It stops at a signal within an epoch, too.
    assert made["signals"] is not None
