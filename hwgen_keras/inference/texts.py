"""Texts as lists of characters."""

import unicodedata
from collections.abc import Iterable

from hwgen_keras.errors import InputError


def characters_of(text, name, unknown=False):
    """A text as a list of characters, none of them a space.

    Args:
        text: a string, which is composed (NFC), or a list.
        name: name of the text in an error.
        unknown: whether a list may have None in the place of a character.

    Raises:
        InputError: it is no text, or has a space or a string of several characters.
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
