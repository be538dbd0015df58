"""A generator as the settings of a script have it write."""

from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import SamplingSettings
from hwgen_keras.models import (
    GENERATORS,
    DiffusionGenerator,
    check_stride,
    load_trained,
    with_policy,
)
from hwgen_keras.settings import rules_of

# With fewer steps Heun's correction overshoots without bound.
FEWEST_STEPS_OF_HEUN = 4


def load(settings):
    """The generator of `--generator_weights`, in float32, with the sampling asked for.

    Args:
        settings: `SamplingSettings`, with `generator_weights` and `image_size`.

    Raises:
        InputError: it is missing, cannot write images of this size, or see
            `arguments`.
    """
    flag = "--generator_weights"
    path = settings.generator_weights
    generator = load_trained(path, GENERATORS, flag, "generator.keras")
    check_stride(settings.image_size, generator.stride)
    return apply(settings, with_policy(generator, "float32"))


def apply(settings, generator):
    """The generator with the sampling that the settings ask for.

    Args:
        settings: `SamplingSettings`.
        generator: a trained model.

    Returns:
        The generator itself if nothing is asked for, or a copy with its network.

    Raises:
        InputError: see `arguments`.
    """
    changed = arguments(settings, generator)
    return generator.sampling(**changed) if changed else generator


def arguments(settings, generator):
    """What the settings ask for, as arguments of `generator.sampling`.

    Args:
        settings: `SamplingSettings`.
        generator: a trained model.

    Returns:
        A dict of some of `sampler`, `steps` and `guidance`; empty if nothing is asked
        for.

    Raises:
        InputError: something is asked for and the model is no `DiffusionGenerator`, or
            the value does not fit it.
    """
    asked = {name: getattr(settings, name) for name in rules_of(SamplingSettings)}
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked and not isinstance(generator, DiffusionGenerator):
        raise InputError(
            f"--{next(iter(asked))} is for a diffusion model, not for "
            f"{type(generator).__name__}; leave the flag out."
        )
    if "guidance_condition" in asked and generator.condition is None:
        raise InputError(
            "--guidance_condition: the model is not told the character but by its "
            "glyph; leave the flag out."
        )
    names = {"sampler": "sampler", "sampling_steps": "steps"}
    result = {names[name]: asked.pop(name) for name in names if name in asked}
    if result:
        sampler = result.get("sampler", generator.sampler)
        steps = result.get("steps", generator.steps)
        if sampler == "heun" and steps < FEWEST_STEPS_OF_HEUN:
            raise InputError(
                f"--sampling_steps: heun needs at least {FEWEST_STEPS_OF_HEUN} steps, "
                f"and these are {steps}, with which its images explode; give more, or "
                "--sampler=dpm_solver."
            )
    if asked:
        guidance = {name.removeprefix("guidance_"): v for name, v in asked.items()}
        result["guidance"] = {**generator.guidance, **guidance}
    return result
