"""The run folder, with all that repeats or resumes a run."""

import contextlib
import dataclasses
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import keras
import numpy as np

from hwgen_keras import __version__
from hwgen_keras.characters import Domain
from hwgen_keras.errors import InputError
from hwgen_keras.files import (
    complete_file,
    locked_folder,
    read_json,
    writable,
    write_text,
)
from hwgen_keras.settings import RESULT, as_json, rules_of
from hwgen_keras.training.checkpoints import checkpoint_folders
from hwgen_keras.training.devices import expected_place

# What the class ids and the token ids of a run stand for, a name a line.
CHARACTERS, TOKENS = "characters.txt", "tokens.txt"
HISTORY = "history.jsonl"


class Run:
    """A folder with all that repeats or resumes a run, as a context.

    It has `config.json` (settings, versions, git revision), `characters.txt` and
    `tokens.txt` (what class ids and token ids stand for), `logs/` for TensorBoard,
    `history.jsonl`, `checkpoints/`, `samples/` and `metrics.json`. The end of the
    context unlocks the folder, and removes a numbered one whose run failed before its
    first step.

    Of several processes that train together the first alone writes the folder. The
    others read its checkpoints. As they must compute all that it computes, also to save
    it, they write the same to a folder of their own, which is removed.

    Args:
        experiment: name of the script.
        settings: its settings; `run_dir` and `resume` decide the folder.

    Attributes:
        folder: path of the folder.
        leads: whether this process writes it.

    Raises:
        InputError: the folder is in use, or holds a run without `--resume`.
    """

    def __init__(self, experiment, settings):
        self.experiment, self.settings = experiment, settings
        self.numbered = settings.run_dir is None
        self.folder = pathlib.Path(
            settings.run_dir or _next_folder(pathlib.Path("runs", experiment))
        )
        self.leads = expected_place(settings)[0] == 0
        self.checkpoints = self.folder / "checkpoints"
        if self.started and not getattr(settings, "resume", False):
            raise InputError(
                f"--run_dir {self.folder} holds a run already; add --resume to "
                "continue it, or choose another folder."
            )
        self.lock, own = contextlib.ExitStack(), self.folder
        if self.leads:
            self.lock.enter_context(locked_folder(self.folder, "--run_dir"))
        else:
            scratch = tempfile.TemporaryDirectory(prefix="hwgen-")
            own = pathlib.Path(self.lock.enter_context(scratch))
            for file in self.folder.glob("[!.]*.json*"):
                shutil.copy(file, own)
        # Where this process writes.
        self.own, self.history = own, own / HISTORY
        self.logs, self.samples = own / "logs", own / "samples"
        try:
            config = configuration(experiment, settings)
            config["flags"]["run_dir"] = str(self.folder)
            if self.started:
                # What was noted at the start is true of the whole run.
                before = read_json(self.folder / "config.json")
                config["notes"] = before.get("notes", {})
            self.write_json("config.json", config)
        except InputError:
            self.lock.close()
            raise
        print(f"Run folder: {self.folder}", flush=True)

    @property
    def started(self):
        """Whether the run has completed an interval."""
        written = (self.folder / HISTORY).exists()
        return written or bool(checkpoint_folders(self.checkpoints))

    def write_json(self, name, value):
        """Writes a JSON file of the run."""
        text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
        with self.writable():
            write_text(self.own / name, text + "\n")

    def writable(self):
        """A context in which a full or unwritable disk raises InputError."""
        return writable(self.folder, "--run_dir")

    def record(self, knowledge):
        """Writes what the ids of the training stand for: characters.txt, tokens.txt.

        They are files of one name a line, in the order of the ids, since the files of
        `--characters` and `--structure_file` may change later.

        Args:
            knowledge: the `Knowledge` of the training, without a tokenizer if no part
                of it reads structures.

        Raises:
            InputError: a resumed run was started with others.
        """
        named = {CHARACTERS: Domain.of_characters(knowledge.characters)}
        if knowledge.has_tokenizer:
            named[TOKENS] = Domain.of_tokens(knowledge.tokenizer)
        for file, domain in named.items():
            path = self.folder / file
            if self.started and path.is_file():
                names = tuple(path.read_text(encoding="utf-8").splitlines())
                before = dataclasses.replace(domain, names=names)
                flag = "--characters" if file == CHARACTERS else "--structure_file"
                remedy = f"give {flag} as it was, see {path}"
                before.check(domain, f"--resume: {self.folder}", remedy)
            elif self.leads:
                with self.writable():
                    write_text(
                        path, "".join(f"{name}\n" for name in domain.names or ())
                    )

    def note(self, **values):
        """Adds notes on the run to config.json."""
        config = json.loads((self.own / "config.json").read_text("utf-8"))
        config["notes"].update(values)
        self.write_json("config.json", config)

    def save(self, model, name):
        """Saves a model as `name` in the run folder and returns the path."""
        with self.writable(), complete_file(self.own / name) as partial:
            model.save(partial)
        return self.folder / name

    def last_metrics(self):
        """The metrics of the last line of history.jsonl, a dict."""
        return json.loads(self.history.read_text(encoding="utf-8").splitlines()[-1])

    def finish(self, model, name):
        """Saves a model and the last metrics of its training; returns the path."""
        path = self.save(model, name)
        self.write_json("metrics.json", self.last_metrics())
        return path

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        self.lock.close()
        if kind is not None and self.numbered and not self.started:
            shutil.rmtree(self.folder, ignore_errors=True)


def resumed(settings):
    """The settings of the run that `--resume` continues.

    Given settings replace those of the run, if they do not change its result.

    Args:
        settings: of a script; without `resume` they are returned unchanged.

    Raises:
        InputError: there is no run to resume, or its result would change.
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
    kept = ("resume", "run_dir", "stage") if several else ("resume", "run_dir")
    for name, rule in rules_of(type(settings)).items():
        key = name if name in before else rule.alias
        if key not in before or name in kept:
            continue
        if name not in settings.given:
            values[name] = before[key]
        elif rule.changes == RESULT and as_json(values[name]) != before[key]:
            raise InputError(
                f"--resume: the run was started with --{name}={before[key]} and "
                f"cannot continue with {values[name]}; leave the flag out."
            )
    # Without `resume`, all checks of a new run apply.
    return type(settings)(**{**values, "resume": False}).replace(resume=True)


def configuration(experiment, settings):
    """The content of config.json: command, settings and versions, a dict."""
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
    """The backend and the versions that a result depends on, a dict for JSON."""
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "versions": {
            "hwgen_keras": __version__,
            "keras": keras.__version__,
            backend: sys.modules[backend].__version__,
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
    names = [path.name.split("-")[0] for path in parent.glob("[0-9]*")]
    numbers = [int(name) for name in names if name.isdigit()]
    return parent / f"{max(numbers, default=-1) + 1:03d}"


def _git_revision():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = pathlib.Path(__file__).parents[2]
    # An installed package may lie in the repository of another project.
    if not (folder / ".git").exists():
        return None
    try:
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError:
        return None
    return result.stdout.strip() or None
