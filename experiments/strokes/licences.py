"""The licences that --licence tells."""

import pathlib

from hwgen_keras.settings import named_values


def licence(settings, path):
    """The licence of a file or folder, "" if none is known; a message says so."""
    listed = named_values("licence", settings.licence, "LICENCE")
    (found,) = listed.get(pathlib.Path(path).name, [""])[-1:]
    if not found:
        print(f"No licence is known of {path}; --licence tells it.")
    return found
