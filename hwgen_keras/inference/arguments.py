"""Checks of arguments: texts and whole numbers."""

import unicodedata
from collections.abc import Iterable

import numpy as np

from hwgen_keras.errors import InputError


def check_whole(value, name, least):
    """Raises InputError unless a value is a whole number of `least` or more."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise InputError(
            f"{name} is {value!r}; give a whole number of {least} or more."
        )


def characters_of(text, name, unknown=False):
    """A text, a string or a list, as a list of characters without spaces.

    A string is composed (NFC). `unknown` allows None in a list. InputError calls the
    text `name`.
    """
    if isinstance(text, str):
        text = unicodedata.normalize("NFC", text)
    elif not isinstance(text, Iterable):
        raise InputError(f"{name} is {text!r}; give a string, or a list of characters.")
    characters = list(text)
    for character in characters:
        if unknown and character is None:
            continue
        if not isinstance(character, str) or len(character) != 1:
            raise InputError(
                f"{name} has {character!r}, which is not one character; give a "
                "string, or a list of characters."
            )
        if character.isspace():
            raise InputError(
                f"{name} has a space or a line break, of which there is no image; "
                "leave it out."
            )
    return characters
