"""Small models in files, with their outputs, for all backends to load."""

import pathlib
import sys
import zipfile

import keras
import numpy as np
from networks import (
    clip,
    diffusion_generator,
    discriminator,
    draw_weights,
    image_classifier,
    images,
    labels,
    text_encoder,
    tokens,
    transfer_batch,
)
from stroke_writers import set_features, stroke_writer, writer_inputs

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


def _diffusion_inputs():
    noise = np.random.default_rng(9).standard_normal((2, 16, 16, 1), "float32")
    content, style = images(seed=1), images(4, seed=2).reshape(2, 2, 16, 16, 1)
    return {
        "noise": noise,
        "content": content,
        "style": style,
        "label": labels(),
        "drop_condition": np.array([False, True]),
    }


# name: (constructor, inputs)
MODELS = {
    "generator": (_generator, _generator_inputs()),
    "diffusion": (
        lambda: diffusion_generator(
            "embedding", style_attention=True, guidance={"style": 1.5}
        ),
        _diffusion_inputs(),
    ),
    "stroke_writer": (
        lambda: stroke_writer("embedding", guidance={"hand": 1.5}, temperature=0.8),
        {**writer_inputs(), "drop_condition": np.array([False, True])},
    ),
    "clip": (clip, {"image": images(), "tokens": tokens()}),
    "discriminator": (discriminator, images()),
    "image_classifier": (image_classifier, images()),
}


# Of the largest output, or of 1. The phases of a noise level run to 1000, in float32,
# and each step of a sampler sees what the ones before made of the difference.
DENOISERS = ("diffusion", "stroke_writer")
TOLERANCES = {name: 1e-4 if name in DENOISERS else 1e-5 for name in MODELS}


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
    # Made anew, by `KERAS_BACKEND=torch python tests/golden_models.py [NAME...]`, only
    # when old files cannot be loaded any more, which the changelog must then say.
    FOLDER.mkdir(exist_ok=True)
    expected = dict(np.load(OUTPUTS_FILE)) if sys.argv[1:] else {}
    for name in sys.argv[1:] or MODELS:
        make, inputs = MODELS[name]
        model = make()
        model.build()
        draw_weights(model)
        for weight in model.weights:
            weight.assign(keras.ops.round(weight * 256) / 256)
        if name == "stroke_writer":
            set_features(model)
        if name == "diffusion":
            # Otherwise most pixels are clipped.
            kernel = model.network.last_layer.kernel
            kernel.assign(kernel / 4)
        model.save(FOLDER / f"{name}.keras")
        _compress(FOLDER / f"{name}.keras")
        expected[name] = outputs(model, inputs)
    np.savez(OUTPUTS_FILE, **expected)
    print(f"wrote {FOLDER}")
