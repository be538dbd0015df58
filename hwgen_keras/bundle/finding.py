"""Where a model is: names in the folders of models, paths, the folders of runs."""

import os
import pathlib

from hwgen_keras.bundle.description import DESCRIPTION
from hwgen_keras.errors import InputError
from hwgen_keras.models.loading import STORED

VARIABLE = "HWGEN_MODELS"
FOLDER = "saved_models"
# What the scripts call the models of their runs.
OF_RUNS = ("generator.keras", "classifier.keras", "clip.keras")
# The folder of the last of a generator's four stages.
LAST_STAGE = "step_end"


def find_weights(path):
    """The `.keras` file of a run, of a folder with a model.json, or `path` itself.

    Args:
        path: a folder, or a `.keras` file.

    Returns:
        A `pathlib.Path`, or None where a folder has no such file.

    Raises:
        InputError: the folder has several.
    """
    path = pathlib.Path(path)
    if path.is_file():
        return path
    if (path / DESCRIPTION).is_file() and (path / STORED).is_file():
        return path / STORED
    for folder in (path, path / LAST_STAGE):
        found = [name for name in OF_RUNS if (folder / name).is_file()]
        if len(found) > 1:
            raise InputError(
                f"{folder} holds {' and '.join(found)}; give the path of one of them."
            )
        if found:
            return folder / found[0]
    return None


def find_model(name_or_path):
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
