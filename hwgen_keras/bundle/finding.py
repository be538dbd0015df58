"""Finds a model by its name, its path or the folder of its run."""

import os
import pathlib

from hwgen_keras.bundle.description import DESCRIPTION
from hwgen_keras.bundle.hub import PREFIX, fetch_model
from hwgen_keras.bundle.reading import read_bundle
from hwgen_keras.errors import InputError
from hwgen_keras.safety.keras_file import STORED

VARIABLE = "HWGEN_MODELS"
FOLDER = "saved_models"
# What each kind of model does.
_DOES = {
    "generator": "writes {characters} in the hand of an image",
    "diffusion": "writes {characters} in the hand of images, by diffusion",
    "writer": "writes {characters} stroke by stroke",
    "classifier": "reads images of {characters}",
    "clip": "embeds images and structures of {characters} in one space",
}
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
    """The path of a model, given that path, a name without a separator or an address.

    A name is of a folder in one of `folders_of_models`, or else of a file or folder in
    the current folder. InputError lists the names that there are. For an address see
    `fetch_model`.
    """
    text = os.fspath(name_or_path)
    if text.startswith(PREFIX):
        return fetch_model(text)
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
    the current folder, then that of the checkout that holds this package, or the models
    that were installed with it.
    """
    paths = [*filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)), FOLDER]
    folders = [pathlib.Path(path) for path in paths]
    checkout = pathlib.Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / FOLDER)
    folders.append(pathlib.Path(__file__).parents[1] / FOLDER)
    unique = {folder.resolve(): folder for folder in reversed(folders)}
    return [folder for folder in reversed(unique.values()) if folder.is_dir()]


def names_of_models():
    """The names of the models in these folders, in alphabetical order."""
    paths = [p for f in folders_of_models() for p in _descriptions(f)]
    return sorted({path.parent.name for path in paths})


def _descriptions(folder):
    """The description of each model; a folder that begins with a dot is being made."""
    return folder.glob(f"[!.]*/{DESCRIPTION}")


def list_models():
    """The models that `load` finds by their names, each with what it does.

    Returns:
        A dict {name: a line}, in alphabetical order.

    Raises:
        InputError: a description is damaged, see `read_bundle`.

    Example:
        >>> import pathlib
        >>> folder = pathlib.Path("saved_models", "mine")
        >>> folder.mkdir(parents=True)
        >>> bundle = hw.write_bundle(folder, name="mine", kind="clip")
        >>> hw.list_models()["mine"]
        'embeds images and structures of characters in one space'
    """
    found = {}
    for folder in reversed(folders_of_models()):
        for path in _descriptions(folder):
            found[path.parent.name] = _line(read_bundle(path, verify=False))
    return dict(sorted(found.items()))


def _line(bundle):
    number = len(bundle.characters or ())
    characters = (
        f"{number:,} character{'s' * (number != 1)}" if number else "characters"
    )
    line = _DOES[bundle.kind].format(characters=characters)
    return f"{line}; {bundle.image_size} pixels" if bundle.image_size else line
