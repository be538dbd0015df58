"""Settings of a script: frozen dataclasses whose fields know their help and range.

A script's settings inherit from `Settings`; each of its fields is a `setting(...)`.
Command-line flags are made from these fields, and a call from Python is checked alike:

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Settings(training.Seed, settings.Settings):
        count: int = setting(20, "Images of each character.", above=0)
"""

import dataclasses
import functools
import math
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

from hwgen_keras.errors import InputError

# What a setting can change: the result itself; how much of it there is, to which more
# may be added later; or nothing but how the result is reached.
RESULT, EXTENT, NOTHING = "result", "extent", "nothing"


@dataclasses.dataclass(frozen=True)
class Rule:
    """What is known of a setting beside its name, type and value.

    Attributes:
        default: the value without a given one; None: open, or filled in later.
        help: one or two sentences for `--help`.
        changes: `RESULT`, `EXTENT` or `NOTHING`.
        choices: the values allowed; a function that returns them, if they are known
            only after an import that takes long; or None.
        at_least, above, at_most, below: bounds of a number, or None.
        required: whether a value must be given.
        separator: the comma, where it joins several values in one flag, and `none`
            stands for no value; None: the flag is repeated.
        empty: whether an empty text is a value.
        alias: another name of the flag, or None.
    """

    default: Any
    help: str
    changes: str = RESULT
    choices: tuple[str, ...] | Callable[[], Iterable[str]] | None = None
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    required: bool = False
    separator: str | None = None
    empty: bool = False
    alias: str | None = None


def setting(default: Any = None, help: str = "", **rule: Any) -> Any:
    """A field of a `Settings` class.

    Args:
        default, help, rule: see `Rule`.
    """
    # In place of a default, so that what was given is known.
    return dataclasses.field(default=Rule(default, help, **rule))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a script. None stands for a value that is not given.

    Attributes:
        DEFAULTS: {model size: {setting: default}}, of settings whose default depends
            on the setting `size`; {None: {...}} where there is no such setting.
        given: names of the settings that were given.

    Raises:
        InputError: a value is missing, of another type, out of range or does not fit
            the others.
    """

    DEFAULTS: ClassVar[Mapping[str | None, Mapping[str, Any]]] = {}

    def __post_init__(self):
        given = {
            name: value
            for name, value in vars(self).items()
            if value is not None and not isinstance(value, Rule)
        }
        rules = rules_of(type(self))
        size = given.get("size", rules["size"].default) if "size" in rules else None
        values = {name: rule.default for name, rule in rules.items()}
        values |= {**self.DEFAULTS.get(size, {}), **given}
        for name, value in values.items():
            object.__setattr__(self, name, _checked(type(self), name, value))
        object.__setattr__(self, "given", frozenset(given))
        for name, value in self.derived().items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, _checked(type(self), name, value))
        # What is to be resumed is known after its run folder was read.
        if not getattr(self, "resume", False):
            self._check_required()
            self.check()

    def derived(self) -> dict[str, Any]:
        """{setting: value} of what follows from other settings if it is not given."""
        return {}

    def _check_required(self):
        for name, rule in rules_of(type(self)).items():
            if rule.required and not getattr(self, name):
                what = rule.help.split(". ")[0].rstrip(".")
                what = what[0].lower() + what[1:]
                raise InputError(f"--{name} is needed: {what}.")

    def check(self) -> None:
        """Raises InputError unless the settings fit each other."""

    @classmethod
    def among(cls, values: Mapping[str, Any], **more: Any) -> typing.Self:
        """The settings of this class, from values that may have other names, too."""
        values = {**values, **more}
        return cls(**{name: values[name] for name in rules_of(cls) if name in values})

    def replace(self, **changes: Any) -> typing.Self:
        """The settings with other values, checked again; all count as given."""
        return dataclasses.replace(self, **changes)

    def values(self, *changes: str) -> dict[str, Any]:
        """{name: value as JSON} of all settings, or of those that change something.

        Args:
            changes: `RESULT`, `EXTENT`, `NOTHING`: which settings; none: all.
        """
        return {
            name: as_json(getattr(self, name))
            for name, rule in rules_of(type(self)).items()
            if not changes or rule.changes in changes
        }


def rules_of(settings_class: type[Settings]) -> dict[str, Rule]:
    """{name: its `Rule`} of all settings of a class."""
    return {f.name: cast(Rule, f.default) for f in dataclasses.fields(settings_class)}


def like(settings_class: type[Settings], name: str, **changes: Any) -> Any:
    """A field as that of another class, but for some attributes of its `Rule`."""
    return setting(**{**vars(rules_of(settings_class)[name]), **changes})


@functools.cache
def type_of(settings_class: type[Settings], name: str) -> type:
    """The type of a setting without None: bool, int, float, str or tuple."""
    annotation = typing.get_type_hints(settings_class)[name]
    if isinstance(annotation, types.UnionType):
        annotation = next(a for a in annotation.__args__ if a is not type(None))
    return typing.get_origin(annotation) or annotation


def as_json(value: Any) -> Any:
    """A value as a JSON file gives it back."""
    return list(value) if isinstance(value, tuple) else value


def named_values(
    flag: str, values: Iterable[str], what: str = "PATH", empty: bool = False
) -> dict[str, list[str]]:
    """{name: its values} of a flag NAME=VALUE that may be given several times.

    Args:
        flag: its name.
        values: what was given.
        what: what a value is.
        empty: whether a value may be empty.

    Raises:
        InputError: a value has another form.
    """
    found: dict[str, list[str]] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not (name and equals and (value or empty)):
            raise InputError(f"--{flag}={text}: write it as NAME={what}.")
        found.setdefault(name, []).append(value)
    return found


def _checked(settings_class, name, value):
    """The value of a setting in its own type; InputError if it is not allowed."""
    rule, kind = rules_of(settings_class)[name], type_of(settings_class, name)
    if value is None or kind is tuple and not value:
        return () if kind is tuple else None
    if kind is tuple:
        values = [value] if isinstance(value, str | os.PathLike) else list(value)
        if rule.separator is not None:
            values = [each for text in values for each in str(text).split(",")]
            values = [each.strip() for each in values if each.strip() != "none"]
        # An empty text stands for none, as in the original's `--use_gen ""`.
        values = tuple(_text(each, name) for each in values if each != "")
        for each in values:
            _check_choice(each, name, rule)
        return values
    if kind is str:
        value = _text(value, name)
        if not value and not rule.empty:
            raise InputError(f"--{name} is empty; give a value, or leave it out.")
        _check_choice(value, name, rule)
        return value
    if kind is bool:
        if not isinstance(value, bool):
            raise InputError(f"--{name} is {value!r}; give true or false.")
        return value
    return _number(value, name, rule, kind)


def _text(value, name):
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"--{name} is {value!r}; give text.")
    return os.fspath(value)


def _check_choice(value, name, rule):
    choices = rule.choices() if callable(rule.choices) else rule.choices
    if choices is not None and value not in choices:
        known = ", ".join(choices)
        raise InputError(f"--{name}: there is no {value!r}; use {known}.")


def _number(value, name, rule, kind):
    allowed = int if kind is int else int | float
    if isinstance(value, bool) or not isinstance(value, allowed):
        whole = "a whole number" if kind is int else "a number"
        raise InputError(f"--{name} is {value!r}; give {whole}.")
    value = kind(value)
    fits = (
        math.isfinite(value)
        and (rule.at_least is None or value >= rule.at_least)
        and (rule.above is None or value > rule.above)
        and (rule.at_most is None or value <= rule.at_most)
        and (rule.below is None or value < rule.below)
    )
    if not fits:
        raise InputError(f"--{name} is {value}; give {_range(rule)}.")
    return value


def _range(rule):
    """The allowed numbers, in words."""
    low, high = rule.at_least, rule.at_most
    if low is not None and high is not None:
        return f"{low} to {high}"
    parts = []
    if low is not None:
        parts.append(f"{low} or more")
    if rule.above is not None:
        parts.append(f"a number above {rule.above}")
    if high is not None:
        parts.append(f"{high} or less")
    if rule.below is not None:
        parts.append(f"less than {rule.below}")
    return " and ".join(parts) or "a finite number"


SIZES = ("tiny", "small", "base")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size(Settings):
    """The model size, on which defaults of other settings depend."""

    size: str = setting(
        "small",
        "Model size: tiny (tests), small (a CPU), base (the paper's).",
        choices=SIZES,
    )


def by_size(**values: tuple[Any, Any, Any]) -> dict[str | None, dict[str, Any]]:
    """`Settings.DEFAULTS` from a value of each of `SIZES`; None: no default."""
    rows = zip(*values.values(), strict=True)
    return {
        size: {n: v for n, v in zip(values, row, strict=True) if v is not None}
        for size, row in zip(SIZES, rows, strict=True)
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seed(Settings):
    """The seed of everything random."""

    seed: int = setting(0, "Seed of everything random.", at_least=0, below=2**32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output(Settings):
    """Where the result goes."""

    output: str = setting(
        None, "File or folder of the result.", changes=NOTHING, required=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewOutput(Output):
    """Where the result goes, which is all written at once."""

    output: str = setting(
        None, "What to make; it must not exist yet.", changes=NOTHING, required=True
    )

    def check(self) -> None:
        super().check()
        if os.path.exists(self.output):
            raise InputError(
                f"--output: {self.output} exists already; choose another folder."
            )
