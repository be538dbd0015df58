"""An exported stroke writer in place of a `StrokeWriter`, where tracks are written."""

from typing import Any

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.sources.hand_frames import drawn_frame


class ExportedNetwork:
    """What is known of the network of an exported stroke writer.

    Args:
        name: of the file or folder.
        points: of a line.
        features: numbers of a stroke.
    """

    def __init__(self, name, points, features):
        self.points, self.features = points, features
        self._name, self._hands = name, None
        # A function that returns the network in Keras; None where there is none.
        self.in_keras: Any = None

    def take_hands(self, mean, deviation):
        """Takes what new hands are drawn from, see `Bundle.new_hands`."""
        self._hands = np.array(mean), np.array(deviation)

    def draw_frame(self, rng):
        """See `StrokeTransformer.draw_frame`.

        InputError if it is not known what new hands are drawn from.
        """
        if self._hands is None and self.in_keras is not None:
            return self.in_keras().draw_frame(rng)
        if self._hands is None:
            raise InputError(
                f"{self._name} does not tell how to make up a new hand; give a style, "
                "load the .keras file, or export it again."
            )
        mean, deviation = self._hands
        return drawn_frame(mean, deviation, rng)


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
