"""Jobs on workers that may fail, hang or be lost."""

import collections
import math
import queue
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from hwgen_keras.errors import InputError, reason_of

# A worker hangs that computes for so many times the median of the last jobs, for so
# many times the longest, which had models to load, and for some seconds at least.
PATIENCE, OF_LONGEST, LEAST_SECONDS = 10, 3, 120.0
# Of fewer jobs there is no median.
_FEW, _LAST = 3, 1000
# A result that does not come from its worker in so many seconds is computed again.
FETCH_SECONDS = 30.0
# Jobs that are given out for each worker: one is computed, one waits for its end.
_AHEAD = 2
# A job that fails is computed so often before its error is reported.
_ATTEMPTS = 3
# Seconds between two looks at the workers, and those in which one is to start again.
_LOOK, _START = 1.0, 60


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        client: a `distributed.Client`.
    """

    def __init__(self, client):
        self.client = client
        self._seconds: collections.deque[float] = collections.deque(maxlen=_LAST)
        # {worker: (names of its jobs, since when it has these)}.
        self._busy: dict[str, tuple[frozenset, float]] = {}

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
        self, function: Callable, jobs: Sequence[tuple]
    ) -> Iterator[tuple[int, Any]]:
        """Calls `function(*job)` for every job on the workers.

        A job is computed again if its worker is lost or hangs, or if it fails; no
        result comes twice.

        Args:
            function: a function of a module that the workers can import.
            jobs: the arguments of each call.

        Yields:
            (index of the job, its result), in the order in which they end.

        Raises:
            InputError: that of a job; or a job failed, or lost its worker, again and
                again; or the scheduler was lost.
        """
        import distributed

        waiting = collections.deque(range(len(jobs)))
        running: dict[distributed.Future, int] = {}
        ended: queue.SimpleQueue = queue.SimpleQueue()
        failures: collections.Counter[int] = collections.Counter()
        self._busy, looked, workers = {}, 0.0, 1
        try:
            while waiting or running:
                if time.monotonic() - looked > _LOOK:
                    workers = self._look(workers)
                    looked = time.monotonic()
                while waiting and len(running) < _AHEAD * max(1, workers):
                    index = waiting.popleft()
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
                except Exception as error:
                    _check(error, index, failures)
                    waiting.append(index)
                    continue
                finally:
                    future.release()
                self._seconds.append(seconds)
                yield index, result
        finally:
            self.client.cancel(list(running))

    def _look(self, workers):
        """Starts workers again that hang, which Dask does not see by itself.

        Returns the number of workers; `workers` was that before.
        """
        now, before = time.monotonic(), self._busy
        self._busy = {}
        processing = self.client.processing()
        if workers and not processing:
            _say("All workers are lost; waiting for others.")
        for worker, names in processing.items():
            old, since = before.get(worker, (frozenset(), now))
            # Other jobs than before: it ended one, or began.
            same = bool(names) and old == frozenset(names)
            self._busy[worker] = frozenset(names), since if same else now
        limit = math.inf
        if len(self._seconds) >= _FEW:
            limit = max(
                *(LEAST_SECONDS, OF_LONGEST * max(self._seconds)),
                PATIENCE * statistics.median(self._seconds),
            )
        for worker, (names, since) in list(self._busy.items()):
            if names and now - since > limit:
                _say(
                    f"The worker {worker} has computed for {now - since:.0f} seconds, "
                    f"and {limit:.0f} are enough for others; it is started again."
                )
                self._start_again(worker)
                del self._busy[worker]
        return len(processing)

    def _start_again(self, worker):
        try:
            self.client.restart_workers([worker], _START, raise_for_error=False)
        except ValueError:
            raise InputError(
                f"The worker {worker} hangs, and has no nanny to start it again; start "
                "workers by `dask worker` without --no-nanny."
            ) from None


class _Lost(Exception):
    """A result went with its worker."""


def _fetched(future, status):
    """The result of a future that has ended with a status."""
    if status == "cancelled":
        raise InputError(
            "The scheduler was lost; start it, and repeat the command, which resumes."
        )
    if status == "lost":
        raise _Lost
    if status == "error":
        return future.result()
    try:
        return future.result(FETCH_SECONDS)
    except OSError:  # also a TimeoutError
        # The worker was lost meanwhile, or is stopped.
        raise _Lost from None


def _timed(function, job):
    """(seconds, result) of a job."""
    start = time.perf_counter()
    result = function(*job)
    return time.perf_counter() - start, result


def _check(error, index, failures):
    """Raises InputError if the error of a job is final; else counts and reports it."""
    import distributed

    if isinstance(error, InputError):
        raise error
    if isinstance(error, distributed.KilledWorker):
        raise InputError(
            f"Job {index} lost its worker again and again, perhaps for want of memory; "
            "start fewer workers, or make smaller parts."
        ) from None
    failures[index] += 1
    if failures[index] == _ATTEMPTS:
        raise InputError(
            f"Job {index} failed {_ATTEMPTS} times ({type(error).__name__}: "
            f"{reason_of(error)}); mend the cause, and repeat the command, which "
            "resumes."
        ) from error
    _say(
        f"Job {index} failed ({type(error).__name__}: {reason_of(error)}); it is "
        "computed again."
    )


def _say(sentence):
    tqdm.write(sentence, file=sys.stderr)
