"""Parts of a set, computed by the workers of a cluster."""

import contextlib
import functools
import io
import platform
import threading

from hwgen_keras import generation
from hwgen_keras.errors import InputError

from .making import maker_of

# A worker with several threads has one model.
_LOCK = threading.Lock()


def described(cluster, settings):
    """The `Job` of settings, as a worker says: this process needs no model."""
    ((_, (content, printed)),) = cluster.results(describe, [(settings,)])
    print(printed, end="")
    return generation.Job.of_json(content)


def source_of(cluster, settings, job):
    """The parts of a job, a function as `generation.write` takes one."""

    def source(numbers, update):
        jobs = [(settings, job.digest, number) for number in numbers]
        names = [f"Part {number}" for number in numbers]
        for index, result in cluster.results(compute, jobs, names):
            if isinstance(result, tuple):
                place, request = result
                other = generation.difference(job.request, request)
                raise InputError(
                    f"The worker on {place} would compute another set ({other}); give "
                    "all workers the same versions, data and processors."
                )
            number = numbers[index]
            update(len(job.parts[number]))
            yield number, generation.Part.from_bytes(result)

    return source


def describe(settings):
    """(the job as JSON, what was printed)."""
    with _LOCK, contextlib.redirect_stdout(io.StringIO()) as printed:
        return _maker(settings).job.to_json(), printed.getvalue()


def compute(settings, digest, number):
    """The bytes of a part; (name of this machine, request) if that is another one."""
    with _LOCK:
        # The first worker has said it.
        with contextlib.redirect_stdout(io.StringIO()):
            maker = _maker(settings)
        if maker.job.digest != digest:
            return platform.node(), maker.job.request
        ((_, part),) = maker.source([number])
        return part.to_bytes()


@functools.lru_cache(maxsize=1)
def _maker(settings):
    """The models and the data of settings, once a worker."""
    return maker_of(settings)
