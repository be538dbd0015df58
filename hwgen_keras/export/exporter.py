"""Exports a model: writes it, checks it in other processes, describes it."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from hwgen_keras.bundle import write_bundle
from hwgen_keras.bundle.description import pack_structures
from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path, complete_file, read_json, write_json

FORMATS = ("saved_model", "onnx", "keras")
STORAGES = ("float32", "float16")
ONNX_PACKAGES = ("onnx", "onnxruntime", "tf2onnx")
# The largest difference allowed from what Keras computes in float32.
TOLERANCE = 1e-4
# The same for weights in float16. Outputs lie in [-1, 1], or are probabilities or unit
# vectors.
HALF_TOLERANCE = 5e-2
# The same for ONNX, whose weights of convolutions have taken up batch normalisation
# before they are rounded, from what Keras computes with weights in float16.
ONNX_HALF_TOLERANCE = 5e-3
_STANDALONE = pathlib.Path(__file__).with_name("standalone.py")


def export_model(
    path,
    output,
    *,
    formats=("saved_model",),
    storage="float32",
    characters=None,
    tokenizer=None,
    name=None,
    image_size=None,
    made_of=None,
    glyphs=None,
    sampler=None,
    steps=None,
    spacing=None,
    guidance=None,
    temperature=None,
    join_temperature=None,
):
    """Writes a folder with a trained model in one or several formats.

    A process without Keras and this package loads the result. For random inputs of two
    batches and sizes, every signature must compute what the Keras model computes in
    float32 with the same weights. `model.json` then describes the folder, see
    `hwgen_keras.bundle`. If a step fails, there is no folder.

    Args:
        path: a `.keras` file of an `AdaINGenerator`, a `DiffusionGenerator`, a
            `StrokeWriter` without a condition, a `Classifier` of images, or a `CLIP`.
        output: the new folder.
        formats: any of `FORMATS`: a SavedModel (`saved_model.pb`, `variables`), for
            TensorFlow; `model.onnx`, its signature `serve`; `model.keras`.
        storage: of the weights in all files: "float32"; or "float16", which halves
            the files, whose models compute in float32.
        characters: those that the model knows, in the order of the class ids; or None.
        tokenizer: the `StructureTokenizer` of a model that takes structures, or None.
        name: name of the model; None: that of the folder.
        image_size: side in pixels of the images it was trained on, or None.
        made_of: facts of the training, see `hwgen_keras.bundle.made_of`.
        glyphs: the glyphs of all `characters` that a generator's SavedModel is to
            hold, uint8 (characters, height, width), where they lie in training; or
            None.
        sampler, steps, spacing, guidance: settings of a `DiffusionGenerator` or
            `StrokeWriter`; those that are None, and scales that `guidance` leaves out,
            are as stored.
        temperature, join_temperature: of a `StrokeWriter`; None: as stored.

    Returns:
        A dict of the largest difference of each format, {format: number}, of
        "keras" from the weights in float32; and `signatures`, a list of names.

    Raises:
        InputError: the file cannot be exported, `output` exists, an argument does not
            fit the model, a package is missing, or the outputs differ too much.

    Example:
        >>> hw.export_model(  # doctest: +SKIP
        ...     "generator.keras", "exported", formats=("saved_model", "onnx")
        ... )
    """
    path, output = as_path(path, "The model"), as_path(output, "The output")
    _check(path, output, formats, storage)
    if characters is not None:
        characters = list(characters)
    sampling = {"sampler": sampler, "steps": steps, "spacing": spacing}
    sampling |= {"temperature": temperature, "join_temperature": join_temperature}
    sampling["guidance"] = guidance and dict(guidance)
    with tempfile.TemporaryDirectory() as scratch, complete_file(output) as partial:
        scratch = pathlib.Path(scratch)
        partial.mkdir()
        request = {
            "weights": str(path),
            "saved_model": str(scratch / "saved_model"),
            "keras_file": str(partial / "model.keras") if "keras" in formats else None,
            "examples_folder": str(scratch / "examples"),
            "storage": storage,
            "characters": characters,
            "structures": tokenizer and pack_structures(tokenizer),
            "sampling": {k: v for k, v in sampling.items() if v is not None},
        }
        if glyphs is not None:
            request["glyphs"] = str(scratch / "glyphs.npy")
            np.save(request["glyphs"], _checked(glyphs, characters))
        answer = _write(path, scratch, request)
        differences = {}
        if storage == "float16":
            what = "the model with weights of float16"
            _check_difference(
                answer["storage_difference"], HALF_TOLERANCE, what, output
            )
        saved_model, graph = scratch / "saved_model", partial / "model.onnx"
        if "saved_model" in formats:
            differences["saved_model"] = _compare(
                "saved_model", saved_model, scratch, output
            )
            shutil.copytree(saved_model, partial, dirs_exist_ok=True)
        if "onnx" in formats:
            _convert(path, saved_model, graph, answer["kind"], storage)
            limit = ONNX_HALF_TOLERANCE if storage == "float16" else TOLERANCE
            differences["onnx"] = _compare("onnx", graph, scratch, output, limit)
        if "keras" in formats:
            stored = differences["keras"] = answer["storage_difference"]
            if storage == "float32":
                _check_difference(stored, TOLERANCE, "model.keras", output)
        write_bundle(
            partial,
            name=name or output.name,
            kind=answer["kind"],
            image_size=image_size,
            mode=answer["mode"],
            characters=answer["characters"],
            tokenizer=tokenizer if answer["takes_structures"] else None,
            made_of=made_of,
            new_hands=answer["new_hands"],
        )
    return differences | {"signatures": answer["signatures"]}


def export_saved_model(path, output, **arguments):
    """Writes a SavedModel with the signature `serve`, a dict of named inputs.

    Batch and image size are dynamic. Images are float32 (batch, height, width, 1) in
    [-1, 1]. The inputs of a generator's condition are as its `example` gives them:
    labels (batch,) and tokens (batch, length) int32. A generator's output is clipped
    to [-1, 1]; a classifier's are probabilities.

    That of a `DiffusionGenerator` contains the whole sampling, with one style image a
    row. It also takes the standard normal `noise`, of the shape of `content`. Its
    signature `serve_steps` also takes `log_snrs`, float32 (steps,) of any length, in
    place of the stored steps; see `samplers.sampling_log_snrs`.

    That of a `StrokeWriter` gives `points` and `radii`; `serve_images` draws them, at
    any `image_size`, uint8. Its `serve_characters` takes strings, a hand and a `seed`.

    With `characters`, and with `tokenizer` for a model that takes structures, there is
    the signature `serve_characters`. It takes `characters`, strings (batch,), in place
    of the condition's inputs. That of a classifier returns the characters of its five
    best classes.

    With `glyphs`, a generator's signature `serve_hand` takes `characters` and `style`
    alone.

    Args:
        path, output: see `export_model`.
        arguments: those of `export_model`, without `formats` and `storage`.

    Returns:
        `output`, as a `pathlib.Path`.

    Raises:
        InputError: see `export_model`.

    Example:
        >>> hw.export_saved_model("generator.keras", "exported")  # doctest: +SKIP
    """
    export_model(path, output, **arguments)
    return pathlib.Path(output)


def _checked(glyphs, characters):
    """Glyphs of `export_model` with an axis of channels, or InputError."""
    glyphs, count = np.asarray(glyphs), len(characters or ())
    if (
        glyphs.dtype != np.uint8
        or glyphs.ndim != 3
        or len(glyphs) != count
        or not count
    ):
        raise InputError(
            f"glyphs has the shape {glyphs.shape} and the type {glyphs.dtype}; give "
            f"uint8 (characters, height, width), one glyph for each of {count} "
            "characters."
        )
    return glyphs[..., None]


def _check(path, output, formats, storage):
    if not path.is_file():
        raise InputError(f"There is no file {path} to export; check the path.")
    if output.exists():
        raise InputError(f"{output} exists already; choose another folder.")
    if storage not in STORAGES:
        raise InputError(f"--storage={storage}: use {' or '.join(STORAGES)}.")
    check_formats(formats)


def check_formats(formats):
    """Raises InputError unless all formats are known and can be written here.

    Args:
        formats: some of `FORMATS`.

    Example:
        >>> hw.export.check_formats(("keras",))
    """
    unknown = [format for format in formats if format not in FORMATS]
    if unknown or not formats:
        raise InputError(
            f"--format: {', '.join(unknown) or 'nothing'} is no format; use any of "
            f"{', '.join(FORMATS)}, joined by commas."
        )
    missing = [p for p in ONNX_PACKAGES if importlib.util.find_spec(p) is None]
    if "onnx" in formats and missing:
        raise InputError(
            f"--format=onnx needs {', '.join(missing)}: pip install "
            "'hwgen_keras[onnx]'."
        )


def _run(command, **environment):
    # A GPU may round float32 products to 10 bits, which would fail the comparison.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def _reason(process):
    return (process.stderr.strip().splitlines() or ["no reason given"])[-1]


def _write(path, scratch, request):
    files = scratch / "request.json", scratch / "answer.json"
    write_json(files[0], request)
    command = [sys.executable, "-m", "hwgen_keras.export.writer", *map(str, files)]
    process = _run(command, KERAS_BACKEND="tensorflow")
    if process.returncode:
        raise InputError(f"{path} cannot be exported: {_reason(process)}")
    return read_json(files[1])


def _compare(format, model, scratch, output, limit=TOLERANCE):
    """The largest difference of an exported model, which must be within the limit."""
    # -P: modules of this folder must not shadow others.
    command = [sys.executable, "-P", str(_STANDALONE), format, str(model)]
    process = _run([*command, str(scratch / "examples")])
    if process.returncode:
        raise InputError(
            f"What was written for {output} does not run by itself as {format} "
            f"({_reason(process)}); nothing was kept."
        )
    worst = json.loads(process.stdout.strip().splitlines()[-1])
    what = f"{worst['where']} ({format})"
    _check_difference(worst["difference"], limit, what, output)
    return worst["difference"]


def _check_difference(difference, limit, what, output):
    if not difference < limit:
        raise InputError(
            f"{output} was not kept: {what} differs from the Keras model by "
            f"{difference:.1e}, and {limit:.0e} is allowed."
        )


def _convert(path, saved_model, graph, kind, storage):
    command = [sys.executable, "-m", "hwgen_keras.export.to_onnx"]
    # ONNX allows no output with the name of an input.
    names = ["image_embedding,text_embedding"] if kind == "clip" else []
    process = _run([*command, str(saved_model), str(graph), storage, *names])
    if process.returncode or not graph.exists():
        raise InputError(f"{path} cannot be written as ONNX: {_reason(process)}")
