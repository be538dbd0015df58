"""The process that writes a stroke writer as three ONNX graphs, for samplers elsewhere.

`python -m hwgen_keras.export.writer_steps FILE.keras FOLDER`. A page in a browser
encodes a hand once, and can stop between two steps of the sampling. Temperature,
guidance and the sampler are its own. Beside each graph lie examples to check it by,
and `facts.json` has what a sampler has to know.
"""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from hwgen_keras import samplers, schedules
from hwgen_keras.errors import InputError
from hwgen_keras.export.onnx_order import put_in_order
from hwgen_keras.export.to_onnx import OPSET, store_half
from hwgen_keras.files import write_json
from hwgen_keras.layers import HandFrame
from hwgen_keras.models import StrokeWriter, load_trained, with_policy
from hwgen_keras.models.stroke_writer import MOST_DEVIATIONS

NAMES = HAND, STEP, LINES = ("hand", "step", "lines")
# Sizes of the examples: characters, their strokes, strokes of the hand.
_ROWS, _STROKES, _PAIRS = 3, 5, 7


def graphs(writer):
    """The three functions of a stroke writer without a condition.

    - `hand`: the arrays of one hand, see `StrokeWriter`, to what `step` reads of it:
      `code` (1, width), `keys` and `values` (depth, heads, pairs + 1, width / heads),
      `seen` (1, pairs + 1), all of whose pairs but the first are 0 for no hand; and
      `frame` (7,), the numbers of its `HandFrame`;
    - `step`: those, `noisy` (batch, n, features), its `log_snr` (1,), `template` and
      `template_mask` to `estimate`, the clean features;
    - `lines`: clean `features`, `template`, `template_mask` and `frame` to `points` and
      `radii`.

    Args:
        writer: a built `StrokeWriter` that computes in float32.

    Returns:
        {name: a TensorFlow function of named tensors}, each with all sizes of batches,
        characters and hands free.
    """
    network = writer.network
    points, features, depth = network.points, network.features, network.depth
    width, heads = network.width, network.heads

    def spec(name, *shape, dtype=tf.float32):
        return tf.TensorSpec(shape, dtype, name)

    template = spec("template", None, None, points, 2)
    mask = spec("template_mask", None, None, dtype=tf.bool)
    frame = spec("frame", 7)
    context = depth, heads, None, width // heads

    def encode(hand_template, hand_points, hand_radii, hand_mask):
        inputs = {
            "hand_template": hand_template,
            "hand_points": hand_points,
            "hand_radii": hand_radii,
            "hand_mask": hand_mask,
            # Says only that there is one row.
            "template": tf.zeros((1, 1, points, 2)),
        }
        code, contexts, seen = network.encode_hand(inputs)
        keys, values = (tf.concat(part, 0) for part in zip(*contexts, strict=True))
        numbers = network.frame(inputs).numbers()[0]
        named = (("code", code), ("keys", keys), ("values", values), ("seen", seen))
        return {name: tf.identity(x) for name, x in (*named, ("frame", numbers))}

    def step(noisy, log_snr, template, template_mask, code, keys, values, seen):
        pairs = (keys[k : k + 1] for k in range(depth))
        contexts = [(k, values[i : i + 1]) for i, k in enumerate(pairs)]
        inputs = {"template": template, "template_mask": template_mask}
        prediction = network(noisy, log_snr, inputs, (code, contexts, seen))
        signal, sigma = schedules.rates(log_snr[:, None, None])
        kind = writer.parameterization
        estimate = schedules.to_image(prediction, noisy, signal, sigma, kind)
        return {"estimate": estimate}

    def lines(features, template, template_mask, frame):
        hand = HandFrame.of_numbers(frame[None])
        places = hand.place(template)
        decoded = network.track_features.decode(places, features, template_mask)
        return {"points": decoded[0], "radii": hand.with_pen(decoded[1])}

    specs = {
        HAND: (
            encode,
            spec("hand_template", 1, None, points, 2),
            spec("hand_points", 1, None, 2, points, 2),
            spec("hand_radii", 1, None, 2, points),
            spec("hand_mask", 1, None, dtype=tf.bool),
        ),
        STEP: (
            step,
            spec("noisy", None, None, features),
            spec("log_snr", 1),
            *(template, mask, spec("code", 1, width)),
            *(spec(name, *context) for name in ("keys", "values")),
            spec("seen", 1, None),
        ),
        LINES: (lines, spec("features", None, None, features), template, mask, frame),
    }
    return {
        name: tf.function(function, input_signature=signature, autograph=False)
        for name, (function, *signature) in specs.items()
    }


def write(weights, folder):
    """Writes `NAME.onnx`, `NAME-inputs.npz` and `NAME-outputs.npz` of each graph.

    Args:
        weights: the `.keras` file of a `StrokeWriter` without a condition.
        folder: an existing folder.

    Raises:
        InputError: the file is no such writer, or has a `join_temperature`.
    """
    from tf2onnx import convert

    writer = load_trained(weights, StrokeWriter, "export")
    if writer.condition is not None:
        raise InputError(f"{weights} has a condition; export a writer without one.")
    if writer.join_temperature is not None:
        raise InputError(f"{weights} has a join_temperature; export one without it.")
    writer = with_policy(writer, "float32", copy=False)
    folder, made = pathlib.Path(folder), graphs(writer)
    outputs: dict = {}
    for name, function in made.items():
        graph, _ = convert.from_function(
            function, input_signature=function.input_signature, opset=int(OPSET)
        )
        graph.graph.name, graph.graph.doc_string, graph.doc_string = name, "", ""
        store_half(graph.graph)
        put_in_order(graph.graph)
        (folder / f"{name}.onnx").write_bytes(graph.SerializeToString())
        inputs = _example(function.input_signature, outputs)
        expected = {key: x.numpy() for key, x in function(**inputs).items()}
        outputs |= expected
        np.savez(folder / f"{name}-inputs.npz", **inputs)
        np.savez(folder / f"{name}-outputs.npz", **expected)
    write_json(folder / "facts.json", facts(writer))


def facts(writer):
    """What samples as a stroke writer does: a dict.

    Args:
        writer: a `StrokeWriter`.

    Raises:
        InputError: its sampler is not the one that the page has.
    """
    if writer.sampler != "dpm_solver":
        raise InputError(f"its sampler is {writer.sampler}; the page has dpm_solver")
    steps = samplers.sampling_log_snrs(writer.schedule, writer.steps, writer.spacing)
    return {
        "points": writer.network.points,
        "features": writer.network.features,
        "logSnrs": keras.ops.convert_to_numpy(steps).tolist(),
        "temperature": writer.temperature,
        # The numbers of a stroke that are drawn, as `StrokeWriter` draws them.
        "drawn": (~writer.network.track_features.pens).tolist(),
        "guidance": writer.guidance["hand"],
        "mostDeviations": MOST_DEVIATIONS,
    }


def _example(signature, earlier):
    """Inputs of a graph: what earlier graphs gave, and random ones."""
    rng = np.random.default_rng(0)
    free = {"hand": _PAIRS}
    inputs = {}
    for spec in signature:
        sizes = iter((_ROWS, _STROKES))
        shape = [
            side or free.get(spec.name.split("_")[0]) or next(sizes)
            for side in spec.shape
        ]
        if spec.name in earlier:
            inputs[spec.name] = earlier[spec.name]
        elif spec.dtype == tf.bool:
            inputs[spec.name] = np.arange(shape[1]) < [[shape[1] - 1]] * shape[0]
        else:
            low = 0.01 if spec.name.endswith("radii") else 0.0
            numbers = low + rng.random(shape) * (0.05 if low else 1.0)
            inputs[spec.name] = numbers.astype(np.float32)
    return inputs


def main(weights, folder):
    try:
        write(weights, folder)
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
