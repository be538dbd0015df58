"""Reading a bundle: nothing of it is used before it was checked."""

import pathlib
import re

from hwgen_keras import __version__
from hwgen_keras.bundle.description import DESCRIPTION, FORMAT, KINDS, bundle_of
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json, sha256_of

_TYPES: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "hwgen_keras": str,
    "name": str,
    "kind": str,
    "image_size": (int, type(None)),
    "mode": (str, type(None)),
    "characters": (list, type(None)),
    "structures": (dict, type(None)),
    "vocabulary_sha256": (str, type(None)),
    "files": dict,
    "made_of": dict,
}


def read_bundle(folder, verify=True):
    """Reads and checks the `model.json` of a folder.

    Args:
        folder: the folder, or its `model.json`.
        verify: whether to compare each file with its size and checksum.

    Returns:
        A `Bundle`.

    Raises:
        InputError: there is no such description, it is damaged, foreign or of a newer
            hwgen_keras, it names a file outside of the folder, or a file is missing,
            cut short or changed.

    Example:
        >>> import pathlib
        >>> folder = pathlib.Path("kana")
        >>> folder.mkdir()
        >>> bundle = hw.write_bundle(folder, name="kana", kind="generator")
        >>> hw.read_bundle(folder) == bundle
        True
    """
    folder = pathlib.Path(folder)
    if folder.name == DESCRIPTION and not folder.is_dir():
        folder = folder.parent
    path = folder / DESCRIPTION
    description = _read_description(path)
    _check_version(path, description)
    _check_types(path, description)
    for relative, entry in description["files"].items():
        _check_path(path, relative)
        if verify:
            _check_file(folder / relative, entry)
    return bundle_of(folder, description)


def _read_description(path):
    if not path.is_file():
        raise InputError(
            f"{path.parent} holds no {DESCRIPTION}; give a folder made by "
            "`python -m experiments.export`."
        )
    description = read_json(path)
    if not isinstance(description, dict) or not {"format", "hwgen_keras"} <= {
        *description
    }:
        raise InputError(
            f"{path} describes no model of hwgen_keras; give a folder made by "
            "`python -m experiments.export`."
        )
    return description


def _check_version(path, description):
    newer = type(description["format"]) is int and description["format"] > FORMAT
    version = description["hwgen_keras"]
    if newer or (
        isinstance(version, str) and _numbers(version) > _numbers(__version__)
    ):
        raise InputError(
            f"{path} was made by a newer hwgen_keras ({version}) than this one "
            f"({__version__}): upgrade it with `pip install --upgrade hwgen_keras`."
        )


def _numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def _check_types(path, description):
    missing = [name for name in _TYPES if name not in description]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; get the model again.")
    wrong = [
        name
        for name, kinds in _TYPES.items()
        if not isinstance(description[name], kinds)
        or isinstance(description[name], bool)
    ]
    characters = description["characters"]
    if not wrong and description["kind"] not in KINDS:
        wrong = ["kind"]
    elif not wrong and characters is not None:
        single = all(isinstance(c, str) and len(c) == 1 for c in characters)
        if not single or len(set(characters)) != len(characters) or not characters:
            wrong = ["characters"]
    if wrong:
        raise InputError(
            f"{path} is damaged: {wrong[0]} is not what it must be; get the model "
            "again."
        )
    for relative, entry in description["files"].items():
        fine = isinstance(entry, dict) and type(entry.get("bytes")) is int
        if not fine or not isinstance(entry.get("sha256"), str):
            raise InputError(
                f"{path} is damaged: it does not tell the size and checksum of "
                f"{relative}; get the model again."
            )


def _check_path(path, relative):
    parts = relative.split("/")
    # A backslash or a colon would be a way out on Windows.
    if any(part in ("", ".", "..") for part in parts) or re.search(
        r"[\\:\0]", relative
    ):
        raise InputError(
            f"{path} names the file {relative!r} outside of its folder; do not use "
            "this model."
        )


def _check_file(file, entry):
    try:
        size = file.stat().st_size if file.is_file() else None
        checksum = None
        if size == entry["bytes"]:
            checksum = sha256_of(file)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from None
    if size is None:
        raise InputError(
            f"{file} is missing, which {DESCRIPTION} lists; get the model again."
        )
    if size != entry["bytes"]:
        raise InputError(
            f"{file} has {size} bytes and should have {entry['bytes']}; it was cut "
            "short or changed: get the model again."
        )
    if checksum != entry["sha256"]:
        raise InputError(
            f"{file} is not what {DESCRIPTION} says (its SHA-256 differs); it is "
            "corrupt or was changed: get the model again."
        )
