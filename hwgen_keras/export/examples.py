"""Random inputs, and what a Keras model computes from them."""

import keras
import numpy as np

from hwgen_keras import samplers
from hwgen_keras.export.kinds import example_inputs, kind_and_mode
from hwgen_keras.export.signatures import BEST
from hwgen_keras.export.writer_examples import writer_examples
from hwgen_keras.models import DiffusionGenerator

# Batches, and their heights and widths in units.
_SIZES = ((1, 1, 1), (3, 2, 1))
_UNIT = 32
# Two classes whose probabilities differ by less may come in either order.
_NEAR = 1e-4


def examples(model, characters=None, values=None, glyphs=None):
    """Inputs of two batches and sizes for every signature, with Keras's outputs.

    `values` are those of the model's `CharacterTable` or `TemplateTable`, or None;
    `glyphs` are those that a generator's export holds, or None.

    Returns:
        A list of (signature, inputs, outputs), dicts of NumPy arrays. An output "" may
        be any character.
    """
    kind, _ = kind_and_mode(model)
    if kind == "writer":

        def outputs_of(inputs):
            return keras_outputs(model, inputs)

        return writer_examples(model, outputs_of, characters, values)
    rng, triples = np.random.default_rng(0), []
    stride = getattr(model, "stride", 1)
    unit = stride * -(-_UNIT // stride)
    for batch, height, width in _SIZES:
        inputs = _inputs(model, kind, rng, (batch, unit * height, unit * width, 1))
        names = None
        if values is not None:
            chosen = rng.integers(0, len(characters), batch)
            inputs |= {name: value[chosen] for name, value in values.items()}
            names = np.array([characters[i].encode() for i in chosen])
        outputs = keras_outputs(model, inputs)
        triples.append(("serve", inputs, outputs))
        if kind == "classifier" and characters is not None:
            best = _best(outputs["probabilities"], characters)
            triples.append(("serve_characters", inputs, best))
        elif names is not None:
            others = {k: v for k, v in inputs.items() if k not in values}
            if kind == "clip":
                others, outputs = {}, {"text": outputs["text"]}
            named = {**others, "characters": names}
            triples.append(("serve_characters", named, outputs))
    if glyphs is not None:
        triples.append(_in_a_hand(model, rng, characters, values, glyphs))
    if isinstance(model, DiffusionGenerator):
        longer = model.sampling(steps=model.steps + 1)
        log_snrs = samplers.sampling_log_snrs(
            model.schedule, longer.steps, model.spacing
        )
        more = {"log_snrs": keras.ops.convert_to_numpy(log_snrs)}
        triples.append(("serve_steps", inputs | more, keras_outputs(longer, inputs)))
    return triples


def _in_a_hand(model, rng, characters, values, glyphs):
    """The example of `serve_hand`: the last character's glyph, and a style."""
    kind, _ = kind_and_mode(model)
    inputs = _inputs(model, kind, rng, (1, *glyphs.shape[1:]))
    inputs["content"] = glyphs[-1:].astype(np.float32) / np.float32(127.5) - 1
    inputs |= {name: value[-1:] for name, value in (values or {}).items()}
    given = {name: inputs[name] for name in ("style", "noise") if name in inputs}
    named = {"characters": np.array([characters[-1].encode()]), **given}
    return "serve_hand", named, keras_outputs(model, inputs)


def keras_outputs(model, inputs):
    """What the signature `serve` of a Keras model should compute, named arrays."""
    kind, _ = kind_and_mode(model)
    if kind == "classifier":
        logits = model(inputs["image"], training=False)
        outputs = {"probabilities": keras.ops.softmax(logits)}
    elif kind in ("clip", "writer"):
        outputs = model(inputs, training=False)
    else:
        outputs = {"image": keras.ops.clip(model(inputs), -1.0, 1.0)}
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def _inputs(model, kind, rng, shape):
    names = ("image",) if kind in ("classifier", "clip") else ("content", "style")
    inputs = {name: rng.uniform(-1, 1, shape).astype("float32") for name in names}
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
