"""Random inputs, and what a Keras model computes of them."""

import keras
import numpy as np

from hwgen_keras import samplers
from hwgen_keras.export.signatures import BEST, example_inputs, kind_and_mode
from hwgen_keras.models import DiffusionGenerator

# Batches, and their heights and widths in units.
_SIZES = ((1, 1, 1), (3, 2, 1))
_UNIT = 32
# Of two classes whose probabilities are as near as this either may come first.
_NEAR = 1e-4


def examples(model, characters=None, values=None):
    """Inputs of two batches and sizes for every signature, and Keras's outputs.

    Args:
        model: of float32.
        characters: list of characters, or None.
        values: of the model's `CharacterTable`, or None.

    Returns:
        A list of (signature, inputs, outputs), dicts of NumPy arrays. An output ""
        may be anything.
    """
    kind, _ = kind_and_mode(model)
    rng, found = np.random.default_rng(0), []
    stride = getattr(model, "stride", 1)
    unit = stride * -(-_UNIT // stride)
    for batch, *sides in _SIZES:
        height, width = (unit * side for side in sides)
        inputs = _inputs(model, kind, rng, (batch, height, width, 1))
        named = None
        if values is not None:
            chosen = rng.integers(0, len(characters), batch)
            inputs |= {name: value[chosen] for name, value in values.items()}
            named = np.array([characters[i].encode() for i in chosen])
        outputs = keras_outputs(model, inputs)
        found.append(("serve", inputs, outputs))
        if kind == "classifier" and characters is not None:
            best = _best(outputs["probabilities"], characters)
            found.append(("serve_characters", inputs, best))
        elif named is not None:
            less = {k: v for k, v in inputs.items() if k not in values}
            if kind == "clip":
                less, outputs = {}, {"text": outputs["text"]}
            less["characters"] = named
            found.append(("serve_characters", less, outputs))
    if isinstance(model, DiffusionGenerator):
        other = model.sampling(steps=model.steps + 1)
        log_snrs = samplers.sampling_log_snrs(
            model.schedule, other.steps, model.spacing
        )
        log_snrs = {"log_snrs": keras.ops.convert_to_numpy(log_snrs)}
        found.append(("serve_steps", inputs | log_snrs, keras_outputs(other, inputs)))
    return found


def keras_outputs(model, inputs):
    """What the signature `serve` of a Keras model should give, named arrays."""
    kind, _ = kind_and_mode(model)
    if kind == "classifier":
        logits = model(inputs["image"], training=False)
        found = {"probabilities": keras.ops.softmax(logits)}
    elif kind == "clip":
        found = model(inputs, training=False)
    else:
        found = {"image": keras.ops.clip(model(inputs), -1.0, 1.0)}
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


def _inputs(model, kind, rng, shape):
    def images():
        return rng.uniform(-1, 1, shape).astype("float32")

    if kind in ("classifier", "clip"):
        inputs = {"image": images()}
    else:
        inputs = {"content": images(), "style": images()}
    if kind == "diffusion":
        inputs["noise"] = rng.normal(size=shape).astype("float32")
    return inputs | example_inputs(model, shape[0], rng)


def _best(probabilities, characters):
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    gaps = np.pad(ranked[:, :-1] - ranked[:, 1:], ((0, 0), (1, 1)), constant_values=1)
    unsure = np.minimum(gaps[:, 1:], gaps[:, :-1]) < _NEAR
    names = np.array([c.encode() for c in characters])[order]
    names[unsure] = b""
    return {"characters": names[:, :BEST], "probabilities": ranked[:, :BEST]}
