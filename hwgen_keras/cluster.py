"""Runs jobs on the workers of a Dask cluster, on this machine or on several.

Results come back to this process, which alone writes files: a job that was computed
twice, since its worker was lost, counts once.
"""

import collections
import contextlib
import dataclasses
import importlib.util
import logging
import os
import queue
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from hwgen_keras import parallel
from hwgen_keras.errors import InputError, Stopped, reason_of
from hwgen_keras.settings import NOTHING, Settings, setting

LOCAL, DASK = ENGINES = ("local", "dask")
# A worker hangs that computes for so many times the median of the last jobs, but no
# less than some seconds, and more until a few jobs tell the median.
PATIENCE, LEAST_SECONDS, FIRST_SECONDS = 10, 120.0, 1200.0
_FEW, _LAST = 3, 1000
# A result that does not come from its worker in so many seconds is computed again.
FETCH_SECONDS = 30.0
# Jobs that are given out for each worker: one is computed, one waits for its end.
_AHEAD = 2
# A job that fails is computed so often before its error is reported.
_ATTEMPTS = 3
# Seconds between two looks at the workers, and those to wait for the first one.
_LOOK, _ARRIVAL = 1.0, 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine(Settings):
    """Where a script computes."""

    engine: str = setting(
        LOCAL,
        "What computes: this machine alone (local), or workers of Dask, which may be "
        "lost without harm, on this machine or on others (dask).",
        changes=NOTHING,
        choices=ENGINES,
    )
    scheduler: str | None = setting(
        None,
        "Address of a running Dask scheduler, tcp://HOST:PORT. Default: --engine=dask "
        "starts workers on this machine.",
        changes=NOTHING,
    )
    workers: int | None = setting(
        None,
        "Workers that --engine=dask starts on this machine. Default: one a GPU; "
        "without GPUs one a core.",
        changes=NOTHING,
        above=0,
    )

    def check(self) -> None:
        super().check()
        for name in ("scheduler", "workers"):
            if self.engine != DASK and getattr(self, name) is not None:
                raise InputError(
                    f"--{name} is for --engine=dask; give that, too, or leave it out."
                )
        if self.scheduler is not None and self.workers is not None:
            raise InputError(
                "--scheduler has workers of its own; leave --workers out, or start "
                "that many there."
            )


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
def connected(settings: Engine) -> Iterator["Cluster"]:
    """The `Cluster` of --scheduler, or one of workers that are started here.

    Raises:
        InputError: Dask is not installed, the scheduler cannot be reached, or it has no
            worker.
        Stopped: Ctrl-C was pressed.
    """
    if importlib.util.find_spec("distributed") is None:
        raise InputError(
            "--engine=dask needs Dask; install it: pip install 'hwgen_keras[dask]'."
        )
    import distributed

    with contextlib.ExitStack() as stack:
        address, name = settings.scheduler, f"--scheduler={settings.scheduler}"
        if address is None:
            address = stack.enter_context(_local(settings.workers))
        try:
            client = stack.enter_context(
                distributed.Client(address, timeout=_ARRIVAL, set_as_default=False)
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"{name} cannot be reached ({reason_of(error)}); start it with `dask "
                "scheduler`, or check the address."
            ) from None
        try:
            client.wait_for_workers(1, timeout=_ARRIVAL)
        except TimeoutError:
            raise InputError(
                f"{name} has no worker after {_ARRIVAL} seconds; start some with `dask "
                "worker`."
            ) from None
        if importlib.util.find_spec("bokeh") is not None:
            print(f"Dashboard: {client.dashboard_link}", flush=True)
        try:
            yield Cluster(client)
        except KeyboardInterrupt:
            raise Stopped("\nStopped; the same command resumes.") from None


@contextlib.contextmanager
def _local(workers):
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
    }
    options = {"host": here, "nthreads": 1, "silence_logs": logging.CRITICAL}
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
        limit = FIRST_SECONDS
        if len(self._seconds) >= _FEW:
            limit = max(LEAST_SECONDS, PATIENCE * statistics.median(self._seconds))
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
            self.client.restart_workers([worker], _ARRIVAL, raise_for_error=False)
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
