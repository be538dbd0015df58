"""The generated sets of augmentation_gain: named by the user, or made here."""

import json
import os
import pathlib

from hwgen_keras.data import GENERATED
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text
from hwgen_keras.generation import writing
from hwgen_keras.inputs import loading as inputs

from .. import generate
from ..flags import common
from . import data as gain_data

# Options of augmentation_gain that generate takes as they are.
_SHARED = (
    *("fonts", "simulated_writers", "characters", "skip_unknown_characters"),
    *("image_size", "cache"),
)
# Of settings that the note of a set does not name.
_DEFAULTS = {name: definition[1] for name, definition in writing.EXTRA.items()}
_DEFAULTS["style_hands"] = [inputs.REAL]
# Sets that do not name it were written before glyphs were bent.
_DEFAULTS["follow_forms"] = False


def check(options, generators, axis, amounts):
    """Raises InputError unless what is needed for all amounts is there."""
    for amount in amounts:
        needed = {}
        for (flag, name), path in _paths(options, generators, axis, amount).items():
            if flag == "generated":
                needed[f"{flag}={name}"] = path
            elif not _folder(options.output, name, amount).exists():
                needed[f"{flag}={name}"] = path
                if options.reader is not None:
                    reader = gain_data.filled("reader", options.reader, axis, amount)
                    needed["reader"] = reader
        for flag, path in needed.items():
            if not os.path.exists(path):
                raise InputError(f"--{flag}: there is no {path}.")


def sets(options, output, generators, axis, amount, manifest):
    """The generated sets that go with an amount of real data.

    Args:
        options: of augmentation_gain; its fonts are those to write with.
        output: its folder.
        generators: {"generated": {name: path}, "generator": {name: path}}.
        axis: what `amount` counts, a key of `gain_data.PLACEHOLDERS`.
        amount: amount of real data.
        manifest: of the real data; None: there is none.

    Returns:
        {name of a generator: manifest or store}.

    Raises:
        InputError: the set was made by another generator or with other settings.
    """
    found = {}
    for (flag, name), path in _paths(options, generators, axis, amount).items():
        if flag == "generator":
            told = _request(options, path, axis, amount)
            folder = _folder(output, name, amount)
            path = _written(options, folder, told, manifest)
        found[name] = path
    characters = inputs.load_characters(options)
    for path in found.values():
        # Cleaned once, not by every training.
        inputs.load_images(options, path, characters, GENERATED)
    return found


def _folder(output, name, amount):
    return pathlib.Path(output, "generated", f"{name}-{amount}")


def _paths(options, generators, axis, amount):
    """{(flag, name): path} of the sets and generators that an amount has."""
    found = {}
    for flag, named in generators.items():
        for name, path in named.items():
            filled = gain_data.filled(f"{flag}={name}", path, axis, amount)
            # Made with real data, or so it must be feared.
            tainted = filled == path and amount == 0
            if not tainted and (flag == "generated" or _hands(options, amount)):
                found[flag, name] = filled
    return found


def _hands(options, amount):
    """Whose hands generators write in; with no real writer there may be others."""
    hands = [part for part in inputs.FLAG if part in options.style_hands]
    return [part for part in hands if amount or part != inputs.REAL]


def _request(options, run, axis, amount):
    """What decides a set that is written here, beside the data, as JSON."""
    told = {name: getattr(options, name) for name in writing.EXTRA}
    if options.reader is not None:
        reader = gain_data.filled("reader", options.reader, axis, amount)
        told["reader"] = os.path.realpath(reader)
    told["style_hands"] = _hands(options, amount)
    count = options.generated_count
    return {"generator": os.path.realpath(run), "count": count, **told}


def _written(options, folder, told, manifest):
    """The set in a folder, which is written if it is not there."""
    note, path = folder.with_name(f"{folder.name}.json"), folder / "manifest.json"
    # A set that was never begun, since a flag was wrong, binds nobody.
    begun = folder.exists() or folder.with_name(f"{folder.name}.partial").exists()
    if begun and note.exists():
        before = json.loads(note.read_text(encoding="utf-8"))["request"]
        before = {**_DEFAULTS, **before}
        for name, value in told.items():
            if before[name] != value:
                raise InputError(
                    f"--output: {folder} was written with --{name}="
                    f"{_said(before[name])}, not {_said(value)}; choose another name "
                    "for the generator, or a new folder."
                )
    else:
        note.parent.mkdir(parents=True, exist_ok=True)
        write_text(note, json.dumps({"request": told}, ensure_ascii=False) + "\n")
    if not path.exists():
        print(f"Generating {folder}", flush=True)
        values = {name: getattr(options, name) for name in _SHARED}
        values |= {name: told[name] for name in ("count", *writing.EXTRA)}
        values |= {
            "generator_weights": told["generator"],
            "handwriting": [] if manifest is None else [str(manifest)],
            "output": str(folder),
        }
        flags = generate.FLAGS, generate.EXTRA
        generate.main(common.options(*flags, **values))
    return path


def _said(value):
    return ",".join(value) if isinstance(value, list) else value
