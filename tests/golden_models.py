"""Small models in files, with their outputs, for all backends to load."""

import pathlib
import zipfile

import keras
import numpy as np
from networks import (
    clip,
    discriminator,
    draw_weights,
    image_classifier,
    images,
    text_encoder,
    tokens,
    transfer_batch,
)

from hwgen_keras.layers import CLIPCondition
from hwgen_keras.models import AdaINGenerator, TextTower

FOLDER = pathlib.Path(__file__).parent / "golden_models"
OUTPUTS_FILE = FOLDER / "outputs.npz"


def _generator():
    return AdaINGenerator(
        width=8,
        multipliers=(1, 1),
        condition=CLIPCondition(TextTower(text_encoder(), 8), 8),
        attention={"heads": 2, "head_width": 4},
    )


def _generator_inputs():
    batch = transfer_batch()
    names = ("content", "style", "tokens", "drop_condition")
    return {name: batch[name] for name in names}


# name: (constructor, inputs)
MODELS = {
    "generator": (_generator, _generator_inputs()),
    "clip": (clip, {"image": images(), "tokens": tokens()}),
    "discriminator": (discriminator, images()),
    "image_classifier": (image_classifier, images()),
}


def outputs(model, inputs):
    """What a model returns, flattened into one float64 array."""
    parts = keras.tree.flatten(model(inputs))
    arrays = [keras.ops.convert_to_numpy(x).ravel() for x in parts]
    return np.concatenate(arrays).astype("float64")


def _compress(file):
    """Deflates what Keras stores plainly in its zip file."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


if __name__ == "__main__":
    # Made anew, by `KERAS_BACKEND=torch python tests/golden_models.py`, only when old
    # files cannot be loaded any more, which the changelog must then say.
    FOLDER.mkdir(exist_ok=True)
    expected = {}
    for name, (make, inputs) in MODELS.items():
        model = make()
        model.build()
        draw_weights(model)
        for weight in model.weights:
            weight.assign(keras.ops.round(weight * 256) / 256)
        model.save(FOLDER / f"{name}.keras")
        _compress(FOLDER / f"{name}.keras")
        expected[name] = outputs(model, inputs)
    np.savez(OUTPUTS_FILE, **expected)
    print(f"wrote {FOLDER}")
