"""Checks of texts."""

from collections.abc import Iterable

from hwgen_keras.characters import normalise_text
from hwgen_keras.errors import InputError, described


def characters_of(text, name, unknown=False, keep=()):
    """A text, a string or a list, as a list of one or more characters without spaces.

    A string is normalised, see `normalise_text`, but for the characters in `keep`.
    `unknown` allows None in a list, and no characters.
    InputError calls the text `name`.
    """
    if isinstance(text, str):
        text = normalise_text(text, keep)
    elif not isinstance(text, Iterable):
        raise InputError(
            f"{name} is {described(text)}; give a string, or a list of characters."
        )
    characters = list(text)
    if not characters and not unknown:
        raise InputError(f"{name} is empty; give at least one character.")
    for character in characters:
        if unknown and character is None:
            continue
        if not isinstance(character, str) or len(character) != 1:
            raise InputError(
                f"{name} has {described(character)}, which is not one character; give "
                "a string, or a list of characters."
            )
        if character.isspace():
            raise InputError(
                f"{name} has a space or a line break, of which there is no image; "
                "leave it out."
            )
    return characters
