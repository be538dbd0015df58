"""Reads the number of images of each character from a file."""

import json
import pathlib

from hwgen_keras.errors import InputError


def read(path, characters):
    """The number of images of each character, {character: images}, from a JSON file.

    InputError if the file of `--counts` has other content, or characters that are not
    in the `CharacterSet`.
    """
    try:
        counts = json.loads(pathlib.Path(path).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"--counts: {path} cannot be read as JSON ({error})."
        ) from None
    if not isinstance(counts, dict):
        raise InputError(
            f"--counts: {path} must be a JSON object {{character: images}}; correct it."
        )
    for character, number in counts.items():
        if character not in characters:
            raise InputError(
                f"--counts: {path} names {character!r}, which is not in "
                f"--characters={characters.name}; leave it out or give another set."
            )
        if type(number) is not int or number < 0:
            raise InputError(
                f"--counts: {path} asks for {json.dumps(number)} images of "
                f"{character}; give a whole number of 0 or more."
            )
    if not any(counts.values()):
        raise InputError(f"--counts: {path} asks for no image; give numbers above 0.")
    return counts
