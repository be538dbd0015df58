"""Jobs for the workers of test_cluster.py; as a program, a driver that is killed.

python tests/cluster_jobs.py SHARD OUTPUT AFTER: writes a set from the parts of a
finished shard on two workers, and is killed when so many parts have come.
"""

import os
import pathlib
import signal
import sys

from hwgen_keras import cluster
from hwgen_keras.errors import InputError
from hwgen_keras.generation import assembly, shards
from hwgen_keras.generation.part import Part


def first(folder, name):
    """Whether nobody else has called this with the same name."""
    try:
        pathlib.Path(folder, name).open("x").close()
    except FileExistsError:
        return False
    return True


def harmed(number, folder, harm):
    """Its number and process; at the first call that process is sent a signal."""
    if first(folder, f"{number}") and number in harm:
        os.kill(os.getpid(), harm[number])
    return number, os.getpid()


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
