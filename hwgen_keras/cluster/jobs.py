"""Jobs on workers that may fail, hang or be lost."""

import collections
import concurrent.futures
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from hwgen_keras.cluster.watching import Watch, say
from hwgen_keras.errors import InputError, reason_of

# A result that does not come from its worker in so many seconds is computed again.
FETCH_SECONDS = 30.0
# Jobs that are given out for each worker: one is computed, one waits for its end.
_AHEAD = 2
# A job that fails is computed so often before its error is reported.
_ATTEMPTS = 3
# Seconds between two looks at the workers.
_LOOK = 1.0
_NO_SCHEDULER = (
    "The scheduler was lost; start it, and repeat the command, which resumes."
)


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        client: a `distributed.Client`.
    """

    def __init__(self, client):
        self.client = client
        self._watch = Watch(client)

    def each(
        self,
        function: Callable,
        jobs: Sequence[tuple],
        unit: str,
        description: str,
        weights: Sequence[int] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Calls `function(*job)` for every job on the workers, with a progress bar.

        Args, Yields, Raises: see `parallel.each` and `results`.
        """
        weights = [1] * len(jobs) if weights is None else weights
        with tqdm(
            total=sum(weights), unit=unit, desc=description, disable=not jobs
        ) as bar:
            for index, result in self.results(function, jobs):
                bar.update(weights[index])
                yield index, result

    def results(
        self,
        function: Callable,
        jobs: Sequence[tuple],
        names: Sequence[str] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Calls `function(*job)` for every job on the workers.

        A job is computed again if its worker is lost or hangs, or if it fails; no
        result comes twice. Dask counts the losses of each job that a worker had, also
        of one that only waited there. So a job that lost its worker too often is
        computed alone, and if that ends as badly, the job is to blame.

        Args:
            function: a function of a module that the workers can import.
            jobs: the arguments of each call.
            names: of the jobs in sentences; default: Job 0, Job 1, ….

        Yields:
            (index of the job, its result), in the order in which they end.

        Raises:
            InputError: that of a job; or a job failed, or lost its worker, again and
                again; or the scheduler was lost.
        """
        import distributed

        names = names or [f"Job {index}" for index in range(len(jobs))]
        waiting = collections.deque(range(len(jobs)))
        suspects: collections.deque[int] = collections.deque()
        # Suspects, also those of before.
        alone = {0} if len(jobs) == 1 else set()
        running: dict[distributed.Future, int] = {}
        ended: queue.SimpleQueue = queue.SimpleQueue()
        failures: collections.Counter[int] = collections.Counter()
        looked, workers = 0.0, 1
        self._watch.begin()

        def queue_of_next():
            if suspects or not alone.isdisjoint(running.values()):
                return () if running else suspects
            return waiting if len(running) < _AHEAD * max(1, workers) else ()

        try:
            while waiting or running or suspects:
                if time.monotonic() - looked > _LOOK:
                    try:
                        workers = self._watch.look(workers)
                    except OSError:
                        raise InputError(_NO_SCHEDULER) from None
                    looked = time.monotonic()
                while queued := queue_of_next():
                    index = queued.popleft()
                    future = self.client.submit(
                        *(_timed, function, jobs[index]), pure=False
                    )
                    running[future] = index
                    future.add_done_callback(ended.put)
                try:
                    future = ended.get(timeout=_LOOK)
                except queue.Empty:
                    continue
                index, status = running.pop(future), future.status
                try:
                    seconds, result = _fetched(future, status)
                except _Lost:
                    waiting.append(index)
                    continue
                except distributed.KilledWorker as error:
                    if index in alone:
                        raise self._too_large(error, names[index]) from None
                    say(
                        f"{names[index]} lost {error.allowed_failures + 1} workers; it "
                        "is computed alone."
                    )
                    alone.add(index)
                    suspects.append(index)
                    continue
                except Exception as error:
                    failures[index] += 1
                    _check(error, names[index], failures[index])
                    waiting.append(index)
                    continue
                finally:
                    future.release()
                self._watch.ended(seconds)
                yield index, result
        finally:
            self.client.cancel(list(running))

    def _too_large(self, error, name):
        """The InputError of a job that lost its worker again and again."""
        from dask.utils import format_bytes

        happened = "lost its worker again and again, perhaps for want of memory"
        worker = error.last_worker
        for _, event in self.client.get_events("worker-restart-memory"):
            if event["worker"] == worker.address:
                taken = format_bytes(event["rss"]), format_bytes(worker.memory_limit)
                happened = "takes {} of the {} that its worker may".format(*taken)
        return InputError(
            f"{name} {happened}; start fewer workers, or give each more memory, or "
            "make smaller parts or batches."
        )


class _Lost(Exception):
    """A result went with its worker."""


def _fetched(future, status):
    """The result of a future that has ended with a status."""
    if status == "lost":
        raise _Lost
    if status == "error":
        return future.result()
    try:
        return future.result(FETCH_SECONDS)
    except concurrent.futures.CancelledError:
        raise InputError(_NO_SCHEDULER) from None
    except OSError:  # also a TimeoutError
        # The worker was lost meanwhile, or is stopped.
        raise _Lost from None


def _timed(function, job):
    """(seconds, result) of a job."""
    start = time.perf_counter()
    result = function(*job)
    return time.perf_counter() - start, result


def _check(error, name, failures):
    """Raises InputError if the error of a job is final; else reports it."""
    if isinstance(error, InputError):
        raise error
    if failures == _ATTEMPTS:
        raise InputError(
            f"{name} failed {_ATTEMPTS} times ({type(error).__name__}: "
            f"{reason_of(error)}); mend the cause, and repeat the command, which "
            "resumes."
        ) from error
    say(
        f"{name} failed ({type(error).__name__}: {reason_of(error)}); it is computed "
        "again."
    )
