"""The classes that write; both take the same inputs, one of them also noise."""

from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.layers import Condition
from hwgen_keras.models.diffusion import DiffusionGenerator
from hwgen_keras.models.generator import AdaINGenerator

GENERATORS = (AdaINGenerator, DiffusionGenerator)


def check_stride(image_size, stride):
    """Raises InputError unless the generator can halve such images."""
    if image_size % stride:
        raise InputError(
            f"--image_size is {image_size}; this generator needs a multiple of "
            f"{stride}, such as {stride * round(image_size / stride)}."
        )


def check_condition(generator, characters, tokenizer=None):
    """Raises InputError unless a generator's condition was trained on these characters.

    Args:
        generator: of `--generator_weights`; of an exported one nothing can be checked.
        characters: the `CharacterSet` of the script.
        tokenizer: its `StructureTokenizer`, where the condition needs structures.
    """
    condition = generator.condition
    if isinstance(condition, Condition):
        name = "--generator_weights: the generator"
        knowledge = Knowledge(characters, tokenizer)
        condition.check(knowledge, name, condition.domain)
