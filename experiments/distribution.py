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
    if options.jit_compile and keras.backend.backend() == "tensorflow":
        raise InputError(
            "--jit_compile puts TensorFlow's step on one device and --distribute=data "
            "on all; leave one of them out."
        )
    run.note(devices=count, processes=processes)
    hosts = "" if processes == 1 else f" of {processes} processes"
    print(
        f"{count} devices{hosts}, {options.batch_size // count} rows of each batch on "
        "each.",
        flush=True,
    )
    with scope:
        yield


def share(options):
    """What `feed` needs to know of this process: its `batch_size` and its `shard`."""
    if options.distribute == "none":
        return {"batch_size": options.batch_size, "shard": (0, 1)}
    from hwgen_keras.backend import process

    index, count = process()
    return {"batch_size": options.batch_size // count, "shard": (index, count)}
