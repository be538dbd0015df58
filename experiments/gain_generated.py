"""The generated sets of augmentation_gain: named by the user, or made here."""

import json
import os
import pathlib

from hwgen_keras.data import GENERATED
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text

from . import common, gain_data, generate, inputs


def sets(options, output, generators, axis, amount, manifest):
    """The generated sets that go with an amount of real data.

    Args:
        options: of augmentation_gain; its fonts are those to write with.
        output: its folder.
        generators: {"generated": {name: path}, "generator": {name: path}}.
        axis: what `amount` counts, a key of `gain_data.PLACEHOLDERS`.
        amount: amount of real data.
        manifest: of the real data; None: there is none, so no hand to write in.

    Returns:
        {name of a generator: manifest or store}.

    Raises:
        InputError: there is no such file, or the set was made by another generator.
    """
    found = {}
    for name, path in generators["generated"].items():
        set_path = gain_data.filled("generated", name, path, axis, amount)
        if set_path == path and amount == 0:
            continue  # Made with real data, or so it must be feared.
        if not os.path.exists(set_path):
            raise InputError(f"--generated={name}: there is no {set_path}.")
        found[name] = set_path
    for name, path in generators["generator"].items():
        if manifest is not None:
            run = gain_data.filled("generator", name, path, axis, amount)
            found[name] = _written(options, output, name, run, amount, manifest)
    characters = inputs.load_characters(options)
    for path in found.values():
        # Cleaned once, not by every training.
        inputs.load_images(options, path, characters, GENERATED)
    return found


def _written(options, output, name, run, amount, manifest):
    """The set that a generator writes in the hands of the training writers."""
    folder = output / "generated" / f"{name}-{amount}"
    note = folder.with_name(f"{folder.name}.json")
    told = {"generator": os.path.realpath(run), "count": options.generated_count}
    if note.exists():
        before = json.loads(note.read_text(encoding="utf-8"))
        if before["request"] != told:
            raise InputError(
                f"--output: {folder} was written by {before['request']['generator']}; "
                "choose another name for the generator, or a new folder."
            )
        return folder / before["set"]
    path = folder / "manifest.json"
    if not path.exists():
        print(f"Generating {folder}", flush=True)
        values = {
            "generator_weights": run,
            "fonts": options.fonts,
            "handwriting": [str(manifest)],
            "characters": options.characters,
            "skip_unknown_characters": options.skip_unknown_characters,
            "image_size": options.image_size,
            "count": options.generated_count,
            "cache": options.cache,
            "output": str(folder),
        }
        flags = generate.FLAGS, generate.EXTRA
        path = pathlib.Path(generate.main(common.options(*flags, **values)))
    values = {"request": told, "set": os.path.relpath(path, folder)}
    write_text(note, json.dumps(values) + "\n")
    return path
