"""The classes that write; both take the same inputs, one of them also noise."""

from hwgen_keras.models.diffusion import DiffusionGenerator
from hwgen_keras.models.generator import AdaINGenerator

GENERATORS = (AdaINGenerator, DiffusionGenerator)
