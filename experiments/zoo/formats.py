"""The formats of the models of saved_models/, made of their model.keras."""

import pathlib
import shutil

from hwgen_keras import bundle, export, files
from hwgen_keras.errors import InputError
from hwgen_keras.safety.keras_file import STORED

from .card import MEASURED, card
from .front_matter import WITH_ONNX

# Files and folders that `refresh` makes anew.
_MADE = ("saved_model.pb", "fingerprint.pb", "variables", "assets", "model.onnx")


def formats_of(kind):
    """The formats in which a kind of model is shipped."""
    onnx = ("onnx",) if kind in WITH_ONNX else ()
    return ("saved_model", *onnx, "keras")


def refresh(folder):
    """Makes the other formats of a model of its model.keras, and its card anew.

    Args:
        folder: of saved_models/; it is replaced when all is complete.

    Returns:
        {format: its largest difference from the Keras model}.

    Raises:
        InputError: there is no model, or its model.keras is not that of its model.json.
    """
    folder = pathlib.Path(folder)
    described = bundle.read_bundle(folder, verify=False)
    stored = folder / STORED
    entry = described.files.get(STORED, {})
    if not stored.is_file() or files.sha256_of(stored) != entry.get("sha256"):
        raise InputError(
            f"{stored} is missing, or is not the file that model.json lists; make the "
            "model by experiments.reproduce."
        )
    formats = [f for f in formats_of(described.kind) if f != "keras"]
    with files.complete_file(folder) as partial:
        shutil.rmtree(partial, ignore_errors=True)
        differences = export.export_model(
            *(stored, partial),
            **{"formats": formats, "storage": "float16", "name": described.name},
            characters=described.characters,
            tokenizer=described.tokenizer(),
            image_size=described.image_size,
            made_of=described.made_of,
        )
        for path in folder.iterdir():
            if path.is_file() and path.name not in (*_MADE, bundle.DESCRIPTION):
                shutil.copy2(path, partial)
        write_card(partial)
    del differences["signatures"]
    return differences


def write_card(folder):
    """Writes the card of a model from its measured.json, and its model.json again."""
    folder = pathlib.Path(folder)
    if (folder / MEASURED).is_file():
        text = card(files.read_json(folder / MEASURED))
        files.write_text(folder / bundle.CARD, text)
    describe_folder(bundle.read_bundle(folder, verify=False))


def describe_folder(described):
    """Writes the model.json of a `Bundle` again, for the files that are there now."""
    names = ("name", "kind", "image_size", "mode", "characters", "made_of", "new_hands")
    bundle.write_bundle(
        described.folder,
        **{name: getattr(described, name) for name in names},
        tokenizer=described.tokenizer(),
    )
