"""Settings of a script: frozen dataclasses whose fields have a help and a range.

A script's settings inherit from `Settings`; each field is a `setting(...)`. The fields
define the command-line flags, and a call from Python is checked like the flags:

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Settings(training.Seed, settings.Settings):
        count: int = setting(20, "Images of each character.", above=0)
"""

import dataclasses
import functools
import math
import operator
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

from hwgen_keras.errors import InputError

# What a setting changes: the result itself; its extent, which a resumed script may
# enlarge; or nothing of the result.
RESULT, EXTENT, NOTHING = "result", "extent", "nothing"


@dataclasses.dataclass(frozen=True)
class Rule:
    """The default, help and limits of a setting.

    Attributes:
        default: the value of a setting that is not given; None: no value, or one of
            `Settings.DEFAULTS` or `Settings.derived`.
        help: one or two sentences for `--help`.
        changes: `RESULT`, `EXTENT` or `NOTHING`.
        choices: the allowed values; a function that returns them, if they need a slow
            import; or None: all.
        at_least, above, at_most, below: bounds of a number, or None.
        required: whether a value must be given.
        separator: a comma: the flag takes several values, joined by commas, and `none`
            stands for no value; None: the flag is repeated for each value.
        empty: whether an empty text is allowed.
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
    # A rule as the default of the field marks a setting that is not given.
    return dataclasses.field(default=Rule(default, help, **rule))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a script, checked; None stands for a value that is not given.

    Attributes:
        DEFAULTS: {model size: {setting: default}}, the defaults that depend on the
            setting `size`; {None: {...}} for a class without it.
        given: names of the settings that were given.

    Raises:
        InputError: a value is missing, has another type, is out of range, or does not
            fit the other values.
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
        for name, value in {**values, **self.DEFAULTS.get(size, {}), **given}.items():
            self._set(name, value)
        object.__setattr__(self, "given", frozenset(given))
        for name, value in self.derived().items():
            if getattr(self, name) is None:
                self._set(name, value)
        # The run folder of a resumed script holds the settings that are not given.
        if not getattr(self, "resume", False):
            for name, rule in rules.items():
                if rule.required and not getattr(self, name):
                    help = rule.help.split(". ")[0].rstrip(".")
                    help = help[0].lower() + help[1:]
                    raise InputError(f"--{name} is needed: {help}.")
            self.check()

    def _set(self, name, value):
        object.__setattr__(self, name, _checked(type(self), name, value))

    def derived(self) -> dict[str, Any]:
        """{setting: value} for settings without a value, from the other settings."""
        return {}

    def check(self) -> None:
        """Raises InputError unless the settings fit each other."""

    @classmethod
    def among(cls, values: Mapping[str, Any], **more: Any) -> typing.Self:
        """The settings of this class, from values among which others may be."""
        values = {**values, **more}
        return cls(**{name: values[name] for name in rules_of(cls) if name in values})

    def replace(self, **changes: Any) -> typing.Self:
        """A copy with changed values, checked again; all its values count as given."""
        return dataclasses.replace(self, **changes)

    def values(self, *changes: str) -> dict[str, Any]:
        """{name: value for JSON} of the settings that change `changes`; none: all.

        Args:
            changes: of `RESULT`, `EXTENT` and `NOTHING`.
        """
        return {
            name: as_json(getattr(self, name))
            for name, rule in rules_of(type(self)).items()
            if not changes or rule.changes in changes
        }


def rules_of(settings_class: type[Settings]) -> dict[str, Rule]:
    """{name of a setting: its `Rule`}."""
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
    """A setting's value as JSON returns it: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value


def named_values(
    flag: str, values: Iterable[str], what: str = "PATH", empty: bool = False
) -> dict[str, list[str]]:
    """{name: its values} of a repeated flag NAME=VALUE.

    Args:
        flag: name of the flag.
        values: the texts NAME=VALUE.
        what: the word for VALUE in the error.
        empty: whether a value may be empty.

    Raises:
        InputError: a text has another form, or its name cannot be that of a folder.
    """
    named: dict[str, list[str]] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not (name and equals and (value or empty)):
            raise InputError(f"--{flag}={text}: write it as NAME={what}.")
        if {"/", "\\"} & {*name} or name in (".", ".."):
            raise InputError(
                f"--{flag}={text}: {name!r} cannot be the name of a folder of results; "
                "give another."
            )
        named.setdefault(name, []).append(value)
    return named


def _checked(settings_class, name, value):
    """A value in the type of its setting; InputError if it is not allowed."""
    rule, kind = rules_of(settings_class)[name], type_of(settings_class, name)
    if value is None or kind is tuple and not value:
        return () if kind is tuple else None
    if kind is tuple:
        values = [value] if isinstance(value, str | os.PathLike) else list(value)
        if rule.separator is not None:
            parts = (part.strip() for text in values for part in str(text).split(","))
            values = [part for part in parts if part != "none"]
        # An empty text stands for none, as in the original's `--use_gen ""`.
        values = tuple(_text(text, name) for text in values if text != "")
        for text in values:
            _check_choice(text, name, rule)
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
        raise InputError(f"--{name}: there is no {value!r}; use {', '.join(choices)}.")


# {bound of a `Rule`: (its comparison, the bound in words)}.
_BOUNDS = {
    "at_least": (operator.ge, "{} or more"),
    "above": (operator.gt, "a number above {}"),
    "at_most": (operator.le, "{} or less"),
    "below": (operator.lt, "less than {}"),
}


def _number(value, name, rule, kind):
    allowed = int if kind is int else int | float
    if isinstance(value, bool) or not isinstance(value, allowed):
        whole = "a whole number" if kind is int else "a number"
        raise InputError(f"--{name} is {value!r}; give {whole}.")
    value = kind(value)
    bounds = {key: getattr(rule, key) for key in _BOUNDS}
    bounds = {key: bound for key, bound in bounds.items() if bound is not None}
    fits = (_BOUNDS[key][0](value, bound) for key, bound in bounds.items())
    if math.isfinite(value) and all(fits):
        return value
    words = " and ".join(_BOUNDS[key][1].format(bound) for key, bound in bounds.items())
    if bounds.keys() == {"at_least", "at_most"}:
        words = f"{rule.at_least} to {rule.at_most}"
    raise InputError(f"--{name} is {value}; give {words or 'a finite number'}.")


SIZES = ("tiny", "small", "base")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size(Settings):
    """The model size, which sets defaults of other settings."""

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
    """The seed of all random numbers."""

    seed: int = setting(0, "Seed of everything random.", at_least=0, below=2**32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output(Settings):
    """The path of the result."""

    output: str = setting(
        None, "File or folder of the result.", changes=NOTHING, required=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewOutput(Output):
    """The path of a result that must not exist yet."""

    output: str = setting(
        None,
        "Path of the result; it must be new.",
        changes=NOTHING,
        required=True,
    )

    def check(self) -> None:
        super().check()
        if self.output and os.path.lexists(self.output):
            raise InputError(
                f"--output: {self.output} exists already; choose another name."
            )
