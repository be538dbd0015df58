"""The flags of the trainings of saved_models/: as asked for, and as cards show them."""

import dataclasses
import functools
import importlib
import json
import pathlib
import re

from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.settings import OtherTests
from hwgen_keras.inputs.settings import Images
from hwgen_keras.settings import NOTHING, Settings, Size, like, rules_of, setting
from hwgen_keras.training.settings import Precision

from . import recipes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replaced(Settings):
    """Settings that replace those of the recipes that have them."""

    characters: str | None = setting(
        None,
        "Character set in place of the recipe's; so with --size, --image_size and "
        "--dtype_policy.",
    )
    size: str | None = like(Size, "size", default=None)
    image_size: int | None = like(Images, "image_size")
    dtype_policy: str | None = like(Precision, "dtype_policy", default=None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tests(OtherTests):
    """Settings of the hands that a reader learns from, and of what tests a model."""

    hand_fonts: tuple[str, ...] = setting(
        (),
        "Handwriting fonts, as --fonts takes them, that jis1-reader learns from as "
        "handwriting; may be given several times.",
    )
    test: tuple[str, ...] = setting(
        (),
        "Manifest of writers that neither model was trained on; may be given several "
        "times. Of each the kana or the kanji count, whichever are more; a recogniser "
        "reads all.",
        required=True,
    )


# Data without which a training cannot be.
_NEEDED = ("$fonts", "$hand_fonts", "$judge_fonts", "$handwriting")


@functools.cache
def script_of(training):
    """The module of experiments that runs a training, a name in `TRAININGS`."""
    script = recipes.TRAININGS[training].script
    return importlib.import_module(f"..{script}", __package__)


@functools.cache
def rules(training):
    """{flag: its `Rule`} of a training's script, other names of flags included."""
    found = rules_of(script_of(training).Settings)
    return found | {rule.alias: rule for rule in found.values() if rule.alias}


def trainings_of(model, judge=None):
    """The trainings of a model and of its judge, in order.

    Args:
        model: in `MODELS`.
        judge: path of a recogniser that is trained already, or None.
    """
    trained = model.judge if judge is None else None
    return (*model.needs, *((trained,) if trained else ()))


def flags_of(training, settings):
    """The flags of a training in `TRAININGS`, filled in from reproduce's settings."""
    found = []
    for flag in recipes.TRAININGS[training].flags:
        name, equals, value = flag.partition("=")
        replaced = name[2:] in rules_of(Replaced) and getattr(settings, name[2:])
        if replaced:
            found.append(f"{name}={replaced}")
        elif name in ("--steps", "--warmup_steps"):
            steps = round(int(value) * settings.steps_scale)
            found.append(f"{name}={max(steps, int(name == '--steps'))}")
        elif value.startswith("$runs/"):
            found.append(f"{name}={pathlib.Path(settings.run_dir, value[6:])}")
        elif value.startswith("$"):
            given = getattr(settings, value[1:])
            if not given and value in _NEEDED:
                raise InputError(
                    f"--{value[1:]} is needed: the training {training} takes it."
                )
            values = given if isinstance(given, tuple) else [given]
            found += [f"{name}={item}" for item in values]
        else:
            found.append(flag)
    for change in settings.change:
        changed, equals, flags = change.partition("=")
        if changed not in recipes.TRAININGS or not flags.startswith("--"):
            raise InputError(
                f"--change={change}: write it as TRAINING=FLAGS, such as "
                "generator=--steps=9000; the trainings are "
                f"{', '.join(recipes.TRAININGS)}."
            )
        found += flags.split() if changed == training else []
    return found


def given_flags(training, settings):
    """{flag: its value} of `flags_of`; a list of a flag that is repeated."""
    found: dict = {}
    for flag in flags_of(training, settings):
        name, _, value = flag[2:].partition("=")
        repeated = isinstance(rules(training)[name].default, tuple)
        found.setdefault(name, []).append(value)
        if not repeated:
            found[name] = value
    return found


def differences(training, before, flags):
    """Sentences on settings of a finished run that differ from flags.

    Paths are not compared: the run may be from another machine.

    Args:
        training: a name in `TRAININGS`.
        before: "flags" of the run's config.json.
        flags: see `flags_of`.
    """
    # Of a flag that is given twice the last value counts.
    expected = dict(flag[2:].split("=", 1) for flag in flags if "=" in flag)
    for name, value in expected.items():
        rule = rules(training).get(name)
        if rule is None or rule.changes == NOTHING or re.search(r"[/\\]", value):
            continue
        now = before.get(name, before.get(rule.alias))
        if not isinstance(now, list | None) and not _same(now, value):
            yield f"it was trained with --{name}={now} and not {value}"


def _same(before, text):
    if isinstance(before, bool):
        return text.lower() == str(before).lower()
    if isinstance(before, int | float):
        return float(before) == float(text)
    return before == text


def shown_flags(training, config):
    """The flags of a run as a card shows them: without anybody's paths.

    They are the recipe's, in its order, with the values of the run's config.json, then
    all others.
    """
    before, known = config["flags"], rules(training)
    shown, seen = [], {"run_dir", "output"}
    for flag in recipes.TRAININGS[training].flags:
        name, equals, value = flag[2:].partition("=")
        alias = known[name].alias
        if name in seen or known[name].changes == NOTHING:
            continue
        seen |= {name, alias}
        now = before.get(name, before.get(alias))
        if value.startswith("$runs/"):
            shown.append(f"--{name}={value.replace('$runs', 'runs/zoo')}")
        elif isinstance(now, list) and known[name].separator:
            shown.append(f"--{name}={known[name].separator.join(now)}")
        elif isinstance(now, list):
            shown += [f"--{name}={_public(name, path, value)}" for path in now]
        elif now is None or now is False and not equals:
            continue
        elif not equals:
            shown.append(f"--{name}")
        elif name == "writer_pattern":
            shown.append(f'--{name}="{now}"')
        else:
            shown.append(f"--{name}={_text(now)}")
    for given in config.get("command", [])[1:]:
        name, equals, value = given.removeprefix("--").partition("=")
        free = name in known and known[name].changes == NOTHING
        if given.startswith("--") and name not in seen and not free:
            shown.append(f"--{name}={_text(value)}" if value else given)
    flag = "output" if training in recipes.PREPARATIONS else "run_dir"
    return [*shown, f"--{flag}=runs/zoo/{training}"]


def _text(value):
    """A flag's value; of a path the last part."""
    if isinstance(value, bool):
        return str(value).lower()
    return re.split(r"[/\\]", str(value))[-1]


def _public(name, path, placeholder):
    if name == "fonts":
        return placeholder[1:].upper()
    file = pathlib.Path(path)
    if file.parent.name in recipes.PREPARATIONS:
        return f"runs/zoo/{file.parent.name}/{file.name}"
    return source_of(path) or file.name


def source_of(manifest):
    """The name of a public source in `SOURCES` of a manifest, or None."""
    text = str(manifest)
    try:
        entries = json.loads(pathlib.Path(manifest).read_text("utf-8-sig"))
        first = next(iter(entries.values()))[0]
        text = first if isinstance(first, str) else first["path"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration):
        pass
    for source in recipes.SOURCES:
        if re.search(source.pattern, text):
            return source.name
    return None
