"""The process on TensorFlow that writes a model; `exporter.py` starts it.

`python -m hwgen_keras.export.writer REQUEST.json ANSWER.json`
"""

import contextlib
import pathlib
import sys
from typing import Any

import keras
import numpy as np

from hwgen_keras.bundle.description import unpack_structures
from hwgen_keras.characters import CharacterSet, Domain, Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.export.examples import examples, keras_outputs
from hwgen_keras.export.kinds import condition_of, kind_and_mode
from hwgen_keras.export.signatures import CharacterTable, HalfWeights, signatures
from hwgen_keras.export.templates import packed_templates
from hwgen_keras.export.writer_examples import track_difference, writer_inputs
from hwgen_keras.export.writer_signatures import TemplateTable, writer_signatures
from hwgen_keras.files import read_json, write_json
from hwgen_keras.generation.sampling import check_unconditioned
from hwgen_keras.models import (
    Classifier,
    StrokeWriter,
    load_trained,
    save_model,
    with_policy,
)
from hwgen_keras.models.storage import halved


def write(weights, saved_model, keras_file, examples_folder, storage, **request):
    """Writes the SavedModel, the examples to check it by, and a `.keras` file.

    Args:
        weights: the `.keras` file to export.
        saved_model, examples_folder, keras_file: where to write; the last may be None.
        storage: dtype of the weights in all files.
        **request: `sampling`, `characters`, `structures` and `glyphs`, see `exporter`.

    Returns:
        A dict for `exporter`.
    """
    model = load_trained(weights, keras.Model, "export")
    kind, mode = kind_and_mode(model)
    glyphs = request.get("glyphs")
    if glyphs is not None:
        if kind not in ("generator", "diffusion"):
            raise InputError(f"glyphs: a {type(model).__name__} rewrites none")
        glyphs = np.load(glyphs)
    if kind == "writer":
        check_unconditioned(model, "it")
    model = _with_sampling(model, request["sampling"])
    model = with_policy(model, "float32", copy=False)
    characters = request["characters"] = _characters(model, request["characters"])
    values = _values(model, request)
    trained = checked = examples(model, characters, values, glyphs)
    difference = 0.0
    if storage == "float16":
        model.set_weights([halved(w).astype("float32") for w in model.get_weights()])
        checked = examples(model, characters, values, glyphs)
        difference = _difference(model, trained)
    if keras_file is not None:
        save_model(model, keras_file, storage)
        stored = load_trained(keras_file, keras.Model, "export")
        difference = _difference(stored, trained)
    folder = pathlib.Path(examples_folder)
    folder.mkdir()
    for number, (_, inputs, outputs) in enumerate(checked):
        np.savez(folder / f"{number}-inputs.npz", **inputs)
        np.savez(folder / f"{number}-outputs.npz", **outputs)
    write_json(folder / "signatures.json", [name for name, *_ in checked])
    tables = characters, values, glyphs
    names = _write_graph(model, kind, *tables, storage, saved_model)
    condition, _ = condition_of(model)
    return {
        "kind": kind,
        "mode": mode,
        "characters": characters,
        "takes_structures": getattr(condition, "needs", None) == "structure",
        "signatures": names,
        "new_hands": _new_hands(model) if kind == "writer" else None,
        "storage_difference": difference,
    }


def _write_graph(model, kind, characters, values, glyphs, storage, path):
    """Writes the SavedModel; returns the names of its signatures."""
    archive, table, drawn = keras.export.ExportArchive(), None, None
    if values is not None:
        table = (
            TemplateTable(characters, values)
            if kind == "writer"
            else CharacterTable(characters, values)
        )
        archive.track(table)
    if glyphs is not None:
        drawn = CharacterTable(characters, {"content": glyphs})
        archive.track(drawn)
    weights: Any = contextlib.nullcontext
    if storage == "float16":
        weights = HalfWeights(model)
        archive.track(weights)
    if kind == "writer":
        endpoints = writer_signatures(model, writer_inputs(model), table, weights)
    else:
        endpoints = signatures(model, table, characters, weights, drawn)
    for name, (function, specs) in endpoints.items():
        archive.add_endpoint(name, function, input_signature=[specs])
    archive.write_out(path, verbose=False)
    return list(endpoints)


def _new_hands(writer):
    """`new_hands` of a `Bundle`."""
    network = writer.network
    parts = {"mean": network.frame_mean, "deviation": network.frame_deviation}
    return {
        name: [float(x) for x in keras.ops.convert_to_numpy(value)]
        for name, value in parts.items()
    }


def _with_sampling(model, sampling):
    able = getattr(model, "sampling_settings", ())
    for name in sampling:
        if name not in able:
            has = "stroke writer" if "temperature" in name else "diffusion model"
            raise InputError(
                f"a {type(model).__name__} has no {name} to set; only a {has} has it"
            )
    if not sampling:
        return model
    guidance = {**model.guidance, **sampling.get("guidance", {})}
    return model.sampling(**{**sampling, "guidance": guidance})


def _characters(model, given):
    """The characters of the export: those of the model's classes, if it names them."""
    condition, domain = condition_of(model)
    if isinstance(model, Classifier):
        domain = model.domain
    elif getattr(condition, "needs", None) != "class":
        return given
    if given is not None:
        remedy = "leave --characters out, or give the set of its training"
        domain.check(Domain.of_characters(given), "it", remedy)
    return given if domain.names is None else list(domain.names)


def _values(model, request):
    """The condition inputs of each character, {name: array}; None if unknown.

    Of a stroke writer its `packed_templates`.
    """
    characters = request["characters"]
    if characters is None:
        return None
    if isinstance(model, StrokeWriter):
        return packed_templates(characters, model.network.points)
    condition, domain = condition_of(model)
    if condition is None:
        return None
    tokenizer = None
    if condition.needs == "structure":
        if request["structures"] is None:
            return None
        tokenizer = unpack_structures(request["structures"], "the request")
    knowledge = Knowledge(CharacterSet("the character set", characters), tokenizer)
    condition.check(knowledge, "it", domain)
    return condition.encode_text(characters, knowledge)


def _difference(model, checked):
    """The largest difference of a model's outputs from others; of a NaN infinite."""
    largest = 0.0
    for name, inputs, expected in checked:
        if name == "serve":
            outputs = keras_outputs(model, inputs)
            if "radii" in expected:
                largest = max(largest, track_difference(outputs, expected))
                continue
            for key, value in expected.items():
                difference = np.abs(outputs[key] - value).max()
                largest = max(largest, float(np.nan_to_num(difference, nan=np.inf)))
    return largest


def main(request, answer):
    try:
        write_json(answer, write(**read_json(request)))
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
