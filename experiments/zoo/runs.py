"""The trainings of a model of saved_models/: run, continued, or found complete."""

import json
import pathlib
import re
import subprocess
import sys

from hwgen_keras.errors import InputError
from hwgen_keras.training.checkpoints import checkpoint_folders
from hwgen_keras.training.stages import STEPS

from ..flags.common import Stopped
from . import recipes as zoo

# Flags of reproduce that take the place of the recipe's, where it has them.
REPLACED = ("characters", "size", "image_size", "dtype_policy")


def flags_of(step, options):
    """The flags of a training, with what reproduce was asked for put in.

    Args:
        step: a name in `zoo.STEPS`.
        options: of reproduce.

    Raises:
        InputError: what a placeholder stands for was not given.
    """
    found = []
    for flag in zoo.STEPS[step].flags:
        name, equals, value = flag.partition("=")
        replacing = getattr(options, name[2:], None) if name[2:] in REPLACED else None
        if replacing is not None:
            found.append(f"{name}={replacing}")
        elif name == "--steps":
            found.append(f"{name}={max(1, round(int(value) * options.steps_scale))}")
        elif value.startswith("$runs/"):
            found.append(f"{name}={pathlib.Path(options.run_dir, value[6:])}")
        elif value.startswith("$"):
            found += [f"{name}={one}" for one in _given(step, options, value[1:])]
        else:
            found.append(flag)
    return found + _changes(options).get(step, [])


def _given(step, options, name):
    values = getattr(options, name)
    if name in ("cache", "writer_pattern"):
        # No cache is asked for by an empty one; no pattern is none.
        return [] if values is None else [values]
    if not values and name != "judge_handwriting":
        raise InputError(f"--{name} is needed: the training {step} takes it.")
    return values


def _changes(options):
    """What `--change` adds, {step: [flag, …]}."""
    found = {}
    for change in options.change:
        step, equals, flags = change.partition("=")
        if not equals or step not in zoo.STEPS or not flags.startswith("--"):
            raise InputError(
                f"--change={change}: write it as STEP=FLAGS, such as "
                f"generator=--steps=9000; the steps are {', '.join(zoo.STEPS)}."
            )
        found.setdefault(step, []).extend(flags.split())
    return found


def steps_of(model):
    """The trainings of a model and of its judge, in order."""
    return (*model.needs, *((model.judge,) if model.judge else ()))


def train(step, options):
    """Trains, goes on with a training, or finds that it is complete.

    It runs in a process of its own, as a user would start it.

    Returns:
        The run folder.

    Raises:
        InputError: the training failed.
        Stopped: it was ended by a signal, and can be continued.
    """
    folder = pathlib.Path(options.run_dir, step)
    flags = flags_of(step, options)
    complete = complete_run(folder, zoo.STEPS[step].product)
    if complete is not None:
        for difference in differences(complete, flags):
            print(f"{complete} is kept, though {difference}.")
        return complete
    command = [sys.executable, "-m", f"{__package__}.{zoo.STEPS[step].script}", *flags]
    command.append(f"--run_dir={folder}")
    if any(
        checkpoint_folders(one / "checkpoints") for one in (folder, folder / STEPS[0])
    ):
        command.append("--resume")
    print(f"Training {step}.", flush=True)
    code = subprocess.run(command).returncode
    complete = complete_run(folder, zoo.STEPS[step].product)
    if code in (0, 130) and complete is None:
        raise Stopped(f"{step} was stopped; the same command goes on.", code or 0)
    if code:
        raise InputError(
            f"The training {step} ended with {code}; its message is above, and its "
            f"folder is {folder}."
        )
    return complete


def complete_run(folder, product):
    """The run folder that holds what a training makes, or None.

    It is the folder itself, or that of the last of a generator's four steps.
    """
    for one in (folder, folder / STEPS[-1]):
        if (one / product).is_file():
            return one
    return None


def differences(folder, flags):
    """What a finished run has otherwise than flags ask for, sentences.

    Paths are not compared: the run may have been made elsewhere.
    """
    try:
        before = read_json(folder / "config.json")["flags"]
    except (InputError, KeyError):
        return []
    found = []
    # Of a flag that is given twice the last one counts.
    asked = dict(flag[2:].split("=", 1) for flag in flags if "=" in flag)
    for name, value in asked.items():
        now = before.get(name)
        if isinstance(now, list) or name in ("cache", "writer_pattern"):
            continue
        if re.search(r"[/\\]", value):
            continue
        if now is not None and not _same(now, value):
            found.append(f"it was trained with --{name}={now} and not {value}")
    return found


def _same(before, text):
    if isinstance(before, bool):
        return text.lower() == str(before).lower()
    if isinstance(before, int | float):
        return float(before) == float(text)
    return before == text


def read_json(path):
    """What a JSON file of a run holds.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return json.loads(pathlib.Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from None


def facts(step, folder):
    """What the folder of a finished run tells of its training, a dict for JSON."""
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
        "step": step,
        "script": zoo.STEPS[step].script,
        "flags": shown_flags(step, config),
        "steps": config["flags"].get("steps"),
        "batch_size": config["flags"].get("batch_size"),
        "simulated_writers": config["flags"].get("simulated_writers"),
        "minutes": round(seconds / 60, 1) if seconds else None,
        "backend": config.get("backend"),
        "versions": config.get("versions"),
        "git_revision": config.get("git_revision"),
        "last": {name: last[name] for name in measured if name in last},
    }


def shown_flags(step, config):
    """The flags of a run as a card shows them: without anybody's paths.

    They are those of the recipe, in its order, with the values that the run had.
    """
    flags, shown, seen = config["flags"], [], set()
    for flag in zoo.STEPS[step].flags:
        name, equals, value = flag.partition("=")
        if name in seen or name == "--cache":
            continue
        seen.add(name)
        now = flags.get(name[2:])
        if value.startswith("$runs/"):
            shown.append(f"{name}={value.replace('$runs', 'runs/zoo')}")
        elif isinstance(now, list):
            shown += [f"{name}={_public(name, one, value)}" for one in now]
        elif now is None or now is False and not equals:
            continue
        elif not equals:
            shown.append(name)
        elif name == "--writer_pattern":
            shown.append(f'{name}="{now}"')
        else:
            shown.append(f"{name}={_text(now)}")
    # What was given beyond the recipe changes the result, too.
    known = {flag.partition("=")[0] for flag in zoo.STEPS[step].flags}
    for given in config.get("command", [])[1:]:
        name = given.partition("=")[0]
        free = ("--run_dir", "--resume", "--cache", "--interval")
        if name.startswith("--") and name not in known and name not in free:
            value = given.partition("=")[2]
            shown.append(f"{name}={_text(value)}" if value else name)
    return [*shown, f"--run_dir=runs/zoo/{step}"]


def _text(value):
    """A flag's value; of a path the last part."""
    if isinstance(value, bool):
        return str(value).lower()
    return re.split(r"[/\\]", str(value))[-1]


def _public(name, path, placeholder):
    if name == "--fonts":
        return placeholder[1:].upper()
    return source_of(path) or pathlib.Path(path).name


def source_of(manifest):
    """The name of a public source in `zoo.SOURCES` of a manifest, or None."""
    text = str(manifest)
    try:
        entries = json.loads(pathlib.Path(manifest).read_text("utf-8-sig"))
        first = next(iter(entries.values()))[0]
        text = first if isinstance(first, str) else first["path"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration):
        pass
    for source in zoo.SOURCES:
        if re.search(source.pattern, text):
            return source.name
    return None
