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
