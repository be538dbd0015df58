"""Reads a bundle, and checks it before anything of it is used."""

import re

from hwgen_keras import __version__
from hwgen_keras.bundle.description import DESCRIPTION, FORMAT, KINDS, bundle_of
from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path, read_json, sha256_of

# Numbers of a hand's frame, see `HandFrame`, and none that is as large.
FRAME, _FAR = 7, 100.0
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
        InputError: there is no description, it is damaged, foreign or of a newer
            hwgen_keras, it names a file outside of the folder, or a file is missing,
            truncated or changed.

    Example:
        >>> import pathlib
        >>> folder = pathlib.Path("kana")
        >>> folder.mkdir()
        >>> bundle = hw.write_bundle(folder, name="kana", kind="generator")
        >>> hw.read_bundle(folder) == bundle
        True
    """
    folder = as_path(folder, "The folder of the model")
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
    remedy = "give a folder made by `python -m experiments.export`."
    if not path.is_file():
        raise InputError(f"{path.parent} holds no {DESCRIPTION}; {remedy}")
    description = read_json(path)
    named = {*description} if isinstance(description, dict) else set()
    if not {"format", "hwgen_keras"} <= named:
        raise InputError(f"{path} describes no model of hwgen_keras; {remedy}")
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
    if not _are_hands(description.get("new_hands")):
        wrong.append("new_hands")
    characters = description["characters"]
    if not wrong and description["kind"] not in KINDS:
        wrong = ["kind"]
    elif not wrong and characters is not None:
        single = all(isinstance(c, str) and len(c) == 1 for c in characters)
        if not single or len(set(characters)) != len(characters) or not characters:
            wrong = ["characters"]
    if wrong:
        raise InputError(
            f"{path} is damaged: {wrong[0]} has a wrong value; get the model again."
        )
    for relative, entry in description["files"].items():
        sized = isinstance(entry, dict) and type(entry.get("bytes")) is int
        if not sized or not isinstance(entry.get("sha256"), str):
            raise InputError(
                f"{path} is damaged: it lacks the size or checksum of {relative}; get "
                "the model again."
            )


def _are_hands(value):
    """Whether a value is that of `new_hands`, which older descriptions lack."""
    if value is None:
        return True
    if not isinstance(value, dict) or {*value} != {"mean", "deviation"}:
        return False
    return all(
        isinstance(numbers, list)
        and len(numbers) == FRAME
        and all(isinstance(number, int | float) for number in numbers)
        and all(abs(number) < _FAR for number in numbers)
        for numbers in value.values()
    )


def _check_path(path, relative):
    # A backslash or a colon leads out of the folder on Windows.
    unsafe = re.search(r"[\\:\0]", relative)
    if unsafe or {"", ".", ".."} & {*relative.split("/")}:
        raise InputError(
            f"{path} names the file {relative!r} outside of its folder; do not use "
            "this model."
        )


def _check_file(file, entry):
    try:
        if not file.is_file():
            raise InputError(
                f"{file} is missing, which {DESCRIPTION} lists; get the model again."
            )
        size = file.stat().st_size
        if size != entry["bytes"]:
            raise InputError(
                f"{file} has {size} bytes and should have {entry['bytes']}; it is "
                "truncated or changed: get the model again."
            )
        if sha256_of(file) != entry["sha256"]:
            raise InputError(
                f"{file} differs from {DESCRIPTION} in its SHA-256; it is corrupt or "
                "changed: get the model again."
            )
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from None
