"""Early ends of a training: signals, and values that are not finite."""

import math
import signal
import sys
import threading

import keras
from keras import ops
from tqdm import tqdm


class CaughtSignals:
    """A context that records Ctrl-C and SIGTERM, at which `Checkpoint` stops.

    A second signal has its usual effect. `name` is the signal's name, or None. Only
    the main thread of a process can record them: a worker of Dask computes in another.
    """

    def __init__(self):
        self.name = None
        self.before = {}

    def __enter__(self):
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _receive(self, number, frame):
        self.name = signal.Signals(number).name
        self.__exit__()


def all_finite(model):
    """Whether all weights and variables of the optimizer are finite numbers."""
    return all(
        bool(ops.all(ops.isfinite(variable)))
        for variable in [*model.weights, *model.optimizer.variables]
        if variable.dtype.startswith(("float", "bfloat"))
    )


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops training when a weight, or a metric several times, is not finite.

    A metric alone may be so after a skipped step or a bad batch; then a warning is
    logged. `offender` names the metric or weight that ended the training, or is None.

    Args:
        patience: epochs of `fit` in a row with such a metric that end the training,
            from 1.
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
        offender = bad[0] if bad else "a weight"
        if finite and self.in_a_row < self.patience:
            tqdm.write(
                f"Warning: {offender} is not a finite number while all weights are; "
                f"continuing ({self.in_a_row} in a row; {self.patience} end the run).",
                file=sys.stderr,
            )
            return
        self.offender = offender
        self.model.stop_training = True

    def get_state(self):
        """The state that a checkpoint keeps."""
        return {"in_a_row": self.in_a_row}

    def set_state(self, state):
        """Restores a result of `get_state`."""
        self.in_a_row = state["in_a_row"]
