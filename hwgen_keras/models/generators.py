"""The classes that write; both take the same inputs, one of them also noise."""

from hwgen_keras.errors import InputError
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


def check_condition(generator, characters):
    """Raises InputError unless the generator's labels are those of the set."""
    classes = getattr(generator.condition, "classes", len(characters))
    if classes != len(characters):
        raise InputError(
            f"--generator_weights: the generator was trained on {classes} characters "
            f"and --characters={characters.name} has {len(characters)}; give its set."
        )
