"""The one exception for a mistake in what the user gave, and what others say."""


def reason_of(error: BaseException) -> str:
    """The first line of what an exception says; if that is nothing, its name."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class InputError(ValueError):
    """Bad input, told in one sentence: which file or flag, what is wrong, what to do.

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
    """A signal ended the work after a whole piece; the message says how to resume it.

    Args:
        message: of one sentence.
        status: with which a script exits.
    """

    def __init__(self, message: str, status: int = 130) -> None:
        super().__init__(message)
        self.status = status
