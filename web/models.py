"""The models and tables that the page in the browser loads.

`make_models` writes them into a folder: the stroke writer as three graphs and the
reader as one, all with weights in half precision, the strokes of KanjiVG, and
`models.json`, which has their checksums and what else the engine has to know.
"""

import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from hwgen_keras.characters import kanjivg
from hwgen_keras.data import MOST_SAMPLES
from hwgen_keras.data.stages import FIXED_MARGIN
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json, write_json
from hwgen_keras.generation.tracks import FIRST_CHARACTERS, FIRST_ROW, PAIRS
from hwgen_keras.sources.strokes import bezier_curves

MODELS = pathlib.Path(__file__).parents[1] / "saved_models"
GRAPHS = ("hand", "step", "lines")
# The largest difference of a graph's numbers from those of Keras.
_TOLERANCE = 1e-4
# Coordinates of the strokes are whole numbers of so many parts of KanjiVG's unit.
_PARTS = 100


def make_models(folder, models=MODELS):
    """Writes all that the engine loads, and its list `models.json`.

    Args:
        folder: an existing, empty folder.
        models: folder with the models `jis1-writer` and `jis1-reader`.

    Raises:
        InputError: a model is missing or does not fit, or a graph computes something
            else than the model.
    """
    folder, models = pathlib.Path(folder), pathlib.Path(models)
    writer, reader = models / "jis1-writer", models / "jis1-reader"
    for file in (writer / "model.keras", reader / "model.onnx"):
        if not file.is_file():
            raise InputError(f"There is no {file}; get the models of saved_models/.")
    about_writer, about_reader = (read_json(m / "model.json") for m in (writer, reader))
    with tempfile.TemporaryDirectory() as scratch:
        facts = writer_graphs(writer / "model.keras", pathlib.Path(scratch))
        contents = {
            f"{name}.onnx": pathlib.Path(scratch, f"{name}.onnx").read_bytes()
            for name in GRAPHS
        }
    contents["reader.onnx"] = (reader / "model.onnx").read_bytes()
    contents["strokes"] = packed_strokes(about_writer["characters"])
    files = {}
    for name, content in contents.items():
        # Not `.gz`, which some servers would unpack. Without a time, so that equal
        # models give equal files.
        stored = gzip.compress(content, 9, mtime=0)
        (folder / f"{name}.bin").write_bytes(stored)
        files[name] = {
            "file": f"{name}.bin",
            "bytes": len(stored),
            "sha256": hashlib.sha256(stored).hexdigest(),
        }
    hands = {
        "newHands": about_writer["new_hands"],
        "firstCharacters": list(FIRST_CHARACTERS),
        "firstRow": FIRST_ROW,
        "pairs": PAIRS,
        "samples": MOST_SAMPLES,
    }
    write_json(
        folder / "models.json",
        {
            "files": files,
            "characters": "".join(about_writer["characters"]),
            "readable": "".join(about_reader["characters"]),
            "strokes": {"side": kanjivg.BOX * _PARTS},
            "writer": facts | hands,
            "reader": {"size": about_reader["image_size"], "margin": FIXED_MARGIN},
        },
    )


def writer_graphs(weights, folder):
    """Writes the graphs of a stroke writer, checks them and returns its facts.

    Args:
        weights: the `.keras` file.
        folder: an existing folder.

    Raises:
        InputError: the file is no such model, or a graph computes something else.
    """
    command = [sys.executable, "-m", "hwgen_keras.export.writer_steps"]
    environment = os.environ | {"KERAS_BACKEND": "tensorflow"}
    # A GPU may round products, which would fail the comparison.
    environment["CUDA_VISIBLE_DEVICES"] = "-1"
    process = subprocess.run(
        [*command, str(weights), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{weights} cannot be written for the page: {reason}")
    for name in GRAPHS:
        difference = graph_difference(folder, name)
        if not difference < _TOLERANCE:
            raise InputError(
                f"The graph {name} of {weights} differs from Keras by "
                f"{difference:.1e}, and {_TOLERANCE:.0e} is allowed."
            )
    return json.loads((folder / "facts.json").read_text("utf-8"))


def graph_difference(folder, name):
    """The largest difference of a graph from its examples; of a NaN infinite."""
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    inputs, outputs = (
        dict(np.load(folder / f"{name}-{kind}.npz")) for kind in ("inputs", "outputs")
    )
    differences = [
        np.abs(computed - outputs[output.name]).max()
        for output, computed in zip(
            session.get_outputs(), session.run(None, inputs), strict=True
        )
    ]
    return float(np.nan_to_num(np.max(differences), nan=np.inf))


def packed_strokes(characters):
    """The strokes of characters, cubic Bézier curves, in few bytes.

    First a byte for each character, the number of its strokes; then a byte for each
    stroke, the number of its curves; then the coordinates, each the difference from the
    point before in all the file, as two bytes: the low ones of all x, the low ones of
    all y, the high ones of all x and of all y. A stroke has its first point, then for
    each curve the two handles and the end.

    Args:
        characters: those to pack; KanjiVG has to describe each.
    """
    counts, curves, points = [], [], []
    for character in characters:
        strokes = bezier_curves(character)
        counts.append(len(strokes))
        curves += [(len(stroke) - 1) // 3 for stroke in strokes]
        points += strokes
    whole = np.round(np.concatenate(points) * _PARTS).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=0)
    if max(*counts, *curves) > 255 or np.abs(steps).max() > 32767:
        raise InputError("A character has more strokes or longer ones than fit.")
    planes = steps.astype("<i2").T.copy().view(np.uint8).reshape(-1, 2).T
    return bytes(counts) + bytes(curves) + planes.tobytes()
