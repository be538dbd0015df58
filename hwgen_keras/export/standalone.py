"""Runs an exported model without Keras and this package, and compares its outputs.

A program by itself: `python standalone.py saved_model|onnx MODEL EXAMPLES`. Prints JSON: the
largest difference to the expected outputs, and where it is.
"""

import json
import pathlib
import sys
from typing import Any

FORBIDDEN = {
    "saved_model": ("keras", "tf_keras", "hwgen_keras"),
    "onnx": ("keras", "tf_keras", "hwgen_keras", "tensorflow", "jax", "torch"),
}


def main(kind, model, folder):
    # None in sys.modules makes an import of that name fail.
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(FORBIDDEN[kind]))
    import numpy as np

    call = {"saved_model": saved_model, "onnx": onnx}[kind](model)
    worst = {"difference": 0.0, "where": ""}
    for number, signature in enumerate(json.loads(read(folder, "signatures.json"))):
        if kind == "onnx" and signature != "serve":
            continue
        with np.load(pathlib.Path(folder, f"{number}-inputs.npz")) as file:
            inputs = dict(file)
        outputs = call(signature, inputs)
        with np.load(pathlib.Path(folder, f"{number}-outputs.npz")) as file:
            expected = dict(file)
        for name, value in expected.items():
            found = difference(np, outputs.get(name), value)
            if found >= worst["difference"]:
                worst = {"difference": found, "where": f"{name} of {signature}"}
    print(json.dumps(worst))


def read(folder, name):
    return pathlib.Path(folder, name).read_text("utf-8")


def difference(np, found, expected):
    """The largest one of two arrays; infinite if they cannot be compared."""
    if found is None or found.shape != expected.shape:
        return float("inf")
    if expected.dtype.kind == "S":
        same = (found.astype("S") == expected) | (expected == b"")
        return 0.0 if same.all() else float("inf")
    largest = float(np.abs(found - expected).max())
    # What is no number is no small difference.
    return float("inf") if np.isnan(largest) else largest


def saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)

    def call(signature, inputs):
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    return call


def onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    # A CLIP's outputs have the names of inputs elsewhere, which ONNX does not allow.
    plain = [name.removesuffix("_embedding") for name in names]
    return lambda _, inputs: dict(zip(plain, session.run(names, inputs), strict=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
