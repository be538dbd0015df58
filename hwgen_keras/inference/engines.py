"""Exported models, run in one way: named arrays in, named arrays out; without Keras."""

import contextlib
import importlib.util
import logging
from typing import Any

import numpy as np

from hwgen_keras.characters import CharacterSet, Domain, Knowledge
from hwgen_keras.errors import InputError, check_whole, loading
from hwgen_keras.inference.exported_writer import ExportedWriter
from hwgen_keras.safety import check_onnx_file

_LOG = logging.getLogger("hwgen_keras")
# The inputs of a generator that do not come from its condition.
_GENERAL_INPUTS = {"content", "style", "noise"}
# Side in pixels of the blank image that a CLIP gets when only its text is wanted.
_PAPER = 32


class _ExportedEngine:
    """SavedModel or ONNX: all that is known are the shapes of inputs and outputs.

    Both are {name: shape}, with None for dynamic sizes. Of a stroke writer `model` is
    an `ExportedWriter`. `stored` is the model.keras of the same model, which does what
    an export cannot; None if there is none, or another format was asked for.
    """

    stride = 1
    # The class of a generator's condition, and the domain, which `describe` adds.
    condition: Any = None
    domain: Any = None
    stored: Any = None
    _in_keras: Any = None

    def _run(self, inputs):
        """All outputs by name, arrays."""
        raise NotImplementedError

    def describe(self, bundle):
        """Adds what the `Bundle` of the folder knows of the condition and classes."""
        if bundle.condition:
            # Two conditions may have inputs of the same name.
            self.condition = find_condition(
                self.input_names, self.name, bundle.condition
            )
        if self.kind == "writer" and bundle.new_hands is not None:
            self.model.network.take_hands(**bundle.new_hands)
        elif self.kind == "writer" and self.stored is not None:
            reason = "the export does not tell what new hands are drawn from"
            self.model.network.in_keras = lambda: self.in_keras(reason).model.network
        if self.kind == "classifier":
            self.domain = Domain.of_characters(bundle.characters, self.classes)
        elif self.condition is not None:
            characters = bundle.characters and CharacterSet("", bundle.characters)
            knowledge = Knowledge(characters, bundle.tokenizer())
            with contextlib.suppress(InputError):  # The folder does not name them.
                self.domain = self.condition.domain_of(knowledge)

    def __init__(self, name, inputs, outputs):
        self.name, self.input_names = name, tuple(inputs)
        if {"content", "style"} <= {*inputs} and "image" in outputs:
            self.kind = "diffusion" if "noise" in inputs else "generator"
            self.condition = find_condition(inputs, name)
        elif "probabilities" in outputs:
            self.kind = "classifier"
        elif {"image", "text"} <= {*outputs}:
            from hwgen_keras.layers.conditions import CLIPCondition

            self.kind, self.condition = "clip", CLIPCondition
        elif {"template", "noise"} <= {*inputs} and {"points", "radii"} <= {*outputs}:
            self.kind, self.model = "writer", ExportedWriter(name, self._run, inputs)
        else:
            raise InputError(
                f"{name} is no exported model of hwgen_keras: it takes "
                f"{', '.join(inputs)} and gives {', '.join(outputs)}."
            )
        self.shapes = inputs
        self.classes = outputs.get("probabilities", (None,))[-1]

    def run(self, inputs):
        """Outputs by name; of a CLIP, those of the given inputs."""
        for name in {*inputs} & {*getattr(self.condition, "input_names", ())}:
            shape, expected = inputs[name].shape[1:], self.shapes[name][1:]
            if shape != expected:
                raise InputError(
                    f"{self.name} takes {name} of the shape {expected} for a "
                    f"character, not {shape}; give the structures of its training."
                )
        if self.kind != "clip":
            outputs = self._run({name: inputs[name] for name in self.input_names})
            self._check_size(inputs, outputs)
            return outputs
        count = len(next(iter(inputs.values())))
        paper = np.ones((count, _PAPER, _PAPER, 1), np.float32)
        tokens = np.zeros((count, self.shapes["tokens"][-1]), np.int32)
        outputs = self._run({"image": paper, "tokens": tokens, **inputs})
        name = "image" if "image" in inputs else "text"
        return {name: outputs[name]}

    def _check_size(self, inputs, outputs):
        """Raises InputError unless a generator, of unknown stride, keeps the size."""
        if "content" not in inputs:
            return
        before, after = (i.shape[1:3] for i in (inputs["content"], outputs["image"]))
        if before != after:
            raise InputError(
                f"{self.name} made images of {after[0]} × {after[1]} pixels out of "
                f"{before[0]} × {before[1]}; give the image size of its training, or a "
                "multiple of 8."
            )

    def sampling(self, settings):
        """See `KerasEngine.sampling`; InputError if there is no `stored`."""
        chosen = next(iter(settings))
        if self.stored is None:
            raise InputError(
                f"{self.name} is exported, with its {chosen} inside; load the .keras "
                "file to choose it, or export again."
            )
        return self.in_keras(f"{chosen} is given").sampling(settings)

    def in_keras(self, reason):
        """The `KerasEngine` of `stored`, which is read once; `reason` is logged."""
        if self._in_keras is None:
            from hwgen_keras.inference.keras_engine import KerasEngine

            _LOG.info("%s is run by Keras, since %s.", self.stored, reason)
            self._in_keras = KerasEngine.read(self.stored)
        return self._in_keras


class SavedModelEngine(_ExportedEngine):
    """A SavedModel written by `export_model`; TensorFlow runs it on any backend."""

    format = "saved_model"

    def __init__(self, path):
        if importlib.util.find_spec("tensorflow") is None:
            raise InputError(
                f"{path} is a SavedModel, and TensorFlow is not installed: "
                "`pip install tensorflow`, or load a .keras or .onnx file."
            )
        # TensorFlow is imported only where a SavedModel is used.
        from hwgen_keras.export import load_exported

        self._serve = load_exported(path)
        inputs = self._serve.structured_input_signature[1]
        super().__init__(
            str(path),
            {name: tuple(spec.shape) for name, spec in inputs.items()},
            {n: tuple(s.shape) for n, s in self._serve.structured_outputs.items()},
        )

    def _run(self, inputs):
        return {name: value.numpy() for name, value in self._serve(**inputs).items()}

    def get_weights(self):
        """The weights, NumPy arrays in the order in which they are used."""
        return [variable.numpy() for variable in self._serve.variables]

    def predict_on_batch(self, inputs):
        """Images (batch, height, width, 1) of a generator, as of a Keras model."""
        return self.run(inputs)["image"]


class OnnxEngine(_ExportedEngine):
    """An ONNX file written by `export_model`; onnxruntime runs it."""

    format = "onnx"

    def __init__(self, path):
        try:
            import onnxruntime
        except ImportError:
            raise InputError(
                f"{path} is an ONNX model, and onnxruntime is not installed: "
                "`pip install onnxruntime`, or load another format."
            ) from None
        # Loaded from bytes, a model has no folder from which to read other files.
        content = check_onnx_file(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        with loading(path, "an ONNX model"):
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )

        def shape(value):
            return tuple(n if isinstance(n, int) else None for n in value.shape)

        inputs = {value.name: shape(value) for value in self._session.get_inputs()}
        # ONNX allows no output with the name of an input: a CLIP's have a suffix.
        outputs = {
            value.name.removesuffix("_embedding"): shape(value)
            for value in self._session.get_outputs()
        }
        self._names = tuple(outputs)
        super().__init__(str(path), inputs, outputs)

    def _run(self, inputs):
        return dict(zip(self._names, self._session.run(None, inputs), strict=True))


def find_condition(names, model, short_name=None):
    """The registered `Condition` class with the inputs `names`; None if none are left.

    `short_name` is that of the condition, if it is known. InputError names `model`.
    """
    wanted = {*names} - _GENERAL_INPUTS
    if not wanted:
        return None
    import keras

    from hwgen_keras import layers
    from hwgen_keras.layers.conditions import Condition

    # Importing the conditions of this package registers them.
    for public in dir(layers):
        getattr(layers, public)
    for registered in keras.saving.get_custom_objects().values():
        if (
            isinstance(registered, type)
            and issubclass(registered, Condition)
            and {*registered.input_names} == wanted
            and short_name in (None, registered.short_name)
        ):
            return registered
    raise InputError(
        f"{model} takes {', '.join(sorted(wanted))}, which no known condition gives; "
        "import the module that defines its condition."
    )


def run_batches(engine, inputs, batch_size):
    """Yields named outputs, batch by batch, for a dict of arrays with a row each."""
    count = len(next(iter(inputs.values())))
    for rows, kept in batches(count, batch_size):
        outputs = engine.run({name: value[rows] for name, value in inputs.items()})
        yield {name: value[:kept] for name, value in outputs.items()}


def batches(count, batch_size):
    """Yields the row numbers of each batch, and how many of them are no repetition.

    The last batch repeats its last row, since every batch size is compiled anew.
    """
    check_whole(batch_size, "batch_size", 1)
    size = min(batch_size, count)
    for first in range(0, count, size):
        rows = np.minimum(np.arange(first, first + size), count - 1)
        yield rows, min(size, count - first)
