"""Runs jobs on all cores with a progress bar; after Ctrl-C running jobs finish."""

import concurrent.futures
import contextlib
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from hwgen_keras.errors import InputError, Stopped

# What OpenMP and OpenBLAS read when they are loaded.
_THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"
# Environment variables by which several processes can use one GPU.
SHARED_ACCELERATOR = {
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


def cores() -> int:
    """The number of processor cores that this process may use."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


def threads(processes: int, available: int | None = None) -> dict[str, str]:
    """Environment variables by which this number of processes share the cores.

    Args:
        processes: their number.
        available: cores; default: those that this process may use.
    """
    count = str(max(1, (available or cores()) // processes))
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys((*_THREADS, *names), count)


def each(
    function: Callable,
    jobs: Sequence[tuple],
    unit: str,
    description: str,
    weights: Sequence[int] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Calls `function(*job)` for every job, in several processes if there are several.

    Args:
        function: a function that can be pickled, as can jobs and results.
        jobs: the arguments of each call.
        unit, description: texts of the bar.
        weights: units of the bar for each job; default: 1.
        workers: number of processes; default: one for each core.

    Yields:
        (index of the job, its result), in the order in which they end.

    Raises:
        Stopped: Ctrl-C was pressed; jobs that had begun were finished.
        InputError: a process was killed.
    """
    weights = [1] * len(jobs) if weights is None else weights
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    with tqdm(total=sum(weights), unit=unit, desc=description, disable=not jobs) as bar:
        for index, result in _results(function, jobs, workers):
            bar.update(weights[index])
            yield index, result


def _results(function, jobs, workers):
    if workers <= 1:
        for index, job in enumerate(jobs):
            yield index, function(*job)
        return
    # A fork of a process with threads, as of TensorFlow and JAX, can deadlock.
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker
    )
    waiting = list(enumerate(jobs))[::-1]
    running: dict[concurrent.futures.Future, int] = {}
    try:
        while waiting or running:
            # No more than there are processes: a submitted job cannot be withdrawn.
            while waiting and len(running) < workers:
                index, job = waiting.pop()
                with interrupts_blocked(), _one_thread():
                    running[pool.submit(function, *job)] = index
            for future in concurrent.futures.wait(running, None, "FIRST_COMPLETED")[0]:
                yield running.pop(future), future.result()
    except KeyboardInterrupt:
        raise Stopped("\nStopped; the same command resumes.") from None
    except concurrent.futures.process.BrokenProcessPool:
        raise InputError(
            "A process was killed, perhaps for want of memory; free some and repeat "
            "the command."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def interrupts_blocked():
    """Within it, Ctrl-C waits, and processes that are started ignore it.

    Such a process imports for a second before `_start_worker`, and would end in a
    traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextlib.contextmanager
def _one_thread():
    """Within it, processes that are started compute on one thread each.

    NumPy's libraries take a thread for each core otherwise, and the workers' threads
    wait for each other.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ |= dict.fromkeys(_THREADS, "1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_worker():
    """Ignores Ctrl-C, which reaches all processes: workers end with their parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    parent = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])  # type: ignore[union-attr]
    os._exit(1)
