"""The one exception that stands for a mistake in what the user gave."""


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
