"""What a run folder knows of the model that was trained in it."""

import json
import pathlib

from hwgen_keras.bundle.description import DESCRIPTION, made_of
from hwgen_keras.bundle.reading import read_bundle
from hwgen_keras.characters import StructureTokenizer, character_set, read_structures
from hwgen_keras.errors import InputError
from hwgen_keras.models.loading import STORED


def read_config(folder):
    """The `config.json` of a run, a dict with `flags`; None where there is none.

    Raises:
        InputError: it is damaged.
    """
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
    """What the run of a `.keras` file, or the caller, says about its model.

    Args:
        weights: the `.keras` file, beside it a config.json or a model.json.
        characters: for `character_set`; None: as the run has it.
        structure_file: for `read_structures`; None: as the run has it.

    Returns:
        Arguments of `export_model`: a dict of `characters` (a `CharacterSet` or
        None), `tokenizer` (of them, or None), `image_size` (or None) and `made_of`;
        and what is not known and why, a sentence, or None.

    Raises:
        InputError: there is no such character set or structure file, or the
            description of the model is damaged.
    """
    if weights.name == STORED and weights.with_name(DESCRIPTION).is_file():
        return _described(weights.parent, characters, structure_file), None
    config = read_config(weights.parent) or {"flags": {}}
    flags = config["flags"]
    tokenizer = None
    known, lacking = _characters(characters, flags, weights)
    if known is not None:
        tokenizer, lacking = _tokenizer(structure_file, flags, known)
    facts = {
        "characters": known,
        "tokenizer": tokenizer,
        "image_size": flags.get("image_size"),
        "made_of": made_of(config) if flags else None,
    }
    return facts, lacking


def _described(folder, characters, structure_file):
    """What the `model.json` of a folder says, checked."""
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


def _characters(given, flags, weights):
    name = given or flags.get("characters")
    if name is None:
        return None, (
            f"{weights} has no config.json beside it that names its characters; give "
            "--characters."
        )
    try:
        return character_set(name), None
    except InputError:
        if given is not None:
            raise
        return None, (
            f"The run's character set {name} cannot be read any more; give it as "
            "--characters."
        )


def _tokenizer(given, flags, characters):
    path = given or flags.get("structure_file")
    try:
        structures = read_structures(path)
    except InputError:
        if given is not None:
            raise
        return None, (
            f"The run's structure file {path} cannot be read any more; give it as "
            "--structure_file."
        )
    missing = [c for c in characters if c not in structures]
    if missing:
        return None, (
            f"There is no structure of {'、'.join(missing[:5])}; give a "
            "--structure_file that has them."
        )
    return StructureTokenizer(structures), None
