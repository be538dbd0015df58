"""From a trained generator to a labelled set of images on disk."""

from hwgen_keras.generation.batches import inputs_of, row_noise, to_uint8
from hwgen_keras.generation.gate import Gate, Reader
from hwgen_keras.generation.job import check_output, generate
from hwgen_keras.generation.sampler import STYLES, GenerationSampler

__all__ = [
    "STYLES",
    "Gate",
    "GenerationSampler",
    "Reader",
    "check_output",
    "generate",
    "inputs_of",
    "row_noise",
    "to_uint8",
]
