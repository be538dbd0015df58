"""How a diffusion model writes: flags that a trained one leaves open."""

import math

from experiments.flags import common

EXTRA = {
    "sampler": (
        common.flags.DEFINE_enum,
        None,
        ["ddim", "dpm_solver", "heun"],
        "How a diffusion model goes from noise to image; heun needs at least 4 steps "
        "[as stored in the model].",
    ),
    "sampling_steps": (
        common.flags.DEFINE_integer,
        None,
        "Steps of a diffusion model from noise to image [as stored in the model].",
    ),
    **{
        f"guidance_{name}": (
            common.flags.DEFINE_float,
            None,
            f"How much a diffusion model overdraws {what}: 1 as learned, 0 not at all; "
            "each that is not 1 costs one more evaluation a step [as stored in the "
            "model].",
        )
        for name, what in (
            ("content", "the glyph"),
            ("style", "the style"),
            ("condition", "what it was told of the character"),
        )
    },
}

# With fewer steps Heun's correction overshoots without bound.
FEWEST_STEPS_OF_HEUN = 4


def apply(options, generator):
    """The generator with the settings that flags of `EXTRA` ask for.

    Args:
        options: of a script with `EXTRA`.
        generator: a trained model.

    Returns:
        The generator itself if no flag was given, or a copy with its network.

    Raises:
        InputError: see `settings`.
    """
    given = settings(options, generator)
    return generator.sampling(**given) if given else generator


def settings(options, generator):
    """What the flags of `EXTRA` ask for, as arguments of `generator.sampling`.

    Args:
        options: of a script with `EXTRA`.
        generator: a trained model.

    Returns:
        A dict of some of `sampler`, `steps` and `guidance`; empty if no flag was given.

    Raises:
        InputError: a flag was given and the model is no `DiffusionGenerator`, or its
            value does not fit.
    """
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import DiffusionGenerator

    flags = {name: getattr(options, name) for name in EXTRA}
    flags = {name: value for name, value in flags.items() if value is not None}
    if flags and not isinstance(generator, DiffusionGenerator):
        raise InputError(
            f"--{next(iter(flags))} is for a diffusion model, not for "
            f"{type(generator).__name__}; leave the flag out."
        )
    result, guidance = {}, {}
    for name, value in flags.items():
        if name == "sampler":
            result["sampler"] = value
        elif name == "sampling_steps":
            if value < 1:
                raise InputError(f"--{name} is {value}; give 1 or more.")
            result["steps"] = value
        elif not 0 <= value < math.inf:
            raise InputError(f"--{name} is {value}; give a number of 0 or more.")
        elif name == "guidance_condition" and generator.condition is None:
            raise InputError(
                f"--{name}: the model is not told the character but by its glyph; "
                "leave the flag out."
            )
        else:
            guidance[name.removeprefix("guidance_")] = value
    if guidance:
        result["guidance"] = {**generator.guidance, **guidance}
    if "sampler" in result or "steps" in result:
        sampler = result.get("sampler", generator.sampler)
        steps = result.get("steps", generator.steps)
        if sampler == "heun" and steps < FEWEST_STEPS_OF_HEUN:
            raise InputError(
                f"--sampling_steps: heun needs at least {FEWEST_STEPS_OF_HEUN} steps, "
                f"and these are {steps}, with which its images explode; give more, or "
                "--sampler=dpm_solver."
            )
    return result
