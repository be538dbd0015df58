"""Exports a model: writes it, checks it in other processes, describes it."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from hwgen_keras.bundle import write_bundle
from hwgen_keras.bundle.description import pack_structures
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, read_json, write_json

FORMATS = ("saved_model", "onnx", "keras")
STORAGES = ("float32", "float16")
ONNX_PACKAGES = ("onnx", "onnxruntime", "tf2onnx")
# The largest difference to what Keras computes in float32 that is let through.
TOLERANCE = 1e-4
# That of a file with weights of float16, whose outputs are between -1 and 1, or
# probabilities, or normalised embeddings.
HALF_TOLERANCE = 5e-2
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
    sampler=None,
    steps=None,
    spacing=None,
    guidance=None,
):
    """Writes a folder with a trained model in one or several formats.

    What is written is loaded again by a process without Keras and this package, which
    must compute on random inputs of two batches and sizes, for each signature, what the
    Keras model computes in float32; then `model.json` describes the folder, see
    `hwgen_keras.bundle`. If anything fails, there is no folder.

    Args:
        path: a `.keras` file of an `AdaINGenerator`, a `DiffusionGenerator`, a
            `Classifier` of images, or a `CLIP`.
        output: the folder to make.
        formats: some of `FORMATS`: a SavedModel (`saved_model.pb`, `variables`), for
            TensorFlow; `model.onnx`, its signature `serve`; `model.keras`.
        storage: "float32", or "float16": `model.keras` has its weights in half
            precision and is half as large; it computes in float32.
        characters: those that the model knows, in the order of the class ids; or None.
        tokenizer: the `StructureTokenizer` of a model that is told structures, or
            None.
        name: of the model; None: that of the folder.
        image_size: side in pixels of the images it was trained on, or None.
        made_of: what is known of the training, see `hwgen_keras.bundle.made_of`.
        sampler, steps, spacing, guidance: of a `DiffusionGenerator`; `None` and scales
            that `guidance` leaves out are as stored.

    Returns:
        A dict of the largest differences found, {format: number}, and `signatures`, a
        list of names.

    Raises:
        InputError: the file cannot be exported, `output` exists, an argument does not
            fit the model, a package is missing, or the outputs differ too much.

    Example:
        >>> hw.export_model(  # doctest: +SKIP
        ...     "generator.keras", "exported", formats=("saved_model", "onnx")
        ... )
    """
    path, output = pathlib.Path(path), pathlib.Path(output)
    _check(path, output, formats, storage)
    if characters is not None:
        characters = list(characters)
    sampling = {"sampler": sampler, "steps": steps, "spacing": spacing}
    sampling["guidance"] = guidance and dict(guidance)
    with tempfile.TemporaryDirectory() as work, complete_file(output) as partial:
        work = pathlib.Path(work)
        partial.mkdir()
        request = {
            "weights": str(path),
            "saved_model": str(work / "saved_model"),
            "keras_file": str(partial / "model.keras") if "keras" in formats else None,
            "examples_folder": str(work / "examples"),
            "storage": storage,
            "characters": characters,
            "structures": tokenizer and pack_structures(tokenizer),
            "sampling": {k: v for k, v in sampling.items() if v is not None},
        }
        answer = _write(path, work, request)
        differences = {}
        if "saved_model" in formats:
            where = work / "saved_model"
            differences["saved_model"] = _compare("saved_model", where, work, output)
            for file in where.iterdir():
                shutil.move(file, partial / file.name)
        if "onnx" in formats:
            where = partial / "saved_model.pb"
            where = partial if where.exists() else work / "saved_model"
            # An ONNX graph has no output with the name of an input.
            names = ["image_embedding,text_embedding"] * (answer["kind"] == "clip")
            _convert(path, where, partial / "model.onnx", names)
            differences["onnx"] = _compare("onnx", partial / "model.onnx", work, output)
        if "keras" in formats:
            found, limit = answer["keras_difference"], TOLERANCE
            if storage == "float16":
                limit = HALF_TOLERANCE
            _judge(found, limit, f"model.keras with weights of {storage}", output)
            differences["keras"] = found
        write_bundle(
            partial,
            name=name or output.name,
            kind=answer["kind"],
            image_size=image_size,
            mode=answer["mode"],
            characters=characters,
            tokenizer=tokenizer if answer["takes_structures"] else None,
            made_of=made_of,
        )
    return differences | {"signatures": answer["signatures"]}


def export_saved_model(path, output, **arguments):
    """Writes a SavedModel with the signature `serve`, a dict of named inputs.

    Batch and image size are dynamic. Images are float32 (batch, height, width, 1) in
    [-1, 1]; the inputs of a generator's condition are as its `example` gives them,
    labels (batch,) and tokens (batch, length) int32. A generator's output is
    clipped to [-1, 1]; a classifier's are probabilities.

    Of a `DiffusionGenerator` the whole sampling is inside. It takes the standard
    normal `noise`, too, of the shape of `content`; one style image a row. Its
    signature `serve_steps` also takes `log_snrs`, float32 (steps,) of any length, in
    place of the stored steps; see `samplers.sampling_log_snrs`.

    With `characters`, and of a model that is told structures `tokenizer`, the
    signature `serve_characters` takes `characters`, strings (batch,), in place of the
    condition's inputs; that of a classifier gives the characters of its five best
    classes.

    Args:
        path, output: see `export_model`.
        arguments: of `export_model`, but `formats` and `storage`.

    Returns:
        `output`, as a `pathlib.Path`.

    Raises:
        InputError: see `export_model`.

    Example:
        >>> hw.export_saved_model("generator.keras", "exported")  # doctest: +SKIP
    """
    export_model(path, output, **arguments)
    return pathlib.Path(output)


def _check(path, output, formats, storage):
    if not path.is_file():
        raise InputError(f"There is no file {path} to export; check the path.")
    if output.exists():
        raise InputError(f"{output} exists already; choose another folder.")
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        raise InputError(
            f"--format: {', '.join(unknown) or 'nothing'} is no format; use some of "
            f"{', '.join(FORMATS)}, joined by commas."
        )
    if storage not in STORAGES:
        raise InputError(f"--storage={storage}: use {' or '.join(STORAGES)}.")
    if storage != "float32" and "keras" not in formats:
        raise InputError(f"--storage={storage} is for --format=keras; add that.")
    missing = [one for one in ONNX_PACKAGES if importlib.util.find_spec(one) is None]
    if "onnx" in formats and missing:
        raise InputError(
            f"--format=onnx needs {', '.join(missing)}: pip install "
            "'hwgen_keras[onnx]'."
        )


def _run(command, **environment):
    # On a GPU float32 products may be rounded to 10 bits, which is no fair check.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def _reason(done):
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def _write(path, work, request):
    write_json(work / "request.json", request)
    files = str(work / "request.json"), str(work / "answer.json")
    command = [sys.executable, "-m", "hwgen_keras.export.writer", *files]
    done = _run(command, KERAS_BACKEND="tensorflow")
    if done.returncode:
        raise InputError(f"{path} cannot be exported: {_reason(done)}")
    return read_json(work / "answer.json")


def _compare(kind, written, work, output):
    """The largest difference that the other process finds; above the limit an error."""
    # -P: this folder is no place to import from.
    command = [sys.executable, "-P", str(_STANDALONE), kind, str(written)]
    done = _run([*command, str(work / "examples")])
    if done.returncode:
        raise InputError(
            f"What was written for {output} does not run by itself as {kind} "
            f"({_reason(done)}); nothing was kept."
        )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    _judge(found["difference"], TOLERANCE, f"{found['where']} ({kind})", output)
    return found["difference"]


def _judge(difference, limit, what, output):
    if not difference < limit:
        raise InputError(
            f"{output} was not kept: {what} differs from the Keras model by "
            f"{difference:.1e}, and {limit:.0e} is allowed."
        )


def _convert(path, saved_model, written, names):
    command = [sys.executable, "-m", "hwgen_keras.export.to_onnx"]
    done = _run([*command, str(saved_model), str(written), *names])
    if done.returncode or not written.exists():
        raise InputError(f"{path} cannot be written as ONNX: {_reason(done)}")
