"""Measurements of a training: groups of curves, waiting for data, profiles."""

import itertools
import re
import time
from typing import Any

import keras

from hwgen_keras.backend import profiling

# {group of curves in TensorBoard: pattern of a whole name}; the first match counts.
_GROUPS = (
    ("gan", r"adaptive_weight|discriminator_accuracy|.*gradient_norm.*"),
    ("rate", r"learning_rate.*|.*_per_second|data_wait"),
    ("accuracy", r".*accuracy.*"),
    ("loss", r".*"),
)


def tag(name):
    """TensorBoard's name of a metric: its group, a slash, and the metric's name."""
    group = next(group for group, names in _GROUPS if re.fullmatch(names, name))
    return f"{group}/{name}"


class DataWait(keras.callbacks.Callback):
    """Measures the share of the time of an epoch in which a step waited for its data.

    PyTorch's trainer fetches a batch between two steps; those of JAX and TensorFlow
    fetch it inside the function of a step, which this callback wraps to measure the
    time. It cannot measure several steps in one TensorFlow graph, or several TensorFlow
    devices.

    Callbacks need the metrics of a step before Keras fetches the next batch; so no
    earlier step runs during a fetch.

    It must be the last callback, or it counts the time of the others as waiting.
    """

    def __init__(self):
        super().__init__()
        self.measured = True
        self.waited = self.began = self.ended = 0.0

    @property
    def share(self):
        """From 0 to 1, of the epoch up to its last step; None if not measured."""
        if not self.measured or self.ended == self.began:
            return None
        return self.waited / (self.ended - self.began)

    def on_train_begin(self, logs=None):
        model, backend = self.model, keras.backend.backend()
        if backend == "torch":
            return
        # After an exception in `fit`, the function is still wrapped.
        step = getattr(model.train_function, "timed", model.train_function)

        def with_state(state, batches):
            return step(state, map(self._fetch, itertools.repeat(batches)))

        def without_state(batches):
            return step([self._fetch(batches)])

        timed: Any
        if backend == "jax":
            timed = with_state
        elif model.steps_per_execution == 1 and (
            model.distribute_strategy.num_replicas_in_sync == 1
        ):
            timed = without_state
        else:
            self.measured = False
            return
        timed.timed = step
        model.train_function = timed

    def _fetch(self, batches):
        began = time.monotonic()
        batch = next(batches)
        self.waited += time.monotonic() - began
        return batch

    def on_epoch_begin(self, epoch, logs=None):
        self.began = self.ended = time.monotonic()
        self.waited = 0.0

    def on_train_batch_begin(self, batch, logs=None):
        if keras.backend.backend() == "torch":
            self.waited += time.monotonic() - self.ended

    def on_train_batch_end(self, batch, logs=None):
        self.ended = time.monotonic()

    def on_train_end(self, logs=None):
        function = self.model.train_function
        self.model.train_function = getattr(function, "timed", function)


class Profile(keras.callbacks.Callback):
    """Records a profile of host and device, as a context, for the framework's viewer.

    The end of the context writes the profile of a run that ended early. With several
    steps in an execution, whole executions are recorded.

    Args:
        folder: of TensorBoard; it gets the profile in plugins/profile.
        progress: the `Progress` that counts the steps, an earlier callback.
        first: number of the first step, from 1.
        last: number of the last step.
    """

    def __init__(self, folder, progress, first, last):
        super().__init__()
        self.folder, self.progress = folder, progress
        self.first, self.last = first, last
        self.stop = None

    def on_train_batch_begin(self, batch, logs=None):
        group = self.model.steps_per_execution
        if self.stop is None and (self.first - group <= self.progress.step < self.last):
            self.stop = profiling.start(self.folder)

    def on_train_batch_end(self, batch, logs=None):
        if self.progress.step >= self.last:
            self.finish()

    def finish(self):
        """Ends and writes a recording in progress."""
        if self.stop is not None:
            stop, self.stop = self.stop, None
            stop()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.finish()
