"""Workers on this machine: their cores, their GPU, their processes."""

import contextlib
import importlib.util
import logging
import os
import subprocess
from collections.abc import Sequence

from hwgen_keras import parallel


def environments(workers: int, gpus: Sequence[str], cores: int) -> list[dict[str, str]]:
    """The environment variables of each worker: its share of the cores, and one GPU.

    Args:
        workers: their number.
        gpus: as CUDA_VISIBLE_DEVICES names them; several workers share one if there
            are fewer.
        cores: of the machine.
    """
    shared = parallel.threads(workers, cores)
    if len(gpus) < workers:
        shared |= parallel.SHARED_ACCELERATOR
    own = [
        {"CUDA_VISIBLE_DEVICES": gpus[n % len(gpus)]} if gpus else {}
        for n in range(workers)
    ]
    return [shared | one for one in own]


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        names = [name.strip() for name in given.split(",")]
        # CUDA sees those before the first that is none.
        ends = [n for n, name in enumerate(names) if name in ("", "-1")]
        return names[: ends[0]] if ends else names
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return listed.stdout.split() if listed.returncode == 0 else []


@contextlib.contextmanager
def local(workers):
    """A cluster of workers on this machine, which only this machine reaches."""
    import dask
    import distributed

    cores, gpus, here = parallel.cores(), visible_gpus(), "127.0.0.1"
    told = environments(workers or len(gpus) or cores, gpus, cores)
    # NumPy's libraries read their threads when they are loaded, which Dask does first.
    own = {
        "distributed.nanny.pre-spawn-environ": parallel.threads(len(told), cores),
        # A lost worker comes back, however long that takes on a busy machine.
        "distributed.deploy.lost-worker-timeout": "1h",
        # A worker whose models fill its memory would wait for ever until they do not.
        "distributed.worker.memory.pause": False,
    }
    # Dask would give one that has one of many cores little more than nothing.
    memory = distributed.system.MEMORY_LIMIT // len(told)
    options = {"host": here, "nthreads": 1, "memory_limit": memory}
    options["silence_logs"] = logging.CRITICAL
    before = dict(os.environ)
    with dask.config.set(own):
        # Ctrl-C is for this process alone, which then ends the workers.
        with parallel.interrupts_blocked():
            cluster = distributed.SpecCluster(
                workers={
                    number: {
                        "cls": distributed.Nanny,
                        "options": {**options, "env": env},
                    }
                    for number, env in enumerate(told)
                },
                scheduler={
                    "cls": distributed.Scheduler,
                    "options": {
                        "host": here,
                        "port": 0,
                        "dashboard": importlib.util.find_spec("bokeh") is not None,
                        "dashboard_address": f"{here}:0",
                    },
                },
                silence_logs=logging.CRITICAL,
            )
        try:
            with cluster:
                yield cluster
        finally:
            # Dask sets the variables of workers in this process, too.
            os.environ.clear()
            os.environ.update(before)
