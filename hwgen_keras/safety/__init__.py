"""Model files, looked at before anything makes a model of them.

A file from elsewhere must not run code, nor read or write other files. Each format is
checked by its own rules, and refused with one sentence.
"""

from hwgen_keras.safety.keras_file import check_keras_file
from hwgen_keras.safety.onnx_file import check_onnx_file
from hwgen_keras.safety.saved_model import check_saved_model

__all__ = ["check_keras_file", "check_onnx_file", "check_saved_model"]
