"""What a run folder records of the model that was trained in it."""

import functools
import json
import pathlib

from hwgen_keras.bundle.description import DESCRIPTION, made_of
from hwgen_keras.bundle.reading import read_bundle
from hwgen_keras.characters import StructureTokenizer, character_set, read_structures
from hwgen_keras.errors import InputError
from hwgen_keras.safety.keras_file import STORED
from hwgen_keras.training.run import CHARACTERS as RECORDED_CHARACTERS


def read_config(folder):
    """The `config.json` of a run, a dict with `flags`; None if there is none."""
    path = pathlib.Path(folder, "config.json")
    try:
        config = json.loads(path.read_text("utf-8"))
        config["flags"].items()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({error}); move it away and give --characters."
        ) from None
    return config


def read_run(weights, characters=None, structure_file=None):
    """The arguments of `export_model` that follow from the run of a `.keras` file.

    They are read from the config.json or model.json beside it. `characters`, for
    `character_set`, and `structure_file` precede those of the run.

    Returns:
        A dict of `characters`, `tokenizer`, `image_size` and `made_of`, or None for
        each; and a sentence that says what is unknown and why, or None.

    Raises:
        InputError: there is no such character set or structure file, or the
            description of the model is damaged.
    """
    if weights.name == STORED and weights.with_name(DESCRIPTION).is_file():
        return _read_described(weights.parent, characters, structure_file), None
    config = read_config(weights.parent) or {"flags": {}}
    flags = config["flags"]
    known, tokenizer = None, None
    flags = recorded_flags(weights.parent, flags)
    if characters or flags.get("characters"):
        known, lacking = _read(character_set, "characters", characters, flags)
    else:
        lacking = f"{weights} has no config.json beside it that names its characters; "
        lacking += "give --characters."
    if known is not None:
        for_characters = functools.partial(StructureTokenizer.for_characters, known)
        tokenizer, lacking = _read(
            for_characters, "structure_file", structure_file, flags
        )
        structures = tokenizer.structures if tokenizer else known
        missing = [c for c in known if c not in structures]
        if missing:
            tokenizer = None
            lacking = (
                f"There is no structure of {'、'.join(missing[:5])}; give a "
                "--structure_file that has them."
            )
    return {
        "characters": known,
        "tokenizer": tokenizer,
        "image_size": flags.get("image_size"),
        "made_of": made_of(config) if flags else None,
    }, lacking


def recorded_flags(folder, flags):
    """A run's flags, with the characters it recorded, whatever became of their file."""
    recorded = pathlib.Path(folder, RECORDED_CHARACTERS)
    return {**flags, "characters": str(recorded)} if recorded.is_file() else flags


def _read_described(folder, characters, structure_file):
    bundle = read_bundle(folder)
    tokenizer = bundle.tokenizer()
    if structure_file is not None:
        tokenizer = StructureTokenizer(read_structures(structure_file))
    return {
        "characters": character_set(characters) if characters else bundle.characters,
        "tokenizer": tokenizer,
        "image_size": bundle.image_size,
        "made_of": bundle.made_of,
    }


def _read(read, flag, value, flags):
    """What a flag, or else that of the run, names; or None and why it is unknown."""
    path = value or flags.get(flag)
    try:
        return read(path), None
    except InputError:
        if value is not None:
            raise
        return None, (
            f"The run's --{flag}={path} cannot be read any more; give it again as "
            f"--{flag}."
        )
