"""A learning rate that falls when the loss stops falling."""

import math

import keras


class Plateau(keras.callbacks.Callback):
    """Multiplies all learning rates by `factor` when a metric stops falling.

    It counts as PyTorch's ReduceLROnPlateau does: a reading improves if it is below
    (1 - 1e-4) times the best, and the rates fall after more than `patience` readings
    without improvement since the best or the last fall. Keras's own callback loses its
    state at the next `fit` and supports neither pairs of optimizers nor loss scaling.

    Args:
        monitor: name of the metric.
        factor: below 1.
        patience: readings without improvement before the next one reduces the rates.
        every: the fewest steps in the mean of a reading; readings are taken at the ends
            of epochs of `fit`.
    """

    THRESHOLD = 1e-4
    STATE = ("best", "worse", "sum", "steps", "epoch_steps")

    def __init__(self, monitor="loss", factor=0.8, patience=1, every=1):
        super().__init__()
        self.monitor, self.factor = monitor, factor
        self.patience, self.every = patience, every
        self.best, self.worse = math.inf, 0
        self.sum, self.steps = 0.0, 0
        # Steps of this epoch, and those of them before a resume.
        self.epoch_steps = self.earlier_steps = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_steps = self.earlier_steps = 0

    def on_train_batch_end(self, batch, logs=None):
        # With several steps in an execution, `batch` may lie past the epoch's end.
        self.epoch_steps = self.earlier_steps + min(batch + 1, self.params["steps"])

    def on_epoch_end(self, epoch, logs=None):
        value, steps = float(logs[self.monitor]), self.epoch_steps
        self.epoch_steps = 0
        # A NaN in the sum would stay there; `NonFiniteGuard` stops such runs.
        if not math.isfinite(value):
            return
        self.sum += value * steps
        self.steps += steps
        if self.steps >= self.every:
            self._read(self.sum / self.steps)
            self.sum, self.steps = 0.0, 0

    def _read(self, value):
        if value < (1 - self.THRESHOLD) * self.best:
            self.best, self.worse = value, 0
            return
        self.worse += 1
        if self.worse > self.patience:
            self.worse = 0
            self._reduce()

    def _reduce(self):
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        for part in getattr(optimizer, "optimizers", [optimizer]):
            part.learning_rate = float(self.factor * part.learning_rate)

    def get_state(self):
        """The state that a checkpoint keeps, a dict for JSON, which has no infinity."""
        state = {name: getattr(self, name) for name in self.STATE}
        return {**state, "best": None if math.isinf(self.best) else self.best}

    def set_state(self, state):
        """Restores a result of `get_state`."""
        for name in self.STATE:
            setattr(self, name, state[name])
        self.best = math.inf if state["best"] is None else state["best"]
        self.earlier_steps = self.epoch_steps
