"""What happens around training: logs, pictures, checkpoints, signals, bad numbers.

TensorBoard's event files are written with the package tensorboard alone, so that
logs exist on every backend, with TensorFlow installed or not.
"""

import io
import json
import math
import pathlib
import shutil
import signal
import time

import keras
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file
from hwgen_keras.telemetry import tag

WEIGHTS, PROGRESS = "training.weights.h5", "progress.json"


class Progress(keras.callbacks.Callback):
    """Counts the steps of a run, over several `fit`s, and shows a progress bar.

    Args:
        step: steps done before.
        steps: steps of the whole run.
        title: what the bar is called.
        show: whether to show it.
    """

    def __init__(self, step, steps, title="training", show=True):
        super().__init__()
        self.step, self.steps = step, steps
        self.bar = tqdm(
            total=steps, initial=step, unit="step", desc=title, disable=not show
        )

    def on_train_batch_begin(self, batch, logs=None):
        self.begun = batch

    def on_train_batch_end(self, batch, logs=None):
        # `batch` is the last of an execution of several steps, or would be, were
        # there so many left.
        steps = min(batch, self.params["steps"] - 1) - self.begun + 1
        self.step += steps
        self.bar.update(steps)

    def on_epoch_end(self, epoch, logs=None):
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{logs['loss']:.3f}")


class EventLog(keras.callbacks.Callback):
    """Writes metrics, learning rates and speed for TensorBoard, and as JSON lines.

    Metrics keep their names in the JSON lines; TensorBoard gets them by groups, see
    `telemetry.tag`.

    Args:
        folder: where event files go.
        history: the JSON lines file; a line an epoch of `fit`.
        progress: the `Progress` that knows the step.
        batch_size: rows in a batch, to log `images_per_second`.
        data_wait: a `telemetry.DataWait` whose share is logged.
    """

    def __init__(self, folder, history, progress, batch_size=None, data_wait=None):
        super().__init__()
        self.writer = EventFileWriter(str(folder))
        self.history, self.progress = pathlib.Path(history), progress
        self.batch_size, self.data_wait = batch_size, data_wait
        self.started = time.monotonic()
        self.last_step = progress.step

    def on_epoch_end(self, epoch, logs=None):
        values = {name: float(value) for name, value in (logs or {}).items()}
        values.update(self._learning_rates())
        elapsed = time.monotonic() - self.started
        speed = (self.progress.step - self.last_step) / elapsed
        values["steps_per_second"] = speed
        if self.batch_size is not None:
            values["images_per_second"] = self.batch_size * speed
        if self.data_wait is not None and self.data_wait.share is not None:
            values["data_wait"] = self.data_wait.share
        self.started, self.last_step = time.monotonic(), self.progress.step
        self.scalars(values)
        with open(self.history, "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.progress.step, **values}) + "\n")

    def on_train_end(self, logs=None):
        self.writer.flush()

    def _learning_rates(self):
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        parts = getattr(optimizer, "optimizers", None)
        if parts is None:
            parts = {"learning_rate": optimizer}
        else:
            parts = {f"learning_rate_{part.name}": part for part in parts}
        # Of a variable on several devices TensorFlow makes no float, of a sum it does.
        return {name: float(part.learning_rate + 0.0) for name, part in parts.items()}

    def scalars(self, values):
        """Writes numbers at the current step."""
        self._write(
            [Summary.Value(tag=tag(name), simple_value=v) for name, v in values.items()]
        )

    def image(self, tag, picture):
        """Writes a PIL image at the current step."""
        file = io.BytesIO()
        picture.save(file, "PNG")
        image = Summary.Image(
            height=picture.height,
            width=picture.width,
            colorspace=len(picture.getbands()),
            encoded_image_string=file.getvalue(),
        )
        self._write([Summary.Value(tag=tag, image=image)])

    def _write(self, values):
        event = Event(wall_time=time.time(), step=self.progress.step)
        event.summary.CopyFrom(Summary(value=values))
        self.writer.add_event(event)


class SampleSheet(keras.callbacks.Callback):
    """Draws the same probes again and again while the model learns.

    Args:
        draw: a function, model → PIL image.
        folder: where the pictures go, a PNG each time.
        log: the `EventLog` that shows them, too.
        every: number of epochs of `fit` between two pictures.
    """

    def __init__(self, draw, folder, log, every=1):
        super().__init__()
        self.draw, self.folder = draw, pathlib.Path(folder)
        self.log, self.every = log, every

    def on_epoch_end(self, epoch, logs=None):
        # On JAX variables are put back into the model only when one asks through it.
        step = self.log.progress.step
        if (epoch + 1) % self.every and step < self.log.progress.steps:
            return
        picture = self.draw(self.model)
        self.folder.mkdir(parents=True, exist_ok=True)
        with complete_file(self.folder / f"step-{step:08d}.png") as partial:
            picture.save(partial)
        self.log.image("samples", picture)


class Checkpoint(keras.callbacks.Callback):
    """Saves weights and optimizers, each time into a folder of its own.

    Args:
        folder: of the checkpoints.
        progress: the `Progress` that knows the step.
        keep: how many of the last checkpoints to keep.
    """

    def __init__(self, folder, progress, keep=2):
        super().__init__()
        self.folder, self.progress, self.keep = pathlib.Path(folder), progress, keep

    def on_epoch_end(self, epoch, logs=None):
        step = self.progress.step
        if logs and not all(math.isfinite(value) for value in logs.values()):
            return
        with complete_file(self.folder / f"step-{step:08d}") as partial:
            partial.mkdir()
            self.model.save_weights(partial / WEIGHTS)
            progress = {
                "step": step,
                "seeds": [v.numpy().tolist() for v in _seed_states(self.model)],
            }
            (partial / PROGRESS).write_text(json.dumps(progress))
        for old in checkpoints(self.folder)[: -self.keep]:
            shutil.rmtree(old)


def _seed_states(model):
    """The states of the layers that draw random numbers; weight files lack them."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


def checkpoints(folder):
    """The folders of complete checkpoints, oldest first."""
    folder = pathlib.Path(folder)
    return sorted(p for p in folder.glob("step-*") if (p / PROGRESS).is_file())


def restore(model, folder):
    """Brings the newest checkpoint back into a compiled and built model.

    Returns:
        The step it was saved at; 0 if there is none.

    Raises:
        InputError: the checkpoint does not fit the model or is damaged.
    """
    found = checkpoints(folder)
    if not found:
        return 0
    newest = found[-1]
    model.optimizer.build(model.trainable_variables)
    try:
        model.load_weights(newest / WEIGHTS)
        progress = json.loads((newest / PROGRESS).read_text())
        for variable, state in zip(_seed_states(model), progress["seeds"], strict=True):
            variable.assign(state)
        return int(progress["step"])
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"The checkpoint {newest} does not fit this run ({reason}); delete it to "
            "continue from the one before."
        ) from error


class StopOnSignal(keras.callbacks.Callback):
    """Ends training after the current step at Ctrl-C or SIGTERM.

    A second signal acts at once. `name` tells which signal came, or None.
    """

    def __init__(self):
        super().__init__()
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
        signal.signal(number, self.before[number])

    def on_train_batch_end(self, batch, logs=None):
        if self.name is not None:
            self.model.stop_training = True


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops training when a metric of an epoch is not a finite number.

    `offender` is the name of that metric, or None.
    """

    def __init__(self):
        super().__init__()
        self.offender = None

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self.offender = name
                self.model.stop_training = True
                return
