"""What one sees of a training: a progress bar, logs, pictures.

TensorBoard's event files are written with the package tensorboard alone, so that
logs exist on every backend, with TensorFlow installed or not.
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
        if progress.step > 0:
            # TensorBoard forgets what an earlier run logged beyond this step.
            start = SessionLog(status=SessionLog.START)
            self.writer.add_event(
                Event(wall_time=time.time(), step=progress.step + 1, session_log=start)
            )

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


class KeepBest(keras.callbacks.Callback):
    """Saves the classifier whenever it reads other writers better than before.

    Args:
        run: the `Run`.
        name: of the file.
        store: `ImageStore` of the validation images.
    """

    def __init__(self, run, name, store):
        super().__init__()
        self.run, self.name, self.store = run, name, store

    def on_epoch_end(self, epoch, logs=None):
        predicted, _ = read_store(self.model, self.store)
        accuracy = float(np.mean(predicted == self.store.labels))
        logs["validation_accuracy"] = accuracy
        best = self.run.folder / "best.json"
        before = -1.0
        if best.exists():
            before = json.loads(best.read_text())["validation_accuracy"]
        if accuracy > before:
            self.run.save(self.model, self.name)
            self.run.write_json("best.json", {"validation_accuracy": accuracy})
