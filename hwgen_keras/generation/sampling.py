"""Loads a generator with the sampling settings of a script."""

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

# With fewer steps Heun's correction diverges.
FEWEST_STEPS_OF_HEUN = 4


def load(settings):
    """The generator of `--generator_weights`, in float32, with the sampling settings.

    InputError if it is missing, cannot write images of this size, or see `arguments`.
    """
    flag = "--generator_weights"
    path = settings.generator_weights
    size = settings.image_size
    generator = load_trained(path, GENERATORS, flag, "generator.keras", size)
    check_stride(size, generator.stride)
    return apply(settings, with_policy(generator, "float32"))


def apply(settings, generator):
    """A copy of a generator with the sampling settings; itself if none are given."""
    changed = arguments(settings, generator)
    return generator.sampling(**changed) if changed else generator


def arguments(settings, generator):
    """The given `SamplingSettings` as arguments of `generator.sampling`.

    InputError if the model is no `DiffusionGenerator`, or a value does not fit it.
    """
    values = {name: getattr(settings, name) for name in rules_of(SamplingSettings)}
    values = {name: value for name, value in values.items() if value is not None}
    if values and not isinstance(generator, DiffusionGenerator):
        raise InputError(
            f"--{next(iter(values))} is for a diffusion model, not for "
            f"{type(generator).__name__}; leave the flag out."
        )
    if "guidance_condition" in values and generator.condition is None:
        raise InputError(
            "--guidance_condition: the model has no condition besides the glyph; "
            "leave the flag out."
        )
    names = {"sampler": "sampler", "sampling_steps": "steps"}
    result = {names[name]: values.pop(name) for name in names if name in values}
    if result:
        sampler = result.get("sampler", generator.sampler)
        steps = result.get("steps", generator.steps)
        if sampler == "heun" and steps < FEWEST_STEPS_OF_HEUN:
            raise InputError(
                f"--sampling_steps: heun needs at least {FEWEST_STEPS_OF_HEUN} steps, "
                f"and diverges with {steps}; give more, or --sampler=dpm_solver."
            )
    if values:
        guidance = {name.removeprefix("guidance_"): v for name, v in values.items()}
        result["guidance"] = {**generator.guidance, **guidance}
    return result
