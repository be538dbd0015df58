"""From a `.keras` file of any backend to what other programs load, and back.

Keras exports SavedModels from TensorFlow and JAX, not from PyTorch. So the export runs
in a process of its own on TensorFlow, whatever trained the model. What was written is
then loaded in another process, which has neither Keras nor this package, and must
compute what the Keras model computes: else nothing is left of it.
"""

from hwgen_keras.export.loading import load_exported
from hwgen_keras.export.making import FORMATS, export_model, export_saved_model

__all__ = ["FORMATS", "export_model", "export_saved_model", "load_exported"]
