"""The trainings of a model of saved_models/: run, resumed, or found complete."""

import json
import pathlib
import subprocess
import sys

from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.inputs.settings import Images
from hwgen_keras.training.checkpoints import checkpoint_folders
from hwgen_keras.training.settings import STAGES

from .flags import differences, flags_of, script_of, shown_flags
from .recipes import TRAININGS


def train(training, settings):
    """Trains, resumes a training, or finds that it is complete.

    It runs in a process of its own, as a user would start it.

    Returns:
        The run folder.

    Raises:
        InputError: the training failed.
        Stopped: it was ended by a signal, and can be resumed.
    """
    folder = pathlib.Path(settings.run_dir, training)
    flags = flags_of(training, settings)
    complete = complete_run(folder, TRAININGS[training].product)
    if complete is not None:
        before = read_json(complete / "config.json")["flags"]
        for difference in differences(training, before, flags):
            print(f"{complete} is kept, though {difference}.")
        return complete
    command = [sys.executable, "-m", script_of(training).__name__, *flags]
    command.append(f"--run_dir={folder}")
    runs = (folder, folder / STAGES[0])
    if any(checkpoint_folders(run / "checkpoints") for run in runs):
        command.append("--resume")
    print(f"Training {training}.", flush=True)
    code = subprocess.run(command).returncode
    complete = complete_run(folder, TRAININGS[training].product)
    if code in (0, 130) and complete is None:
        raise Stopped(f"{training} was stopped; the same command resumes it.", code)
    if code:
        raise InputError(
            f"The training {training} ended with {code}; its message is above, and its "
            f"folder is {folder}."
        )
    return complete


def complete_run(folder, product):
    """The run folder that holds what a training makes, or None.

    It is the folder itself, or that of the last of a generator's four stages.
    """
    for each in (folder, folder / STAGES[-1]):
        if (each / product).is_file():
            return each
    return None


def read_json(path):
    """What a JSON file of a run holds.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return json.loads(pathlib.Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from None


def images_of(settings, folder):
    """How the images are read that a model is measured by, `Images`.

    Args:
        settings: of reproduce.
        folder: of the model's run, which decides what they leave open.
    """
    before = read_json(folder / "config.json")["flags"]
    given = {name: v for name, v in settings.values().items() if v is not None}
    return Images.among(before | given, skip_unknown_characters=True)


def facts(training, folder):
    """What the folder of a finished run says of its training, a dict for JSON."""
    config = read_json(folder / "config.json")
    seconds, before, last = 0.0, 0, {}
    history = folder / "history.jsonl"
    if history.is_file():
        for line in history.read_text("utf-8").splitlines():
            last = json.loads(line)
            speed = last.get("steps_per_second")
            if speed:
                seconds += (last["step"] - before) / speed
            before = last["step"]
    measured = ("accuracy", "loss", "reconstruction_loss", "retrieval_accuracy")
    metrics = folder / "metrics.json"
    if metrics.is_file():
        last |= read_json(metrics)
    return {
        "step": training,
        "script": TRAININGS[training].script,
        "flags": shown_flags(training, config),
        "steps": config["flags"].get("steps"),
        "batch_size": config["flags"].get("batch_size"),
        "simulated_writers": config["flags"].get("simulated_writers"),
        "minutes": round(seconds / 60, 1) if seconds else None,
        "backend": config.get("backend"),
        "versions": config.get("versions"),
        "git_revision": config.get("git_revision"),
        "last": {name: last[name] for name in measured if name in last},
    }
