"""A Keras model, run as those of other formats are: named arrays in, named arrays out.

Apart from `engines`, which run without Keras.
"""

import numpy as np
from scipy.special import softmax

from hwgen_keras.errors import InputError
from hwgen_keras.export.kinds import condition_of, kind_and_mode
from hwgen_keras.models import (
    CLIP,
    GENERATORS,
    Classifier,
    StrokeWriter,
    TextEncoder,
    load_trained,
    with_policy,
)

MODELS = (*GENERATORS, StrokeWriter, Classifier, CLIP)


class KerasEngine:
    """A built Keras model of this package, on any backend, in float32.

    Attributes:
        kind: "generator", "diffusion", "writer", "classifier" or "clip".
        input_names: the inputs of a call.
        stride: image sides must be multiples of it.
        classes: number of classes of a classifier; else None.
        condition: the `Condition` of a generator; that of the text of a CLIP.
        domain: the `Domain` of the classes, or of the condition; None where it is
            unknown.
    """

    format = "keras"

    def __init__(self, model, name="The model"):
        if not isinstance(model, MODELS):
            kinds = ", ".join(kind.__name__ for kind in MODELS)
            raise InputError(
                f"{name} is a {type(model).__name__}, which cannot be used; give a "
                f"{kinds}."
            )
        if isinstance(getattr(model, "encoder", None), TextEncoder):
            raise InputError(
                f"{name} reads structures, not images; give a classifier of images."
            )
        if not model.built:
            model.build()
        self.model, self.name = model, name
        self.stride = getattr(model, "stride", 1)
        self.classes = getattr(model, "classes", None)
        self.kind, _ = kind_and_mode(model)
        self.condition, self.domain = condition_of(model)
        if self.kind == "classifier":
            self.domain = model.domain
        inputs = {"clip": ("image", "tokens"), "classifier": ("image",)}
        self.input_names = inputs.get(self.kind) or model.input_names

    @classmethod
    def read(cls, path):
        """The engine of a `.keras` file; `InputError` if it cannot be loaded."""
        model = load_trained(path, MODELS, "")
        return cls(with_policy(model, "float32", copy=False), str(path))

    def run(self, inputs):
        """Outputs by name; of a CLIP, those of the given inputs."""
        if self.kind == "clip":
            towers = {
                "image": ("image", self.model.image_tower),
                "tokens": ("text", self.model.text_tower),
            }
            named = [(*towers[name], value) for name, value in inputs.items()]
            return {n: np.asarray(t.predict_on_batch(value)) for n, t, value in named}
        if self.kind == "classifier":
            logits = np.asarray(self.model.predict_on_batch(inputs["image"]))
            return {"probabilities": softmax(logits.astype(np.float64), axis=1)}
        style = inputs["style"]
        if style.ndim == 4:
            # After inputs of two ranks TensorFlow traces a graph for an unknown rank.
            inputs = {**inputs, "style": style[:, None]}
        return {"image": np.asarray(self.model.predict_on_batch(inputs))}

    def sampling(self, settings):
        """A copy with other settings of `sampling` of a diffusion model or writer."""
        guidance = settings.get("guidance", {})
        if isinstance(guidance, dict):
            guidance = {**self.model.guidance, **guidance}
        model = self.model.sampling(**{**settings, "guidance": guidance})
        return type(self)(model, self.name)
