"""An exported generator, asked as a Keras model is."""

from hwgen_keras.errors import InputError
from hwgen_keras.export import load_exported


class ExportedGenerator:
    """A generator out of a SavedModel, for `hwgen_keras.generation.generate`.

    It computes in TensorFlow, whatever backend Keras has.

    Args:
        path: a folder made by export.

    Raises:
        InputError: there is no SavedModel, or it is no generator.
    """

    # Not written down in a SavedModel.
    stride, condition = 1, None

    def __init__(self, path):
        self._serve = load_exported(path)
        self.input_names = tuple(self._serve.structured_input_signature[1])
        outputs = self._serve.structured_outputs
        if not {"content", "style"} <= {*self.input_names} or "image" not in outputs:
            raise InputError(
                f"--generator_weights: {path} is no exported generator; it takes "
                f"{', '.join(self.input_names)} and gives {', '.join(outputs)}."
            )

    def get_weights(self):
        """The weights, NumPy arrays in the order in which they are used."""
        return [variable.numpy() for variable in self._serve.variables]

    def predict_on_batch(self, inputs):
        """Images (batch, height, width, 1) of a dict of named arrays."""
        return self._serve(**inputs)["image"].numpy()
