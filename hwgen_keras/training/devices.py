"""Training on all devices of the machine, or of several: what `--distribute` does."""

import contextlib


@contextlib.contextmanager
def distributed(run):
    """Within it models are made and trained as `--distribute` says.

    Args:
        run: the `Run`; the number of devices is noted in its config.json.

    Raises:
        InputError: the backend cannot do it, or the batch cannot be shared equally.
    """
    options = run.options
    if options.distribute == "none":
        yield
        return
    import keras

    from hwgen_keras.backend import data_parallel, device_count, process
    from hwgen_keras.errors import InputError

    scope = data_parallel()
    count, (_, processes) = device_count(), process()
    if options.batch_size % count:
        raise InputError(
            f"--batch_size is {options.batch_size} and --distribute=data shares it "
            f"among {count} devices; give a multiple of {count}."
        )
    if keras.backend.backend() == "tensorflow" and count > 1:
        _check_tensorflow(options)
    run.note(devices=count, processes=processes)
    hosts = "" if processes == 1 else f" of {processes} processes"
    print(
        f"{count} devices{hosts}, {options.batch_size // count} rows of each batch on "
        "each.",
        flush=True,
    )
    with scope:
        yield


def _check_tensorflow(options):
    """Raises InputError for what is right on one device of TensorFlow alone."""
    from hwgen_keras.errors import InputError

    half = options.dtype_policy == "mixed_float16"
    reasons = {
        "dtype_policy": (half, "sees an overflow of float16 on the first device only"),
        "jit_compile": (options.jit_compile, "compiles a step for one device"),
        "clip_norm": (options.clip_norm, "clips before the devices' gradients meet"),
        "accumulate": (options.accumulate > 1, "cannot accumulate across devices"),
    }
    for flag, (given, reason) in reasons.items():
        if given:
            raise InputError(
                f"--{flag}: TensorFlow {reason}; leave it or --distribute=data out, or "
                "use KERAS_BACKEND=jax."
            )


def share(options):
    """What `feed` needs to know of this process: its `batch_size` and its `shard`."""
    if options.distribute == "none":
        return {"batch_size": options.batch_size, "shard": (0, 1)}
    from hwgen_keras.backend import process

    index, count = process()
    return {"batch_size": options.batch_size // count, "shard": (index, count)}
