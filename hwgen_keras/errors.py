"""The exceptions of the package, and how it reports those of other libraries."""

import contextlib


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


class Stopped(Exception):
    """A signal ended a job after a complete part; the message says how to resume it.

    Args:
        message: one sentence.
        status: exit status of a script.
    """

    def __init__(self, message: str, status: int = 130) -> None:
        super().__init__(message)
        self.status = status
