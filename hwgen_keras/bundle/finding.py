"""Finds a model by its name, its path or the folder of its run."""

import os
import pathlib

from hwgen_keras.bundle.description import DESCRIPTION
from hwgen_keras.errors import InputError
from hwgen_keras.models.loading import STORED

VARIABLE = "HWGEN_MODELS"
FOLDER = "saved_models"
# Names that the scripts give to the models of their runs.
OF_RUNS = ("generator.keras", "classifier.keras", "clip.keras")
# The folder of the last of a generator's four stages.
LAST_STAGE = "step_end"


def find_weights(path):
    """The `.keras` file of a run or of a folder with a model.json; a file is itself.

    None if the folder has no such file; InputError if it has several.
    """
    path = pathlib.Path(path)
    if path.is_file():
        return path
    if (path / DESCRIPTION).is_file() and (path / STORED).is_file():
        return path / STORED
    for folder in (path, path / LAST_STAGE):
        names = [name for name in OF_RUNS if (folder / name).is_file()]
        if len(names) > 1:
            raise InputError(
                f"{folder} holds {' and '.join(names)}; give the path of one of them."
            )
        if names:
            return folder / names[0]
    return None


def find_model(name_or_path):
    """The path of a model, given that path or a name without a separator.

    A name is of a folder in one of `folders_of_models`, or else of a file or folder in
    the current folder. InputError lists the names that there are.
    """
    text = os.fspath(name_or_path)
    path = pathlib.Path(text)
    if os.sep in text or (os.altsep or os.sep) in text or text in ("", ".", ".."):
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
    """The existing folders in which names are searched, in order.

    They are those of the environment variable HWGEN_MODELS, then `saved_models` of
    the current folder, then that of the checkout that holds this package.
    """
    paths = [*filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)), FOLDER]
    folders = [pathlib.Path(path) for path in paths]
    checkout = pathlib.Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / FOLDER)
    unique = {folder.resolve(): folder for folder in reversed(folders)}
    return [folder for folder in reversed(unique.values()) if folder.is_dir()]


def names_of_models():
    """The names of the models in these folders, in alphabetical order."""
    paths = [p for f in folders_of_models() for p in f.glob(f"*/{DESCRIPTION}")]
    return sorted({path.parent.name for path in paths})
