"""The trainings of a model of saved_models/: run, resumed, or found complete."""

import json
import pathlib

from hwgen_keras import bundle
from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.files import read_json
from hwgen_keras.inputs.settings import Images
from hwgen_keras.training.settings import STAGES

from ..flags import train as run_training
from .flags import differences, flags_of, given_flags, shown_flags
from .recipes import PREPARATIONS, TRAININGS


def train(name, settings):
    """Runs a training in `TRAININGS`, resumes it, or finds it complete.

    Returns:
        The run folder.

    Raises:
        InputError: the training failed.
        Stopped: it was ended by a signal, and can be resumed.
    """
    training, folder = TRAININGS[name], pathlib.Path(settings.run_dir, name)
    flags = flags_of(name, settings)
    complete = complete_run(folder, training.product)
    if complete is not None and name in PREPARATIONS:
        return complete
    if complete is not None:
        before = read_json(complete / "config.json")["flags"]
        for difference in differences(name, before, flags):
            print(f"{complete} is kept, though {difference}.")
        return complete
    print(f"Training {name}.", flush=True)
    flag = "output" if name in PREPARATIONS else "run_dir"
    code = run_training(training.script, flags, folder, flag=flag)
    complete = complete_run(folder, training.product)
    if code in (0, 130) and complete is None:
        raise Stopped(f"{name} was stopped; the same command resumes it.", code)
    if code:
        raise InputError(
            f"The training {name} ended with {code}; its message is above, and its "
            f"folder is {folder}."
        )
    return complete


def complete_run(folder, product):
    """The folder that holds a training's product, or None.

    It is the run folder itself, or that of the last of a generator's four stages.
    """
    folders = (folder, folder / STAGES[-1])
    return next((path for path in folders if (path / product).is_file()), None)


def images_of(settings, folder):
    """The `Images` to measure a model by; its run decides what settings leave open."""
    before = read_json(folder / "config.json")["flags"]
    given = {name: v for name, v in settings.values().items() if v is not None}
    return Images.among(before | given, skip_unknown_characters=True)


def known_to(judge):
    """The `CharacterSet` and the image size of a recogniser, a run or a bundle.

    InputError if there is none, or it names neither.
    """
    weights = bundle.find_weights(judge)
    if weights is None:
        raise InputError(
            f"--judge: {judge} holds no recogniser; give its file, or its folder."
        )
    known, _ = bundle.read_run(weights)
    if not (known["characters"] and known["image_size"]):
        raise InputError(
            f"--judge: nothing beside {weights} names its characters and image size; "
            "give the folder of its run or of a shipped model."
        )
    return CharacterSet("the judge's", known["characters"]), known["image_size"]


def facts(name, folder, settings):
    """What the folder of a finished run says of its training, a dict for JSON.

    Of a preparation it is the command alone.
    """
    if name in PREPARATIONS:
        flags = shown_flags(name, {"flags": given_flags(name, settings)})
        return {"step": name, "script": TRAININGS[name].script, "flags": flags}
    config = read_json(folder / "config.json")
    flags = config["flags"]
    seconds, before, last = 0.0, 0, {}
    history, metrics = folder / "history.jsonl", folder / "metrics.json"
    if history.is_file():
        for line in history.read_text("utf-8").splitlines():
            last = json.loads(line)
            if speed := last.get("steps_per_second"):
                seconds += (last["step"] - before) / speed
            before = last["step"]
    if metrics.is_file():
        last |= read_json(metrics)
    measured = ("accuracy", "loss", "reconstruction_loss", "retrieval_accuracy")
    return {
        "step": name,
        "script": TRAININGS[name].script,
        "flags": shown_flags(name, config),
        **{n: flags.get(n) for n in ("steps", "batch_size", "simulated_writers")},
        "minutes": round(seconds / 60, 1) if seconds else None,
        **{n: config.get(n) for n in ("backend", "versions", "git_revision")},
        "last": {n: last[n] for n in measured if n in last},
    }
