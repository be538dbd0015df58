"""The classes of generators, and checks of their inputs."""

from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.layers import Condition
from hwgen_keras.models.diffusion import DiffusionGenerator
from hwgen_keras.models.generator import AdaINGenerator

GENERATORS = (AdaINGenerator, DiffusionGenerator)


def check_stride(image_size, stride):
    """Raises InputError unless a generator's stride divides the size of its images."""
    if image_size % stride:
        raise InputError(
            f"--image_size is {image_size}; this generator needs a multiple of "
            f"{stride}, such as {stride * round(image_size / stride)}."
        )


def check_condition(generator, characters, tokenizer=None):
    """Raises InputError unless a generator's condition was trained on these characters.

    Args:
        generator: that of `--generator_weights`. An exported one has the class of its
            condition, and the `domain`, or None where its folder does not tell it.
        characters: the `CharacterSet` of the script.
        tokenizer: its `StructureTokenizer`, if the condition needs structures.
    """
    condition, name = generator.condition, "--generator_weights: the generator"
    if condition is None:
        return
    domain = condition.domain if isinstance(condition, Condition) else generator.domain
    if domain is None:
        print(
            f"{name} does not say on which characters it was trained; that they are "
            "those of this run is not checked.",
            flush=True,
        )
    else:
        condition.check(Knowledge(characters, tokenizer), name, domain)
        domain.warn_unnamed(name)
