"""What TensorBoard is told beside losses: names of curves, waiting for data, profiles.

These callbacks measure; nothing of the training depends on them.
"""

import itertools
import re
import time
from typing import Any

import keras

from hwgen_keras.backend import profiling

# The first that fits a whole name decides; TensorBoard folds curves by their group.
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

    PyTorch's trainer fetches a batch between two steps, those of JAX and TensorFlow
    inside the function of a step, TensorFlow's in its graph. There this callback
    hands that function batches that it fetches itself, with a clock beside. Several
    steps in one TensorFlow graph, or several TensorFlow devices, leave it no place
    to do so; then nothing is measured.

    Keras reads the metrics of a step before it fetches the next batch, as callbacks
    ask for them; so no earlier step is at work while this one waits.

    It must be the last of the callbacks, or it counts their work as waiting.
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
        # An exception in `fit` leaves the wrapper where it is.
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
    """Records what host and device do in some steps, for the viewer of the framework.

    Used with `with`, so that a run that ends early leaves its profile, too. With
    several steps in an execution, whole executions are recorded.

    Args:
        folder: TensorBoard's; the profile goes to plugins/profile in it.
        progress: the `Progress` that knows the step; it comes before in the list.
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
        """Ends the recording, if there is one, and writes it."""
        if self.stop is not None:
            stop, self.stop = self.stop, None
            stop()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.finish()
