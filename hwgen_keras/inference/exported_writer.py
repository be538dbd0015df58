"""An exported stroke writer in place of a `StrokeWriter`, where tracks are written."""

import types

import numpy as np


class ExportedWriter:
    """Writes tracks by the signature `serve` of a SavedModel or an ONNX file.

    Args:
        run: a function from named arrays to named arrays.
        shapes: {input: its shape}, with None for free sizes.
    """

    condition = None

    def __init__(self, run, shapes):
        self._run, self._shapes = run, shapes
        self.network = types.SimpleNamespace(
            points=shapes["template"][-2], features=shapes["noise"][-1]
        )

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
