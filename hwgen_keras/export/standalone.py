"""Runs an exported model without Keras and this package, and compares its outputs.

A program by itself: `python standalone.py saved_model|onnx MODEL EXAMPLES`. It prints
JSON: the largest difference from the expected outputs, and where it is.
"""

import json
import pathlib
import sys
from typing import Any

FORBIDDEN = {
    "saved_model": ("keras", "tf_keras", "hwgen_keras"),
    "onnx": ("keras", "tf_keras", "hwgen_keras", "tensorflow", "jax", "torch"),
}


def main(format, model, folder):
    # None in sys.modules makes an import of that name fail.
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(FORBIDDEN[format]))
    import numpy as np

    call = {"saved_model": saved_model, "onnx": onnx}[format](model)
    worst = {"difference": 0.0, "where": ""}
    names = pathlib.Path(folder, "signatures.json").read_text("utf-8")
    for number, signature in enumerate(json.loads(names)):
        if format == "onnx" and signature != "serve":
            continue
        inputs, expected = (
            dict(np.load(pathlib.Path(folder, f"{number}-{part}.npz")))
            for part in ("inputs", "outputs")
        )
        outputs = call(signature, inputs)
        for name, value in expected.items():
            distance = difference(np, outputs.get(name), value)
            if distance >= worst["difference"]:
                worst = {"difference": distance, "where": f"{name} of {signature}"}
    print(json.dumps(worst))


def difference(np, output, expected):
    """The largest difference of two arrays; infinite if they cannot be compared."""
    if output is None or output.shape != expected.shape:
        return float("inf")
    if expected.dtype.kind == "S":
        same = (output.astype("S") == expected) | (expected == b"")
        return 0.0 if same.all() else float("inf")
    if expected.dtype == np.uint8:
        # Rounding may end on either side, one grey apart.
        apart = np.abs(output.astype(int) - expected.astype(int))
        return float(np.maximum(apart - 1, 0).max()) / 255
    largest = float(np.abs(output - expected).max())
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
    # ONNX allows no output with the name of an input: a CLIP's have a suffix.
    names = [out.name.removesuffix("_embedding") for out in session.get_outputs()]
    return lambda _, inputs: dict(zip(names, session.run(None, inputs), strict=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
