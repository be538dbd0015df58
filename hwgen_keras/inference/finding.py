"""Where a model is: names in the folders of models, files and folders by path."""

import os
import pathlib

from hwgen_keras.bundle import DESCRIPTION
from hwgen_keras.errors import InputError

VARIABLE = "HWGEN_MODELS"
FOLDER = "saved_models"


def find(name_or_path):
    """The path of a model.

    Args:
        name_or_path: a path; or a name, without a separator, of a folder that stands
            in one of `folders_of_models`. A file or folder of that name in the current
            folder is taken if no model has the name.

    Raises:
        InputError: there is none; the names that there are, are told.
    """
    text = os.fspath(name_or_path)
    path = pathlib.Path(text)
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    if any(separator in text for separator in separators) or text in ("", ".", ".."):
        if not text or not path.exists():
            raise InputError(f"There is no model {text!r}; check the path.")
        return path
    if not path.is_file():
        for folder in folders_of_models():
            if (folder / text / DESCRIPTION).is_file():
                return folder / text
    if path.exists():
        return path
    searched = ", ".join(map(str, folders_of_models())) or f"{FOLDER}/"
    names = ", ".join(names_of_models())
    there = f"in {searched} there are {names}" if names else f"{searched} holds none"
    raise InputError(
        f"There is no model {text!r} ({there}); give another name, a path, or more "
        f"folders in the environment variable {VARIABLE}."
    )


def folders_of_models():
    """The folders that names are looked for in, those that are there, in order.

    They are those of the environment variable HWGEN_MODELS, then `saved_models` of
    the current folder, then that of the checkout that holds this package.
    """
    given = os.environ.get(VARIABLE, "").split(os.pathsep)
    folders = [pathlib.Path(folder) for folder in given if folder]
    folders.append(pathlib.Path(FOLDER))
    checkout = pathlib.Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / FOLDER)
    found = {folder.resolve(): folder for folder in reversed(folders)}
    return [f for f in reversed(found.values()) if f.is_dir()]


def names_of_models():
    """The names of the models in these folders, in alphabetical order."""
    return sorted(
        {
            file.parent.name
            for folder in folders_of_models()
            for file in folder.glob(f"*/{DESCRIPTION}")
        }
    )
