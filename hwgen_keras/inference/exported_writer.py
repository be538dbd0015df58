"""An exported stroke writer in place of a `StrokeWriter`, where tracks are written."""

import dataclasses

import numpy as np

from hwgen_keras.errors import InputError


@dataclasses.dataclass(frozen=True)
class ExportedNetwork:
    """What is known of the network of an exported stroke writer.

    Attributes:
        name: of the file or folder.
        points: of a line.
        features: numbers of a stroke.
    """

    name: str
    points: int
    features: int

    def draw_frame(self, rng):
        """InputError, since the frames of its training are not in an export."""
        raise InputError(
            f"{self.name} is exported and makes up no new hand; give a style, or load "
            "the .keras file."
        )


class ExportedWriter:
    """Writes tracks by the signature `serve` of a SavedModel or an ONNX file.

    Args:
        name: of the file or folder.
        run: a function from named arrays to named arrays.
        shapes: {input: its shape}, with None for free sizes.
    """

    condition = None

    def __init__(self, name, run, shapes):
        self._run, self._shapes = run, shapes
        points, features = shapes["template"][-2], shapes["noise"][-1]
        self.network = ExportedNetwork(name, points, features)

    def predict_on_batch(self, inputs):
        """See `StrokeWriter`. Inputs that are missing are those of no hand.

        Args:
            inputs: a dict of arrays.
        """
        missing = {
            name: np.zeros(
                [side or 1 for side in shape],
                bool if name.endswith("mask") else np.float32,
            )
            for name, shape in self._shapes.items()
            if name not in inputs
        }
        return self._run({**inputs, **missing})
