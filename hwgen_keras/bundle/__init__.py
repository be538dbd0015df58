"""A folder with one trained model in one or several formats, told by its `model.json`.

The description names every file with its size and checksum, so that a model that was
cut short or exchanged on its way is noticed before anything of it is loaded. It holds
no code, and neither writing nor reading it needs Keras.
"""

from hwgen_keras.bundle.description import (
    CARD,
    DESCRIPTION,
    FORMAT,
    KINDS,
    Bundle,
    made_of,
    vocabulary_digest,
    write_bundle,
)
from hwgen_keras.bundle.reading import read_bundle

__all__ = [
    "CARD",
    "DESCRIPTION",
    "FORMAT",
    "KINDS",
    "Bundle",
    "made_of",
    "read_bundle",
    "vocabulary_digest",
    "write_bundle",
]
