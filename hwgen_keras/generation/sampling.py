"""Loads a generator with the sampling settings of a script."""

from hwgen_keras.errors import InputError
from hwgen_keras.generation.character_inputs import knowledge_of
from hwgen_keras.generation.settings import SamplingSettings, WriterSampling
from hwgen_keras.models import (
    GENERATORS,
    StrokeWriter,
    check_stride,
    load_trained,
    with_policy,
)
from hwgen_keras.settings import rules_of

# With fewer steps Heun's correction diverges.
FEWEST_STEPS_OF_HEUN = 4
# {flag: its argument of `generator.sampling`}, besides those of guidance.
_ARGUMENTS = {
    **{"sampler": "sampler", "sampling_steps": "steps"},
    **{"temperature": "temperature", "join_temperature": "join_temperature"},
}


def load(settings):
    """The generator of `--generator_weights`, in float32, with the sampling settings.

    It may be a stroke writer. InputError if it is missing, cannot write images of this
    size, is a stroke writer whose condition no text gives, or see `arguments`.
    """
    flag = "--generator_weights"
    path = settings.generator_weights
    size = settings.image_size
    kinds = *GENERATORS, StrokeWriter
    generator = load_trained(path, kinds, flag, "generator.keras", size)
    if isinstance(generator, StrokeWriter):
        check_writer(generator, f"{flag}: {path}")
    else:
        check_stride(size, generator.stride)
    return apply(settings, with_policy(generator, "float32", copy=False))


def check_writer(writer, name):
    """Raises InputError if a text does not give what a stroke writer's condition needs.

    See `knowledge_of`.
    """
    if writer.condition is not None:
        knowledge_of(writer.condition, name)


def check_unconditioned(writer, name):
    """Raises InputError if a stroke writer has a condition."""
    if writer.condition is not None:
        raise InputError(
            f"{name} has a condition, which is not given here; use a stroke writer "
            "without."
        )


def apply(settings, generator):
    """A copy of a generator with the sampling settings; itself if none are given."""
    changed = arguments(settings, generator)
    return generator.sampling(**changed) if changed else generator


def arguments(settings, generator):
    """The given sampling settings as arguments of `generator.sampling`.

    InputError if the model does not sample, or a value does not fit it.
    """
    of_writers = rules_of(WriterSampling)
    names = [*rules_of(SamplingSettings), *of_writers]
    # Not every script takes stroke writers.
    values = {name: getattr(settings, name, None) for name in names}
    values = {name: value for name, value in values.items() if value is not None}
    able = {f"guidance_{name}" for name in getattr(generator, "droppable", ())}
    able |= {*getattr(generator, "sampling_settings", ())}
    for name in values:
        if _ARGUMENTS.get(name, name) not in able:
            kind = "stroke writer" if name in of_writers else "diffusion model"
            raise InputError(
                f"--{name} is for a {kind}, not for {type(generator).__name__}; leave "
                "the flag out."
            )
    if "guidance_condition" in values and generator.condition is None:
        raise InputError(
            "--guidance_condition: the model has no condition besides the glyph; "
            "leave the flag out."
        )
    result = {n: values.pop(flag) for flag, n in _ARGUMENTS.items() if flag in values}
    if {"sampler", "steps"} & result.keys():
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
