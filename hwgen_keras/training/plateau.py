"""A learning rate that falls when the loss does not."""

import math

import keras


class Plateau(keras.callbacks.Callback):
    """Multiplies all learning rates by `factor` when a metric stops falling.

    It counts as PyTorch's ReduceLROnPlateau does: a reading is better if it is below
    (1 - 1e-4) times the best, and the rates fall when more than `patience` readings
    since the best or the last fall were not. Keras's own callback forgets everything
    at the next `fit` and does not look inside a loss-scaled pair of optimizers.

    The learning rates are variables of the optimizer and saved with it; the rest of
    the state is for `get_state` and `set_state`.

    Args:
        monitor: name of the metric.
        factor: below 1.
        patience: readings without a better one that are borne.
        every: steps that one reading takes the mean of, at least; readings are made
            at the ends of epochs of `fit`.
    """

    THRESHOLD = 1e-4

    def __init__(self, monitor="loss", factor=0.8, patience=1, every=1):
        super().__init__()
        self.monitor, self.factor = monitor, factor
        self.patience, self.every = patience, every
        self.best, self.worse = math.inf, 0
        self.sum, self.steps = 0.0, 0
        # Steps of this epoch, and those of them that were made before a resume.
        self.epoch_steps = self.earlier_steps = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_steps = self.earlier_steps = 0

    def on_train_batch_end(self, batch, logs=None):
        # The last of an execution of several steps, or past the end of the epoch.
        self.epoch_steps = self.earlier_steps + min(batch + 1, self.params["steps"])

    def on_epoch_end(self, epoch, logs=None):
        value, steps = float(logs[self.monitor]), self.epoch_steps
        self.epoch_steps = 0
        # Others stop a run whose loss is no number; this must not remember it.
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
        """What must be kept for a resumed run to go on alike, as JSON takes it."""
        best = None if math.isinf(self.best) else self.best
        return {
            "best": best,
            "worse": self.worse,
            "sum": self.sum,
            "steps": self.steps,
            "epoch_steps": self.epoch_steps,
        }

    def set_state(self, state):
        """Takes up what `get_state` gave."""
        self.best = math.inf if state["best"] is None else state["best"]
        self.worse, self.sum = state["worse"], state["sum"]
        self.steps = state["steps"]
        self.epoch_steps = self.earlier_steps = state["epoch_steps"]
