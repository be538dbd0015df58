"""The run folder, and the loop that fits a model in it."""

import contextlib
import datetime
import json
import pathlib
import subprocess
import sys

import keras
import numpy as np

from experiments.flags.common import Stopped, check_positive, versions
from hwgen_keras.backend import synchronize_batch_norm
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, locked_folder, writable, write_text
from hwgen_keras.training import callbacks, checkpoints, guards, telemetry
from hwgen_keras.training.profile_flags import profiled_steps
from hwgen_keras.training.recipes import read_store


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
        started = self.history.exists() or checkpoints.checkpoints(self.checkpoints)
        if started and not options.resume:
            raise InputError(
                f"--run_dir {self.folder} holds a run already; add --resume to "
                "continue it, or choose another folder."
            )
        self.lock = contextlib.ExitStack()
        self.lock.enter_context(locked_folder(self.folder, "--run_dir"))
        try:
            self.write_json("config.json", configuration(experiment, options))
        except InputError:
            self.lock.close()
            raise
        print(f"Run folder: {self.folder}", flush=True)

    def write_json(self, name, value):
        """Writes a JSON file of the run."""
        text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
        with self.writable():
            write_text(self.folder / name, text + "\n")

    def writable(self):
        """Within it, a full or unwritable disk raises InputError."""
        return writable(self.folder, "--run_dir")

    def note(self, **values):
        """Adds facts about the run, such as a choice it made, to config.json."""
        config = json.loads((self.folder / "config.json").read_text("utf-8"))
        config["notes"].update(values)
        self.write_json("config.json", config)

    def save(self, model, name):
        """Saves a model as `name` in the run folder and returns the path."""
        with self.writable(), complete_file(self.folder / name) as partial:
            model.save(partial)
        return self.folder / name

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # Other processes may use the folder again.
        self.lock.close()


def configuration(experiment, options):
    """What config.json holds: how a script was called, and all versions, a dict."""
    values = {k: v for k, v in vars(options).items() if k != "given"}
    return {
        "experiment": experiment,
        "command": sys.argv,
        "started": datetime.datetime.now().isoformat(timespec="seconds"),
        **versions(),
        "git_revision": _git_revision(),
        "flags": values,
        "notes": {},
    }


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
    # Installed, it may lie within a repository that is none of ours.
    if not (folder.parent / ".git").exists():
        return None
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
        extra: further callbacks; one with `get_state` and `set_state` goes on with
            what it knew; one that is `ended` ends the training.

    Raises:
        Stopped: a signal came; a checkpoint was written.
        InputError: a weight, or a loss again and again, is not finite; the run folder
            cannot be written; no checkpoint can be read.
    """
    options = run.options
    check_positive(options, "interval", "keep_checkpoints", "max_nonfinite")
    steps = options.steps
    interval = options.interval or default_interval(steps, options.steps_per_execution)
    options.interval = interval
    synchronize_batch_norm(model)
    with run.writable():
        restored = checkpoints.restore(model, run.checkpoints)
        first = restored["step"]
        checkpoints.trim_history(run.history, first)
    if not first:
        _seed(model, options.seed)
    if 0 < first < steps:
        print(f"Continuing at step {first} of {steps}.", flush=True)
    progress = callbacks.Progress(first, steps, title or run.experiment)
    data_wait = telemetry.DataWait()
    log = callbacks.EventLog(
        run.logs, run.history, progress, options.batch_size, data_wait
    )
    guard = guards.NonFiniteGuard(options.max_nonfinite)
    signals = guards.CaughtSignals()
    # `extra` first: what they measure is logged, too.
    watchers = [*extra, progress, log]
    if draw is not None:
        watchers.append(callbacks.SampleSheet(draw, run.samples, log))
    checkpoint = checkpoints.Checkpoint(
        run.checkpoints,
        progress,
        keep=options.keep_checkpoints,
        best_metric=options.best_metric,
        stateful=[*extra, guard],
        interval=interval,
        minutes=options.checkpoint_minutes,
        signals=signals,
    )
    checkpoint.resume(restored)
    watchers += [guard, checkpoint]
    profile = contextlib.nullcontext()
    if options.profile is not None:
        profile = telemetry.Profile(run.logs, progress, *profiled_steps(options))
        watchers.append(profile)
    watchers.append(data_wait)
    with run.writable(), signals, progress.bar, profile:
        while progress.step < steps and not _over(guard, signals, extra):
            # A whole number of intervals at once; what is left before and after, alone.
            step, left = progress.step, steps - progress.step
            length = min(left, interval - step % interval)
            epochs = left // interval if length == interval else 1
            feed = make_feed(step, epochs * length)
            if restored.get("metrics"):
                checkpoints.build_metrics(model, feed)
                restored = {}
            try:
                model.fit(
                    feed,
                    epochs=epochs,
                    steps_per_epoch=length,
                    shuffle=False,
                    verbose=0,
                    callbacks=watchers,
                )
            except checkpoints.Interrupted:
                log.on_train_end()
    if guard.offender:
        found = checkpoints.checkpoints(run.checkpoints)
        kept = f"the last good checkpoint is {found[-1]}" if found else "no checkpoint"
        raise InputError(
            f"Training stopped at step {progress.step}: {guard.offender} is not a "
            f"finite number; {kept}; lower --learning_rate."
        )
    if signals.name and progress.step < steps:
        raise Stopped(
            f"{signals.name}: stopped after step {progress.step} of {steps}; continue "
            f"with the same command, --run_dir={run.folder} --resume.",
            status=0 if signals.name == "SIGTERM" else 130,
        )


def _over(guard, signals, extra):
    """Whether the training must not go on, though steps are left."""
    ended = any(getattr(one, "ended", False) for one in extra)
    return guard.offender or signals.name or ended


def _seed(model, seed):
    """Sets what a new training draws apart from what the model did before."""
    for number, variable in enumerate(checkpoints.seed_states(model)):
        variable.assign(np.array([seed, number], "uint32"))


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
