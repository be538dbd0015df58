"""The signatures of an exported model: TensorFlow functions of named tensors."""

import contextlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hwgen_keras import samplers
from hwgen_keras.export.kinds import example_inputs
from hwgen_keras.models import CLIP, Classifier, DiffusionGenerator
from hwgen_keras.models.storage import halved

# How many classes a classifier's `serve_characters` names.
BEST = 5


class CharacterTable(tf.Module):
    """Maps characters to the inputs of a model's condition, inside the graph.

    `values` is {input name: array with one row or number for each character}.
    """

    def __init__(self, characters, values):
        super().__init__()
        keys = tf.constant(characters, tf.string)
        rows = tf.range(len(characters), dtype=tf.int64)
        self.values = values
        self.rows = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, rows), default_value=-1
        )

    def lookup(self, characters):
        """Inputs for strings (batch,); the call fails if one is not in the table."""
        rows = self.rows.lookup(characters)
        unknown = tf.boolean_mask(characters, rows < 0)
        # TensorFlow escapes what is not ASCII, so code points are readable.
        points = tf.strings.unicode_decode(unknown, "UTF-8", errors="replace")
        message = "This model does not know these characters (and their code points): "
        known = tf.debugging.Assert(
            tf.size(unknown) == 0, [message, unknown, points.flat_values]
        )
        with tf.control_dependencies([known]):
            return {
                name: tf.gather(tf.constant(value), rows)
                for name, value in self.values.items()
            }


class HalfWeights(tf.Module):
    """Copies of a model's weights in float16, which a graph casts to float32.

    Args:
        model: a built model in float32, with weights that float16 holds.
    """

    def __init__(self, model):
        super().__init__()
        self._replaced, self.stored = [], []
        for weight in model.weights:
            value = halved(keras.ops.convert_to_numpy(weight))
            if value.dtype == np.float16:
                self._replaced.append(weight)
                self.stored.append(tf.Variable(value, trainable=False))

    def __call__(self):
        """The context in which the model computes with these weights."""
        cast = [tf.cast(variable, tf.float32) for variable in self.stored]
        pairs = zip(self._replaced, cast, strict=True)
        return keras.StatelessScope(state_mapping=list(pairs))


def signatures(
    model, table=None, characters=None, weights=contextlib.nullcontext, drawn=None
):
    """The signatures of a model that computes in float32, the default first.

    `table` is the `CharacterTable` of a model with a condition, if it is known;
    `characters` are those of a classifier; `weights` is a function that returns a
    context in which the model is called, see `HalfWeights`; `drawn` is the
    `CharacterTable` of a generator's glyphs, if it holds some.

    Returns:
        {name: (function of a dict, its specifications)}.
    """
    if isinstance(model, Classifier):
        return _classifier_signatures(model, characters, weights)
    if isinstance(model, CLIP):
        return _clip_signatures(model, table, weights)
    return _generator_signatures(model, table, weights, drawn)


# A signature takes its argument names from the specs, not from the dict's keys.
def spec(name, *shape, dtype=tf.float32):
    """{name: the specification of a tensor (batch, *shape)}."""
    return {name: tf.TensorSpec((None, *shape), dtype, name)}


def _image(name="image"):
    return spec(name, None, None, 1)


_CHARACTERS = spec("characters", dtype=tf.string)


def _condition_specs(model):
    specs: dict[str, Any] = {}
    for name, value in example_inputs(model, 1, np.random.default_rng(0)).items():
        specs |= spec(name, *value.shape[1:], dtype=value.dtype)
    return specs


def _generator_signatures(model, table, weights, drawn):
    condition = _condition_specs(model)
    specs = _image("content") | _image("style") | condition
    others: dict[str, Any] = {}
    # All signatures call one function: tracing it takes most of the time. What is not
    # concrete is traced once more when it is saved.
    if isinstance(model, DiffusionGenerator):
        specs |= _image("noise")
        steps = tf.TensorSpec((None,), tf.float32, "log_snrs")
        stored = samplers.sampling_log_snrs(model.schedule, model.steps, model.spacing)
        stored = stored.numpy()

        @tf.function(input_signature=[specs, steps], autograph=False)
        def sample(inputs, log_snrs):
            with weights():
                images = model(inputs, log_snrs=log_snrs)
            return tf.clip_by_value(images, -1.0, 1.0)

        sample = sample.get_concrete_function()

        def serve(inputs):
            return {"image": sample(inputs, tf.constant(stored))}

        def serve_steps(inputs):
            inputs = dict(inputs)
            log_snrs = inputs.pop("log_snrs")
            return {"image": sample(inputs, log_snrs)}

        others["serve_steps"] = serve_steps, specs | {"log_snrs": steps}
    else:

        @tf.function(input_signature=[specs], autograph=False)
        def write(inputs):
            with weights():
                return tf.clip_by_value(model(inputs), -1.0, 1.0)

        write = write.get_concrete_function()

        def serve(inputs):
            return {"image": write(inputs)}

    if drawn is not None and (table is not None or not condition):

        def serve_hand(inputs):
            inputs = dict(inputs)
            characters = inputs.pop("characters")
            content = tf.cast(drawn.lookup(characters)["content"], tf.float32)
            inputs["content"] = content / 127.5 - 1
            known = table.lookup(characters) if table is not None else {}
            return serve(inputs | known)

        images = {"style": specs["style"]}
        if "noise" in specs:
            images["noise"] = specs["noise"]
        others["serve_hand"] = serve_hand, _CHARACTERS | images
    if table is not None and condition:

        def serve_characters(inputs):
            inputs = dict(inputs)
            characters = inputs.pop("characters")
            return serve(inputs | table.lookup(characters))

        images = {name: spec for name, spec in specs.items() if name not in condition}
        others["serve_characters"] = serve_characters, _CHARACTERS | images
    return {"serve": (serve, specs), **others}


def _clip_signatures(model, table, weights):
    def serve(inputs):
        with weights():
            return model(inputs, training=False)

    functions = {"serve": (serve, _image() | _condition_specs(model))}
    if table is not None:

        def serve_characters(inputs):
            tokens = table.lookup(inputs["characters"])["tokens"]
            with weights():
                return {"text": model.text_tower(tokens, training=False)}

        functions["serve_characters"] = serve_characters, _CHARACTERS
    return functions


def _classifier_signatures(model, characters, weights):
    def serve(inputs):
        with weights():
            logits = model(inputs["image"], training=False)
        return {"probabilities": tf.nn.softmax(logits)}

    functions = {"serve": (serve, _image())}
    if characters is not None:

        def serve_characters(inputs):
            probabilities = serve(inputs)["probabilities"]
            best, classes = tf.math.top_k(probabilities, min(BEST, len(characters)))
            names = tf.gather(tf.constant(characters, tf.string), classes)
            return {"characters": names, "probabilities": best}

        functions["serve_characters"] = serve_characters, _image()
    return functions
