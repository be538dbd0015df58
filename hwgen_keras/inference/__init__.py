"""Using a trained model, whatever its format: NumPy arrays in and out."""

from hwgen_keras.inference.classifier import LoadedClassifier
from hwgen_keras.inference.clip import LoadedCLIP
from hwgen_keras.inference.generator import LoadedGenerator
from hwgen_keras.inference.loading import load

__all__ = ["LoadedCLIP", "LoadedClassifier", "LoadedGenerator", "load"]
