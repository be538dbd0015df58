"""What ends a training before its time: signals, and numbers that are none."""

import math
import signal
import sys

import keras
from keras import ops
from tqdm import tqdm


class CaughtSignals:
    """Within it, Ctrl-C and SIGTERM are noted, for `Checkpoint` to stop at.

    A second signal acts at once. `name` tells which signal came, or None.
    """

    def __init__(self):
        self.name = None
        self.before = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _receive(self, number, frame):
        self.name = signal.Signals(number).name
        # A second one, of whichever kind, does what it did before.
        for each, handler in self.before.items():
            signal.signal(each, handler)


def all_finite(model):
    """Whether all weights and all that the optimizer keeps are finite numbers.

    A weight that is not never becomes one again, nor does a momentum.
    """
    return all(
        bool(ops.all(ops.isfinite(variable)))
        for variable in [*model.weights, *model.optimizer.variables]
        if variable.dtype.startswith(("float", "bfloat"))
    )


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops training when a weight, or a metric again and again, is no finite number.

    A metric of an epoch of `fit` can be so while all weights are finite: a step whose
    numbers overflowed was skipped, or one batch was bad. That is told, and borne.

    `offender` is the name of what ended the training, or None.

    Args:
        patience: how many epochs of `fit` in a row may have such a metric before the
            last of them ends the training, from 1.
    """

    def __init__(self, patience=1):
        super().__init__()
        self.patience = patience
        self.offender, self.in_a_row = None, 0

    def on_epoch_end(self, epoch, logs=None):
        bad = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        finite = all_finite(self.model)
        if not bad and finite:
            self.in_a_row = 0
            return
        self.in_a_row += 1
        what = bad[0] if bad else "a weight"
        if finite and self.in_a_row < self.patience:
            tqdm.write(
                f"Warning: {what} is not a finite number while all weights are; going "
                f"on ({self.in_a_row} in a row; {self.patience} end the training).",
                file=sys.stderr,
            )
            return
        self.offender = what
        self.model.stop_training = True

    def get_state(self):
        """What a checkpoint keeps."""
        return {"in_a_row": self.in_a_row}

    def set_state(self, state):
        """Takes up what `get_state` gave."""
        self.in_a_row = state["in_a_row"]
