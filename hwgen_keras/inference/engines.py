"""A model of each format, asked in one way: named arrays in, named arrays out."""

import importlib.util
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from hwgen_keras import layers
from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.layers.conditions import CLIPCondition, Condition, token_domain
from hwgen_keras.models import (
    CLIP,
    AdaINGenerator,
    Classifier,
    DiffusionGenerator,
    load_trained,
    with_policy,
)
from hwgen_keras.safety import check_onnx_file

MODELS = (AdaINGenerator, DiffusionGenerator, Classifier, CLIP)
# What a generator takes whatever its condition is.
_GENERAL_INPUTS = {"content", "style", "noise"}
# Side of the paper that is shown where a model wants an image and nobody looks at it.
_PAPER = 32


class KerasEngine:
    """A built Keras model of this package, on any backend, in float32.

    Attributes:
        kind: "generator", "diffusion", "classifier" or "clip".
        input_names: what a call needs.
        stride: image sides must be multiples of it.
        classes: of a classifier; else None.
        condition: the `Condition` of a generator; of a CLIP what gives its tokens.
        domain: of the condition, or None where it is unknown.
    """

    format = "keras"
    condition: Any = None
    domain: str | None = None

    def __init__(self, model, name="The model"):
        if not isinstance(model, MODELS):
            kinds = ", ".join(kind.__name__ for kind in MODELS)
            raise InputError(
                f"{name} is a {type(model).__name__}; there is something to do for a "
                f"{kinds}."
            )
        encoder = getattr(model, "encoder", None)
        if isinstance(model, Classifier) and hasattr(encoder, "vocabulary_size"):
            raise InputError(
                f"{name} reads structures, not images; give a classifier of images."
            )
        if not model.built:
            model.build()
        self.model, self.name = model, name
        self.stride = getattr(model, "stride", 1)
        self.classes = getattr(model, "classes", None)
        self.input_names: tuple[str, ...]
        if isinstance(model, CLIP):
            self.kind, self.input_names = "clip", ("image", "tokens")
            self.condition = CLIPCondition
            self.domain = token_domain(model.text_tower.encoder)
        elif isinstance(model, Classifier):
            self.kind, self.input_names = "classifier", ("image",)
        else:
            diffusion = isinstance(model, DiffusionGenerator)
            self.kind = "diffusion" if diffusion else "generator"
            self.input_names = model.input_names
            self.condition = model.condition
            if self.condition is not None:
                self.domain = self.condition.domain

    @classmethod
    def read(cls, path):
        """The engine of a `.keras` file; `InputError` if it cannot be loaded."""
        model = load_trained(path, MODELS, "")
        return cls(with_policy(model, "float32"), str(path))

    def run(self, inputs):
        """Outputs by name; of a CLIP, those whose inputs are given."""
        if self.kind == "clip":
            towers = {"image": self.model.image_tower, "tokens": self.model.text_tower}
            names = {"image": "image", "tokens": "text"}
            return {
                names[name]: np.asarray(towers[name].predict_on_batch(value))
                for name, value in inputs.items()
            }
        if self.kind == "classifier":
            logits = np.asarray(self.model.predict_on_batch(inputs["image"]))
            return {"probabilities": softmax(logits.astype(np.float64), axis=1)}
        return {"image": np.asarray(self.model.predict_on_batch(inputs))}

    def sampling(self, settings):
        """The same with other `sampler`, `steps`, `guidance` of a diffusion model."""
        stored = self.model.guidance
        guidance = {**stored, **settings.get("guidance", {})}
        settings = {**settings, "guidance": guidance}
        return type(self)(self.model.sampling(**settings), self.name)


class _Exported:
    """What SavedModel and ONNX have in common: all that is known are their tensors."""

    stride = 1
    # The class of a generator's condition; its domain is not written down.
    condition: Any = None
    domain = None

    def _run(self, inputs):
        """All outputs by name, arrays."""
        raise NotImplementedError

    def __init__(self, name, inputs, outputs):
        """Args: `name`; `inputs` and `outputs`: {name: shape}, None where dynamic."""
        self.name, self.input_names = name, tuple(inputs)
        if {"content", "style"} <= {*inputs} and "image" in outputs:
            self.kind = "diffusion" if "noise" in inputs else "generator"
            self.condition = find_condition(inputs, name)
        elif "probabilities" in outputs:
            self.kind = "classifier"
        elif {"image", "text"} <= {*outputs}:
            self.kind, self.condition = "clip", CLIPCondition
        else:
            raise InputError(
                f"{name} is no exported model of hwgen_keras: it takes "
                f"{', '.join(inputs)} and gives {', '.join(outputs)}."
            )
        self.shapes = inputs
        self.classes = outputs.get("probabilities", (None,))[-1]

    def run(self, inputs):
        """Outputs by name; of a CLIP, those whose inputs are given."""
        for name in {*inputs} & {*getattr(self.condition, "input_names", ())}:
            given, wanted = inputs[name].shape[1:], self.shapes[name][1:]
            if given != wanted:
                raise InputError(
                    f"{self.name} takes {name} of the shape {wanted} for a character, "
                    f"not {given}; give the structures of its training."
                )
        if self.kind != "clip":
            return self._run({name: inputs[name] for name in self.input_names})
        count = len(next(iter(inputs.values())))
        paper = np.ones((count, _PAPER, _PAPER, 1), np.float32)
        tokens = np.zeros((count, self.shapes["tokens"][-1]), np.int32)
        outputs = self._run({"image": paper, "tokens": tokens, **inputs})
        return {n: outputs[n] for n in (["image"] * ("image" in inputs) or ["text"])}

    def sampling(self, settings):
        raise InputError(
            f"{self.name} is exported, with its {next(iter(settings))} inside; load "
            "the .keras file to choose it, or export again."
        )


class SavedModelEngine(_Exported):
    """A SavedModel made by export; TensorFlow computes, whatever the backend is."""

    format = "saved_model"

    def __init__(self, path):
        if importlib.util.find_spec("tensorflow") is None:
            raise InputError(
                f"{path} is a SavedModel, and TensorFlow is not installed: "
                "`pip install tensorflow`, or load a .keras or .onnx file."
            )
        # Not before it is asked for: Keras trains without TensorFlow.
        from hwgen_keras.export import load_exported

        self._serve = load_exported(path)
        given = self._serve.structured_input_signature[1]
        super().__init__(
            str(path),
            {name: tuple(spec.shape) for name, spec in given.items()},
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


class OnnxEngine(_Exported):
    """An ONNX file made by export; onnxruntime computes."""

    format = "onnx"

    def __init__(self, path):
        try:
            import onnxruntime
        except ImportError:
            raise InputError(
                f"{path} is an ONNX model, and onnxruntime is not installed: "
                "`pip install onnxruntime`, or load another format."
            ) from None
        content = check_onnx_file(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            # Of bytes, so that nothing lies beside them.
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # Nothing narrower: onnxruntime has an exception for every kind of damage.
            raise InputError(
                f"{path} cannot be loaded as an ONNX model ({reason_of(error)}); get "
                "it again."
            ) from error

        def shapes(values):
            return {
                value.name: tuple(
                    n if isinstance(n, int) else None for n in value.shape
                )
                for value in values
            }

        made = shapes(self._session.get_outputs())
        # No output may have the name of an input there, as those of a CLIP would.
        self._names = {name.removesuffix("_embedding"): name for name in made}
        made = {plain: made[name] for plain, name in self._names.items()}
        super().__init__(str(path), shapes(self._session.get_inputs()), made)

    def _run(self, inputs):
        values = self._session.run([*self._names.values()], inputs)
        return dict(zip(self._names, values, strict=True))


def find_condition(names, model, short_name=None):
    """The class of the condition of a model of which only the inputs are known.

    Args:
        names: of the inputs.
        model: what to call the model.
        short_name: that of the condition, where it is known.

    Returns:
        A registered subclass of `Condition`, or None if there is no input for it.

    Raises:
        InputError: no class that is registered has these inputs.
    """
    wanted = {*names} - _GENERAL_INPUTS
    if not wanted:
        return None
    # Those of this package are registered when they are imported.
    for public in dir(layers):
        getattr(layers, public)
    for found in keras.saving.get_custom_objects().values():
        if (
            isinstance(found, type)
            and issubclass(found, Condition)
            and {*found.input_names} == wanted
            and short_name in (None, found.short_name)
        ):
            return found
    raise InputError(
        f"{model} takes {', '.join(sorted(wanted))}, which no known condition gives; "
        "import the module that defines its condition."
    )


def run_batches(engine, inputs, batch_size):
    """Outputs of many rows, computed `batch_size` at a time.

    Args:
        engine: one of the above.
        inputs: dict of arrays with one row each.
        batch_size: see `batches`.

    Yields:
        Named arrays of each batch's rows.

    Raises:
        InputError: see `batches`.
    """
    count = len(next(iter(inputs.values())))
    for rows, kept in batches(count, batch_size):
        outputs = engine.run({name: value[rows] for name, value in inputs.items()})
        yield {name: value[:kept] for name, value in outputs.items()}


def batches(count, batch_size):
    """Cuts rows into batches.

    Args:
        count: of the rows, 1 or more.
        batch_size: rows in each batch; a last one repeats its last row, since a batch
            of another size would be compiled for itself.

    Yields:
        The numbers of the rows of a batch, and how many of them are no repetition.

    Raises:
        InputError: the batch size is not 1 or more.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer):
        raise InputError(f"batch_size is {batch_size!r}; give a whole number.")
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; give 1 or more.")
    size = min(batch_size, count)
    for first in range(0, count, size):
        rows = np.minimum(np.arange(first, first + size), count - 1)
        yield rows, min(size, count - first)


def is_model(value):
    """Whether it is a Keras model, not a name or path of one."""
    return isinstance(value, keras.Model)
