"""The run folder, and the loop that fits a model in it."""

import contextlib
import datetime
import json
import pathlib
import subprocess
import sys

import keras
import numpy as np

from experiments.common import Stopped
from experiments.recipes import read_store
from experiments.telemetry import profiled_steps
from hwgen_keras import __version__, callbacks, telemetry
from hwgen_keras.backend import synchronize_batch_norm
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, locked_folder, write_text


class Run:
    """A folder that holds what a run needs to be repeated and continued.

    `config.json` (all flags, versions, seed, git revision), `logs/` for TensorBoard,
    `history.jsonl`, `checkpoints/`, `samples/`, `metrics.json`.

    Used with `with`, at whose end the folder is free for other processes.

    Args:
        experiment: name of the script.
        options: its options; `run_dir` and `resume` say where.

    Raises:
        InputError: the folder is in use, or cannot be resumed.
    """

    def __init__(self, experiment, options):
        self.experiment, self.options = experiment, options
        if options.run_dir is None:
            options.run_dir = str(_next_folder(pathlib.Path("runs", experiment)))
        self.folder = pathlib.Path(options.run_dir)
        self.logs = self.folder / "logs"
        self.samples = self.folder / "samples"
        self.checkpoints = self.folder / "checkpoints"
        self.history = self.folder / "history.jsonl"
        # What failed before its first step left nothing to lose.
        started = self.history.exists() or callbacks.checkpoints(self.checkpoints)
        if started and not options.resume:
            raise InputError(
                f"--run_dir {self.folder} holds a run already; add --resume to "
                "continue it, or choose another folder."
            )
        self.lock = contextlib.ExitStack()
        self.lock.enter_context(locked_folder(self.folder, "--run_dir"))
        self.write_json("config.json", self._config())
        print(f"Run folder: {self.folder}", flush=True)

    def write_json(self, name, value):
        """Writes a JSON file of the run."""
        text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
        write_text(self.folder / name, text + "\n")

    def note(self, **values):
        """Adds facts about the run, such as a choice it made, to config.json."""
        config = json.loads((self.folder / "config.json").read_text("utf-8"))
        config["notes"].update(values)
        self.write_json("config.json", config)

    def save(self, model, name):
        """Saves a model as `name` in the run folder and returns the path."""
        with complete_file(self.folder / name) as partial:
            model.save(partial)
        return self.folder / name

    def _config(self):
        values = {k: v for k, v in vars(self.options).items() if k != "given"}
        return {
            "experiment": self.experiment,
            "command": sys.argv,
            "started": datetime.datetime.now().isoformat(timespec="seconds"),
            "backend": keras.backend.backend(),
            "versions": {
                "hwgen_keras": __version__,
                "keras": keras.__version__,
                "numpy": np.__version__,
                "python": sys.version.split()[0],
            },
            "git_revision": _git_revision(),
            "flags": values,
            "notes": {},
        }

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # Other processes may use the folder again.
        self.lock.close()


def _next_folder(parent):
    numbers = [
        int(p.name.split("-")[0])
        for p in parent.glob("[0-9]*")
        if p.name.split("-")[0].isdigit()
    ]
    return parent / f"{max(numbers, default=-1) + 1:03d}"


def _git_revision():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = pathlib.Path(__file__).parent
    try:
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None


def default_interval(steps, group=1):
    """A twentieth of a run, from 10 to 1000 steps, and a multiple of `group`."""
    return -(-max(10, min(1000, steps // 20)) // group) * group


def fit(run, model, make_feed, draw=None, title=None, extra=()):
    """Trains a compiled, built model from its last checkpoint to `options.steps`.

    Args:
        run: the `Run`.
        model: a compiled and built model.
        make_feed: a function (first step, number of steps) → data for `fit`.
        draw: optional function, model → PIL image, shown at every interval.
        title: of the progress bar.
        extra: further callbacks.

    Raises:
        Stopped: a signal came; a checkpoint was written.
        InputError: a loss is not finite.
    """
    steps = run.options.steps
    interval = run.options.interval or default_interval(
        steps, run.options.steps_per_execution
    )
    run.options.interval = interval
    synchronize_batch_norm(model)
    # Otherwise TensorFlow traces the step twice: once more with the new variables.
    model.optimizer.build(model.trainable_variables)
    first = callbacks.restore(model, run.checkpoints)
    if 0 < first < steps:
        print(f"Continuing at step {first} of {steps}.", flush=True)
    progress = callbacks.Progress(first, steps, title or run.experiment)
    data_wait = telemetry.DataWait()
    log = callbacks.EventLog(
        run.logs, run.history, progress, run.options.batch_size, data_wait
    )
    guard, signals = callbacks.NonFiniteGuard(), callbacks.StopOnSignal()
    # `extra` first: what they measure is logged, too.
    watchers = [*extra, progress, signals, log]
    if draw is not None:
        watchers.append(callbacks.SampleSheet(draw, run.samples, log))
    watchers += [callbacks.Checkpoint(run.checkpoints, progress), guard]
    profile = contextlib.nullcontext()
    if run.options.profile is not None:
        profile = telemetry.Profile(run.logs, progress, *profiled_steps(run.options))
        watchers.append(profile)
    watchers.append(data_wait)
    with signals, progress.bar, profile:
        while progress.step < steps and not guard.offender and not signals.name:
            # A whole number of intervals at once; what is left before and after, alone.
            step, left = progress.step, steps - progress.step
            length = min(left, interval - step % interval)
            epochs = left // interval if length == interval else 1
            model.fit(
                make_feed(step, epochs * length),
                epochs=epochs,
                steps_per_epoch=length,
                shuffle=False,
                verbose=0,
                callbacks=watchers,
            )
    if guard.offender:
        raise InputError(
            f"Training stopped at step {progress.step}: {guard.offender} is not a "
            f"finite number; the last good checkpoint is in {run.checkpoints}; lower "
            "--learning_rate."
        )
    if signals.name and progress.step < steps:
        raise Stopped(
            f"{signals.name}: stopped after step {progress.step} of {steps}; continue "
            f"with the same command, --run_dir={run.folder} --resume."
        )


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


def read_history(run):
    """The logged metrics of a run as lists, with `step`."""
    lines = run.history.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {name: [row.get(name) for row in rows] for name in rows[0]}
