"""Checks of texts."""

import difflib
import os
from collections.abc import Iterable

from hwgen_keras.characters import (
    SCRIPTS,
    CharacterSet,
    character_set,
    normalise_text,
    script_of,
)
from hwgen_keras.characters.sets import NAMES
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


def candidates_of(characters, known, model):
    """Class ids, ascending, of the characters among which a model is to choose.

    Args:
        characters: see `LoadedClassifier.read`; None: all.
        known: list of the characters that the model reads, in the order of its classes.
        model: its name in an error.

    Raises:
        InputError: the model does not read one of them, or there is none.
    """
    if characters is None:
        return list(range(len(known)))
    if isinstance(characters, str) and characters in SCRIPTS:
        found = [k for k, c in enumerate(known) if script_of(c) == characters]
        if not found:
            raise InputError(f"characters: {model} reads no {characters}.")
        return found
    named = isinstance(characters, str) and characters in NAMES
    if named or isinstance(characters, os.PathLike):
        characters = character_set(characters)
    elif isinstance(characters, str) and characters.isascii():
        # A misspelt name would stand for its letters.
        meant = difflib.get_close_matches(
            *(characters.lower(), (*SCRIPTS, *NAMES), 1, 0.75)
        )
        if meant:
            raise InputError(
                f"characters is {characters!r}; write {meant[0]!r} if you mean the "
                "set, or give a list of letters."
            )
    if not isinstance(characters, CharacterSet):
        characters = characters_of(characters, "characters", keep=known)
    places = {character: place for place, character in enumerate(known)}
    unknown = [c for c in dict.fromkeys(characters) if c not in places]
    if unknown:
        more = f" and {len(unknown) - 1} others" if unknown[1:] else ""
        raise InputError(
            f"characters has {unknown[0]!r}{more}, which {model} does not read; give "
            f"some of its {len(known):,} characters, or one of "
            f"{', '.join((*SCRIPTS, *NAMES))}."
        )
    return sorted({places[character] for character in characters})
