"""Outputs of a training in progress: a progress bar, logs, pictures, the best model.

The package tensorboard writes its event files without TensorFlow, on every backend.
"""

import io
import json
import pathlib
import time

import keras
import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tqdm import tqdm

from hwgen_keras.evaluation import read_store
from hwgen_keras.files import complete_file
from hwgen_keras.training.telemetry import tag


class Progress(keras.callbacks.Callback):
    """Counts the steps of a run, from `step` to `steps`, in a progress bar."""

    def __init__(self, step, steps, title="training", show=True):
        super().__init__()
        self.step, self.steps = step, steps
        self.bar = tqdm(
            total=steps, initial=step, unit="step", desc=title, disable=not show
        )

    def on_train_batch_begin(self, batch, logs=None):
        self.begun = batch

    def on_train_batch_end(self, batch, logs=None):
        # With several steps in an execution, `batch` may lie past the epoch's end.
        steps = min(batch, self.params["steps"] - 1) - self.begun + 1
        self.step += steps
        self.bar.update(steps)

    def on_epoch_end(self, epoch, logs=None):
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{logs['loss']:.3f}")


class EventLog(keras.callbacks.Callback):
    """Writes metrics, learning rates and speed for TensorBoard, and as JSON lines.

    Metrics keep their names in the JSON lines; in TensorBoard they have groups, see
    `telemetry.tag`.

    Args:
        folder: of the event files.
        history: the JSON lines file; a line an epoch of `fit`.
        progress: the run's `Progress`.
        batch_size: rows in a batch, to log `images_per_second`.
        data_wait: a `telemetry.DataWait`, to log its share.
    """

    def __init__(self, folder, history, progress, batch_size=None, data_wait=None):
        super().__init__()
        self.writer = EventFileWriter(str(folder))
        self.history, self.progress = pathlib.Path(history), progress
        self.batch_size, self.data_wait = batch_size, data_wait
        self.started = time.monotonic()
        self.last_step = progress.step
        if progress.step > 0:
            # TensorBoard forgets what an earlier run logged beyond this step.
            start = SessionLog(status=SessionLog.START)
            self.writer.add_event(
                Event(wall_time=time.time(), step=progress.step + 1, session_log=start)
            )

    def on_epoch_end(self, epoch, logs=None):
        values = {name: float(value) for name, value in (logs or {}).items()}
        values |= self._learning_rates()
        now, step = time.monotonic(), self.progress.step
        speed = (step - self.last_step) / (now - self.started)
        values["steps_per_second"] = speed
        if self.batch_size is not None:
            values["images_per_second"] = self.batch_size * speed
        if self.data_wait is not None and self.data_wait.share is not None:
            values["data_wait"] = self.data_wait.share
        self.started, self.last_step = now, step
        self._write(
            [Summary.Value(tag=tag(name), simple_value=v) for name, v in values.items()]
        )
        with open(self.history, "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

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
        # TensorFlow converts no variable on several devices to float, but their sum.
        return {name: float(part.learning_rate + 0.0) for name, part in parts.items()}

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
    """Saves pictures as PNG files and in a log.

    Args:
        draw: a function, model → PIL image.
        folder: of the pictures.
        log: the `EventLog`.
        every: number of epochs of `fit` between two pictures.
    """

    def __init__(self, draw, folder, log, every=1):
        super().__init__()
        self.draw, self.folder = draw, pathlib.Path(folder)
        self.log, self.every = log, every

    def on_epoch_end(self, epoch, logs=None):
        step = self.log.progress.step
        if (epoch + 1) % self.every and step < self.log.progress.steps:
            return
        # On JAX, reading `self.model` syncs its weights.
        picture = self.draw(self.model)
        self.folder.mkdir(parents=True, exist_ok=True)
        with complete_file(self.folder / f"step-{step:08d}.png") as partial:
            picture.save(partial)
        self.log.image("samples", picture)


class KeepBest(keras.callbacks.Callback):
    """Saves the classifier as `name` when its accuracy on `store` improves."""

    def __init__(self, run, name, store):
        super().__init__()
        self.run, self.name, self.store = run, name, store

    def on_epoch_end(self, epoch, logs=None):
        predicted, _ = read_store(self.model, self.store)
        accuracy = float(np.mean(predicted == self.store.labels))
        logs["validation_accuracy"] = accuracy
        best = self.run.folder / "best.json"
        earlier = json.loads(best.read_text()) if best.exists() else {}
        if accuracy > earlier.get("validation_accuracy", -1.0):
            self.run.save(self.model, self.name)
            self.run.write_json("best.json", {"validation_accuracy": accuracy})
