"""Jobs for the workers of test_cluster.py; as a program, a driver that is killed.

python tests/cluster_jobs.py SHARD OUTPUT AFTER: writes a set from the parts of a
finished shard on two workers, and is killed when so many parts have come.
"""

import os
import pathlib
import signal
import sys
import time

import numpy as np

from hwgen_keras import cluster
from hwgen_keras.errors import InputError
from hwgen_keras.generation import assembly, shards
from hwgen_keras.generation.part import Part

# Bytes that a worker of the tests may take.
LIMIT = 400 * 2**20
# A program: a scheduler and a worker, which end together.
SCHEDULER = """
import distributed
options = {"n_workers": 1, "threads_per_worker": 1, "processes": False}
cluster = distributed.LocalCluster(
    host="127.0.0.1", protocol="tcp", dashboard_address=None, **options
)
print(cluster.scheduler_address, flush=True)
input()
"""


def first(folder, name):
    """Whether nobody else has called this with the same name."""
    try:
        pathlib.Path(folder, name).open("x").close()
    except FileExistsError:
        return False
    return True


def eats():
    """Takes more memory than a worker of the tests may, until it is killed for it."""
    eaten = np.ones(LIMIT // 8)
    time.sleep(60)
    return eaten


def harmed(number, folder, harm):
    """Its number and process; the first call does harm to it: a signal, or `eats`."""
    if first(folder, f"{number}") and number in harm:
        eats() if harm[number] == "eats" else os.kill(os.getpid(), harm[number])
    return number, os.getpid()


def eats_always(number, greedy):
    """Its number after a while, unless it is the greedy one."""
    time.sleep(0.2)
    return eats() if number == greedy else number


def read(shard, number, folder=None, harm=None):
    """The bytes of a part that was computed before."""
    if folder is not None:
        harmed(number, folder, harm)
    return pathlib.Path(shard, f"{number:05d}.npz").read_bytes()


def fails(folder, times):
    """Raises an error so many times, and then returns how often it was called."""
    calls = len(list(pathlib.Path(folder).iterdir()))
    first(folder, f"{calls}")
    if calls < times:
        raise ValueError("out of ink")
    return calls


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


def pause(dask_worker):
    """The share of its memory over which a worker would begin no job."""
    return dask_worker.memory_manager.memory_pause_fraction


def wrong():
    raise InputError("--flag: is wrong.")


def write(workers, shard, output, *harm, came=lambda: None):
    """Writes the set of a finished shard from its parts, which workers send."""
    job = shards.Shards([shard]).job

    def source(numbers, update):
        jobs = [(str(shard), number, *harm) for number in numbers]
        for index, content in workers.results(read, jobs):
            yield numbers[index], Part.from_bytes(content)
            came()

    return assembly.assemble(output, job, source, progress=False)


def main(shard, output, after):
    left = iter(range(int(after)))

    def came():
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    with cluster.connected(cluster.Engine(engine="dask", workers=2)) as workers:
        print(*workers.client.run(os.getpid).values(), flush=True)
        write(workers, shard, output, came=came)


if __name__ == "__main__":
    main(*sys.argv[1:])
