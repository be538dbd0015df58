"""What is written: character sets, the structure of characters, their token ids."""

from hwgen_keras.characters.knowledge import Encodes, Knowledge
from hwgen_keras.characters.sets import CharacterSet, character_set
from hwgen_keras.characters.structure import explain, read_structures
from hwgen_keras.characters.tokenizer import StructureTokenizer

__all__ = [
    "CharacterSet",
    "Encodes",
    "Knowledge",
    "StructureTokenizer",
    "character_set",
    "explain",
    "read_structures",
]
