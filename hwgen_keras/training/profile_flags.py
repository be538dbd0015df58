"""The flags --profile and --steps_per_execution, checked."""

import keras

from hwgen_keras.errors import InputError


def check(options):
    """Raises InputError unless both flags are usable and fit the others."""
    profiled_steps(options)
    group, interval = options.steps_per_execution, options.interval
    if group < 1:
        raise InputError(f"--steps_per_execution is {group}; give 1 or more.")
    if group > 1 and keras.backend.backend() == "torch":
        raise InputError(
            f"--steps_per_execution={group} needs TensorFlow or JAX; PyTorch runs one "
            "step at a time, leave the flag out."
        )
    if interval is not None and interval % group:
        raise InputError(
            f"--interval={interval} must be a multiple of "
            f"--steps_per_execution={group}; give {-(-interval // group) * group}."
        )


def profiled_steps(options):
    """What `--profile` says: (first step, last step), or None.

    Raises:
        InputError: it is no range of steps.
    """
    if options.profile is None:
        return None
    first, colon, last = options.profile.partition(":")
    # int() would take signs, spaces and underscores as well.
    numbers = [int(n) for n in (first, last) if n.isascii() and n.isdigit()]
    if not colon or len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
        raise InputError(
            f"--profile={options.profile}: write it as FIRST:LAST, two numbers of "
            "steps from 1, such as 20:25."
        )
    return tuple(numbers)
