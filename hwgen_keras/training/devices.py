"""Training on all devices of one machine or several: `--distribute`."""

import contextlib

import keras

from hwgen_keras.backend import (
    data_parallel,
    device_count,
    expected_process,
    meet,
    process,
)
from hwgen_keras.errors import InputError


@contextlib.contextmanager
def distributed(run):
    """A context in which models are built and trained on the devices of `--distribute`.

    Args:
        run: the `Run`; its config.json gets the number of devices.

    Raises:
        InputError: the backend cannot do it, or the batch cannot be divided equally.
    """
    settings = run.settings
    if settings.distribute == "none":
        yield
        return
    scope = data_parallel()
    count, (_, processes) = device_count(), process()
    if settings.batch_size % count:
        raise InputError(
            f"--batch_size is {settings.batch_size} and --distribute=data shares it "
            f"among {count} devices; give a multiple of {count}."
        )
    if keras.backend.backend() == "tensorflow" and count > 1:
        _check_tensorflow(settings)
    run.note(devices=count, processes=processes)
    hosts = "" if processes == 1 else f" of {processes} processes"
    rows = settings.batch_size // count
    print(f"{count} devices{hosts}, {rows} rows of each batch on each.", flush=True)
    with scope:
        yield
    # What the first process wrote is there when the others go on.
    meet()


def expected_place(settings):
    """(Number of this process, number of processes) of a training that begins.

    Raises:
        InputError: there will be several, and no `--run_dir` that they share.
    """
    if getattr(settings, "distribute", "none") == "none":
        return 0, 1
    index, count = expected_process()
    if count > 1 and settings.run_dir is None:
        raise InputError(
            f"--distribute=data with {count} processes needs --run_dir, a folder that "
            "all of them see."
        )
    return index, count


def _check_tensorflow(settings):
    """Raises InputError for settings that TensorFlow supports on one device only."""
    half = settings.dtype_policy == "mixed_float16"
    reasons = {
        "dtype_policy": (half, "sees an overflow of float16 on the first device only"),
        "jit_compile": (settings.jit_compile, "compiles a step for one device"),
        "clip_norm": (settings.clip_norm, "clips before the devices' gradients meet"),
        "accumulate": (settings.accumulate > 1, "cannot accumulate across devices"),
    }
    for flag, (active, reason) in reasons.items():
        if active:
            raise InputError(
                f"--{flag}: TensorFlow {reason}; leave it or --distribute=data out, or "
                "use KERAS_BACKEND=jax."
            )


def share(settings):
    """The arguments `batch_size` and `shard` of `feed` for this process."""
    if getattr(settings, "distribute", "none") == "none":
        return {"batch_size": settings.batch_size, "shard": (0, 1)}
    index, count = process()
    return {"batch_size": settings.batch_size // count, "shard": (index, count)}
