"""The exceptions of the package, checks of arguments, and errors of other libraries."""

import contextlib
import math
import numbers
from collections.abc import Iterable
from typing import Any


def reason_of(error: BaseException) -> str:
    """The first line of an exception's message; its class if it has no message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def loading(path, what):
    """Within it, any error is one of the file at `path`, loaded as `what`.

    Libraries raise exceptions of many kinds for a damaged file.
    """
    try:
        yield
    except Exception as error:
        raise InputError(
            f"{path} cannot be loaded as {what} ({reason_of(error)}); get it again."
        ) from error


class InputError(ValueError):
    """Bad input, in one sentence: which file or flag, what is wrong, what to do.

    Experiment scripts print the sentence and exit with status 2; in a notebook it
    is an ordinary `ValueError`.

    Example:
        >>> try:
        ...     hw.character_set("kana").index("A")
        ... except hw.InputError as error:
        ...     print(error)
        The character 'A' is not in the character set kana (92 characters); choose a
        set that has it.
    """


class InputWarning(UserWarning):
    """Input that is used, and perhaps not meant so, in one sentence."""


def described(value: object) -> str:
    """A wrong value in a sentence: itself if it is short, else its type."""
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"a {type(value).__name__}"


def check_whole(value: Any, name: str, least: int) -> None:
    """Raises InputError unless a value is a whole number of `least` or more."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise InputError(
            f"{name} is {described(value)}; give a whole number of {least} or more."
        )


def check_number(value: Any, name: str, words: str, least=0.0, most=math.inf) -> None:
    """Raises InputError unless a value is one finite number from `least` to `most`.

    Args:
        value: an argument.
        name: its name in the sentence.
        words: what to give instead.
        least, most: bounds of the number.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not least <= value <= most or math.isinf(value):
        raise InputError(f"{name} is {described(value)}; give {words}.")


def as_list(values: Any, name: str, words: str, kind: type | None = None) -> list:
    """The values of an argument as a list.

    Args:
        values: the argument; a string or a mapping is no list of values.
        name: its name in the sentence.
        words: what to give instead.
        kind: class of each value; None: any.

    Raises:
        InputError: it is not iterable, or a value is of another class.
    """
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | dict):
        raise InputError(f"{name} is {described(values)}; give {words}.")
    values = list(values)
    for value in values:
        if kind is not None and not isinstance(value, kind):
            raise InputError(f"{name} has {described(value)}; give {words}.")
    return values


class Stopped(Exception):
    """A signal ended a job after a complete part; the message says how to resume it.

    Args:
        message: one sentence.
        status: exit status of a script.
    """

    def __init__(self, message: str, status: int = 130) -> None:
        super().__init__(message)
        self.status = status
