"""The run folder: what a run needs to be repeated and continued."""

import contextlib
import datetime
import json
import pathlib
import shutil
import subprocess
import sys

import keras
import numpy as np

from hwgen_keras import __version__
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, locked_folder, writable, write_text
from hwgen_keras.settings import RESULT, as_json, rules_of
from hwgen_keras.training.checkpoints import checkpoint_folders


class Run:
    """A folder that holds what a run needs to be repeated and continued.

    `config.json` (all settings, versions, seed, git revision), `logs/` for TensorBoard,
    `history.jsonl`, `checkpoints/`, `samples/`, `metrics.json`.

    Used with `with`, at whose end the folder is free for other processes. A numbered
    folder is removed again if the run failed before its first step.

    Args:
        experiment: name of the script.
        settings: its settings; `run_dir` and `resume` say where.

    Raises:
        InputError: the folder is in use, or holds a run that is not to be resumed.
    """

    def __init__(self, experiment, settings):
        self.experiment, self.settings = experiment, settings
        self.numbered = settings.run_dir is None
        self.folder = (
            _next_folder(pathlib.Path("runs", experiment))
            if self.numbered
            else pathlib.Path(settings.run_dir)
        )
        self.logs = self.folder / "logs"
        self.samples = self.folder / "samples"
        self.checkpoints = self.folder / "checkpoints"
        self.history = self.folder / "history.jsonl"
        if self.started and not getattr(settings, "resume", False):
            raise InputError(
                f"--run_dir {self.folder} holds a run already; add --resume to "
                "continue it, or choose another folder."
            )
        self.lock = contextlib.ExitStack()
        self.lock.enter_context(locked_folder(self.folder, "--run_dir"))
        try:
            config = configuration(experiment, settings)
            config["flags"]["run_dir"] = str(self.folder)
            self.write_json("config.json", config)
        except InputError:
            self.lock.close()
            raise
        print(f"Run folder: {self.folder}", flush=True)

    @property
    def started(self):
        """Whether there is a step to lose."""
        return self.history.exists() or bool(checkpoint_folders(self.checkpoints))

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

    def last_metrics(self):
        """The metrics of the last line of history.jsonl, a dict."""
        line = self.history.read_text(encoding="utf-8").splitlines()[-1]
        return json.loads(line)

    def finish(self, model, name):
        """Saves a model and the last metrics of its training; returns the path."""
        path = self.save(model, name)
        self.write_json("metrics.json", self.last_metrics())
        return path

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        # Other processes may use the folder again.
        self.lock.close()
        if kind is not None and self.numbered and not self.started:
            shutil.rmtree(self.folder, ignore_errors=True)


def resumed(settings):
    """The settings of the run that `--resume` continues.

    What is given now takes the place of what it was, where that may change.

    Args:
        settings: of a script; without `resume` they are returned as they are.

    Raises:
        InputError: there is no run to resume, or it was started with other settings.
    """
    if not settings.resume:
        return settings
    if settings.run_dir is None:
        raise InputError("--resume needs --run_dir, the folder to continue.")
    folder = pathlib.Path(settings.run_dir)
    # The four stages of a generator are runs in folders of their own.
    config, of_stage = folder / "config.json", folder / "step1" / "config.json"
    several = not config.exists() and of_stage.exists()
    if several:
        config = of_stage
    if not config.exists():
        raise InputError(
            f"--resume: {folder} holds no run to continue; check --run_dir."
        )
    before = json.loads(config.read_text(encoding="utf-8"))["flags"]
    values = {name: getattr(settings, name) for name in settings.given}
    for name, rule in rules_of(type(settings)).items():
        key = name if name in before else rule.alias
        if key not in before or name in ("resume", "run_dir"):
            continue
        if several and name == "stage":
            continue
        if name not in settings.given:
            values[name] = before[key]
        elif rule.changes == RESULT and as_json(values[name]) != before[key]:
            raise InputError(
                f"--resume: the run was started with --{name}={before[key]} and "
                f"cannot continue with {values[name]}; leave the flag out."
            )
    # Checked in full as settings that begin a run are.
    complete = type(settings)(**{**values, "resume": False})
    return complete.replace(resume=True)


def configuration(experiment, settings):
    """What config.json holds: how a script was called, and all versions, a dict."""
    return {
        "experiment": experiment,
        "command": sys.argv,
        "started": datetime.datetime.now().isoformat(timespec="seconds"),
        **versions(),
        "git_revision": _git_revision(),
        "flags": settings.values(),
        "notes": {},
    }


def versions():
    """The backend, and what else may decide a result: a dict for a JSON file."""
    return {
        "backend": keras.backend.backend(),
        "versions": {
            "hwgen_keras": __version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }


def set_up(settings):
    """Seeds Python, NumPy and the backend; returns whether to compile with XLA."""
    keras.utils.set_random_seed(settings.seed)
    if settings.jit_compile is None:
        return keras.backend.backend() == "jax"
    return settings.jit_compile


def _next_folder(parent):
    numbers = [
        int(p.name.split("-")[0])
        for p in parent.glob("[0-9]*")
        if p.name.split("-")[0].isdigit()
    ]
    return parent / f"{max(numbers, default=-1) + 1:03d}"


def _git_revision():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = pathlib.Path(__file__).parents[2]
    # Installed, it may lie within a repository that is none of ours.
    if not (folder / ".git").exists():
        return None
    try:
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None
