"""Checkpoints from which a training resumes as if it had never stopped."""

import errno
import json
import math
import os
import pathlib
import re
import shutil
import sys
import time
import zlib

import keras
import numpy as np
from keras import ops

from hwgen_keras.backend import in_any_process
from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.files import complete_file, flush
from hwgen_keras.training.guards import all_finite

WEIGHTS, PROGRESS, BEST = "training.weights.h5", "progress.json", "best"
# Overhead of HDF5 and Keras, also for layers without variables.
_BYTES_A_VARIABLE = 4096


class Interrupted(Exception):
    """A signal ended `fit` within an epoch, after a checkpoint."""


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of a training, each time in a new folder.

    It saves at the end of every epoch of `fit`, and within one after `minutes` or a
    signal. A checkpoint within an epoch has the metrics so far, so that a resumed run
    has the same mean over the epoch. A state that is not finite is never saved. The
    callbacks whose state is saved come before this one.

    Args:
        folder: of the checkpoints.
        progress: the run's `Progress`.
        keep: number of checkpoints to keep, from 1.
        best_metric: keep the checkpoint with the best value of this metric, too, in the
            folder `best`: the lowest value, or the highest of an accuracy.
        stateful: callbacks; the state of those with `get_state` is saved.
        interval: steps in an epoch; None: no checkpoints within epochs.
        minutes: longest time between two checkpoints; None: that of an epoch.
        signals: the `CaughtSignals` at whose signal to save and stop, or None.

    Raises:
        Interrupted: in `fit`, a signal came within an epoch.
        InputError: in `fit`, `best_metric` is no metric.
    """

    def __init__(
        self,
        folder,
        progress,
        keep=2,
        best_metric=None,
        stateful=(),
        interval=None,
        minutes=None,
        signals=None,
    ):
        super().__init__()
        self.folder, self.progress, self.keep = pathlib.Path(folder), progress, keep
        self.best_metric, self.stateful = best_metric, stateful
        self.interval, self.minutes, self.signals = interval, minutes, signals
        self.saved_at, self.restored = time.monotonic(), None

    def resume(self, restored):
        """Takes the result of `restore`; `fit` restores callbacks and metrics."""
        self.restored = restored

    def on_epoch_begin(self, epoch, logs=None):
        # Not earlier: `fit` resets the metrics and the callbacks' epoch.
        if self.restored is None:
            return
        restored, self.restored = self.restored, None
        for callback in self.stateful:
            state = restored.get("callbacks", {}).get(type(callback).__name__)
            if state is not None:
                callback.set_state(state)
        if restored.get("metrics") is not None:
            variables = self.model.metrics_variables
            for variable, value in zip(variables, restored["metrics"], strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        step = self.progress.step
        if not self.interval or not step % self.interval or step >= self.progress.steps:
            return
        stop, passed = self._stop(), time.monotonic() - self.saved_at
        if not stop and not (self.minutes and passed >= 60 * self.minutes):
            return
        # On JAX the state is outside the model during an epoch.
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        metrics = [ops.convert_to_numpy(v) for v in self.model.metrics_variables]
        self.saved_at = time.monotonic()
        if all(np.isfinite(value).all() for value in metrics):
            self._save([value.tolist() for value in metrics])
        if stop:
            raise Interrupted

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if all(math.isfinite(value) for value in logs.values()):
            path = self._save(None)
            if path is not None and self.best_metric is not None:
                self._keep_best(path, logs)
        if self._stop():
            self.model.stop_training = True

    def _stop(self):
        """Whether a signal came, to this process or to one that trains along."""
        if self.signals is None:
            return False
        if in_any_process(self.signals.name is not None):
            self.signals.name = self.signals.name or "SIGTERM"
        return self.signals.name is not None

    def _save(self, metrics):
        """The folder of the new checkpoint; None if the state is not finite."""
        step = self.progress.step
        self.saved_at = time.monotonic()
        if not all_finite(self.model):
            return None
        path = self.folder / f"step-{step:08d}"
        with complete_file(path) as partial:
            partial.mkdir()
            _save_weights(self.model, partial / WEIGHTS)
            progress = {
                "step": step,
                "seeds": [v.numpy().tolist() for v in seed_states(self.model)],
                "metrics": metrics,
                "callbacks": {
                    type(c).__name__: c.get_state()
                    for c in self.stateful
                    if hasattr(c, "get_state")
                },
                "crc32": _checksum(partial / WEIGHTS),
            }
            (partial / PROGRESS).write_text(json.dumps(progress))
            flush(partial)
        for old in checkpoint_folders(self.folder)[: -self.keep]:
            shutil.rmtree(old)
        return path

    def _keep_best(self, path, logs):
        name = self.best_metric
        if name not in logs:
            raise InputError(
                f"--best_metric={name} is no metric of this training; it has "
                f"{', '.join(sorted(logs))}."
            )
        value, best = float(logs[name]), self.folder / BEST
        sign = -1 if name.endswith("accuracy") else 1
        if (best / PROGRESS).is_file():
            before = json.loads((best / PROGRESS).read_text()).get("best", {})
            if before.get("metric") == name and sign * value >= sign * before["value"]:
                return
        with complete_file(best) as partial:
            shutil.copytree(path, partial)
            progress = json.loads((partial / PROGRESS).read_text())
            progress["best"] = {"metric": name, "value": value}
            (partial / PROGRESS).write_text(json.dumps(progress))
            flush(partial)


def bytes_needed(model):
    """An upper bound of the size of a file of all weights and the optimizer's state."""
    variables = [*model.variables, *model.optimizer.variables]
    return sum(4 * math.prod(v.shape) + _BYTES_A_VARIABLE for v in variables)


def _save_weights(model, path):
    # HDF5 crashes the process when a disk becomes full during a write.
    if shutil.disk_usage(path.parent).free < bytes_needed(model):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
    try:
        model.save_weights(path)
    except RuntimeError as error:
        # How h5py reports a full disk when it closes the file.
        number = re.search(r"errno = (\d+)", str(error))
        if number is None and "No space left" not in str(error):
            raise
        number = int(number[1]) if number else errno.ENOSPC
        raise OSError(number, os.strerror(number), str(path)) from error


def _checksum(path):
    return zlib.crc32(np.memmap(path, mode="r").data)


def seed_states(model):
    """The states of random layers, which weight files lack."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


def checkpoint_folders(folder):
    """The folders of complete checkpoints, oldest first."""
    folder = pathlib.Path(folder)
    return sorted(p for p in folder.glob("step-*") if (p / PROGRESS).is_file())


def restore(model, folder, mend=True):
    """Loads the newest intact checkpoint into a compiled and built model.

    A damaged one is reported and renamed to `damaged-step-…`.

    Args:
        model: the model.
        folder: of the checkpoints.
        mend: False: nothing is renamed or removed, as another process does so.

    Returns:
        A dict for `Checkpoint.resume` with the `step` of the checkpoint; `{"step": 0}`
        if there is no checkpoint.

    Raises:
        InputError: there are checkpoints, and none can be read or fits the model.
    """
    # A LossScaleOptimizer that is built twice has its variables twice.
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    # Left by a killed process.
    for partial in pathlib.Path(folder).glob(".partial-*") if mend else ():
        shutil.rmtree(partial, ignore_errors=True)
    damaged = []
    for path in reversed(checkpoint_folders(folder)):
        try:
            progress = _load(model, path)
        except (ValueError, OSError, KeyError, TypeError) as error:
            damaged.append((path, reason_of(error)))
            continue
        for bad, reason in damaged if mend else ():
            print(
                f"WARNING: the checkpoint {bad} is damaged ({reason}); continuing "
                f"from {path.name}.",
                file=sys.stderr,
                flush=True,
            )
            renamed = bad.with_name(f"damaged-{bad.name}")
            shutil.rmtree(renamed, ignore_errors=True)
            bad.rename(renamed)
        return progress
    if damaged:
        bad, reason = damaged[0]
        raise InputError(
            f"The checkpoint {bad} does not fit this run or is damaged ({reason}), and "
            "there is no other to continue from; start again in a new --run_dir."
        )
    return {"step": 0}


def _load(model, path):
    progress = json.loads((path / PROGRESS).read_text())
    if _checksum(path / WEIGHTS) != progress["crc32"]:
        raise ValueError(f"{WEIGHTS} is not what was written")
    model.load_weights(path / WEIGHTS)
    for variable, state in zip(seed_states(model), progress["seeds"], strict=True):
        variable.assign(state)
    return {**progress, "step": int(progress["step"])}


def build_metrics(model, data):
    """Builds the metrics, which Keras on TensorFlow builds only in the first step."""
    batch = data.element_spec if hasattr(data, "element_spec") else data[0]
    model._symbolic_build(data_batch=batch)


def trim_history(file, step):
    """Removes the lines of a JSON-lines log that are beyond a step or incomplete."""
    file = pathlib.Path(file)
    if not file.exists():
        return
    text = file.read_text(encoding="utf-8", errors="replace")
    kept = [line for line in text.splitlines() if _step_of(line) <= step]
    whole = "".join(line + "\n" for line in kept)
    if whole != text:
        with complete_file(file) as partial:
            partial.write_text(whole, encoding="utf-8")


def _step_of(line):
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return math.inf
