"""What a run folder knows of the model that was trained in it."""

import json
import pathlib

from hwgen_keras.bundle import DESCRIPTION, made_of, read_bundle
from hwgen_keras.characters import StructureTokenizer, character_set, read_structures
from hwgen_keras.errors import InputError
from hwgen_keras.models.loading import STORED

NAMES = ("generator.keras", "classifier.keras", "clip.keras")
LAST_STEP = "step_end"


def find_weights(options):
    """The `.keras` file that `--run` or `--weights` names, a `pathlib.Path`.

    Raises:
        InputError: neither or both are given, or there is none or more than one.
    """
    if (options.run is None) == (options.weights is None):
        raise InputError(
            "Give --run, a run folder, or --weights, a .keras file; one of the two."
        )
    if options.weights is not None:
        return pathlib.Path(options.weights)
    run = pathlib.Path(options.run)
    if run.is_file():
        return run
    if (run / DESCRIPTION).is_file() and (run / STORED).is_file():
        return run / STORED
    for folder in (run, run / LAST_STEP):
        found = [folder / name for name in NAMES if (folder / name).is_file()]
        if len(found) > 1:
            raise InputError(
                f"--run {folder} holds {' and '.join(p.name for p in found)}; name one "
                "of them with --weights."
            )
        if found:
            return found[0]
    raise InputError(f"--run {run} holds none of {', '.join(NAMES)}; check the folder.")


def read_run(weights, options):
    """What `config.json` beside a `.keras` file, and the flags, say about a model.

    Args:
        weights: the `.keras` file.
        options: with `characters` and `structure_file`, None where the run decides.

    Returns:
        Arguments of `export_model`: a dict of `characters` (a `CharacterSet` or
        None), `tokenizer` (of them, or None), `image_size` (or None) and `made_of`;
        and what is not known and why, a sentence, or None.

    Raises:
        InputError: a flag names no character set or structure file, or config.json is
            damaged.
    """
    if weights.name == STORED and weights.with_name(DESCRIPTION).is_file():
        return _described(weights.parent, options), None
    path = weights.with_name("config.json")
    config = {"flags": {}}
    if path.is_file():
        try:
            config = json.loads(path.read_text("utf-8"))
            config["flags"].items()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} is damaged ({error}); move it away and give --characters."
            ) from None
    flags = config["flags"]
    tokenizer = None
    characters, lacking = _characters(options, flags, weights)
    if characters is not None:
        tokenizer, lacking = _tokenizer(options, flags, characters)
    facts = {
        "characters": characters,
        "tokenizer": tokenizer,
        "image_size": flags.get("image_size"),
        "made_of": made_of(config) if flags else None,
    }
    return facts, lacking


def _described(folder, options):
    """What the `model.json` of a folder says, checked."""
    bundle = read_bundle(folder)
    characters = bundle.characters
    if options.characters is not None:
        characters = character_set(options.characters)
    tokenizer = bundle.tokenizer()
    if options.structure_file is not None:
        tokenizer = StructureTokenizer(read_structures(options.structure_file))
    return {
        "characters": characters,
        "tokenizer": tokenizer,
        "image_size": bundle.image_size,
        "made_of": bundle.made_of,
    }


def _characters(options, flags, weights):
    name = options.characters or flags.get("characters")
    if name is None:
        return None, (
            f"{weights} has no config.json beside it that names its characters; give "
            "--characters."
        )
    try:
        return character_set(name), None
    except InputError:
        if options.characters is not None:
            raise
        return None, (
            f"The run's character set {name} cannot be read any more; give it as "
            "--characters."
        )


def _tokenizer(options, flags, characters):
    path = options.structure_file or flags.get("structure_file")
    try:
        structures = read_structures(path)
    except InputError:
        if options.structure_file is not None:
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
