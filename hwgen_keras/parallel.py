"""Jobs on all cores, with a progress bar; Ctrl-C lets the running jobs finish."""

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


def each(
    function: Callable,
    jobs: Sequence[tuple],
    unit: str,
    description: str,
    weights: Sequence[int] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Calls `function(*job)` for every job, on all cores where there are several jobs.

    Args:
        function: one that can be pickled, as can jobs and results.
        jobs: the arguments of each call.
        unit, description: of the bar.
        weights: units that each job is worth on the bar; default: 1.
        workers: number of processes; default: as many as cores.

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
    # Forked, a process of many threads can lock up; TensorFlow and JAX have them.
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker
    )
    waiting = list(enumerate(jobs))[::-1]
    running: dict[concurrent.futures.Future, int] = {}
    try:
        while waiting or running:
            # As many as there are processes: a submitted job cannot be taken back.
            while waiting and len(running) < workers:
                index, job = waiting.pop()
                with _interrupts_blocked():
                    running[pool.submit(function, *job)] = index
            for future in concurrent.futures.wait(running, None, "FIRST_COMPLETED")[0]:
                yield running.pop(future), future.result()
    except KeyboardInterrupt:
        raise Stopped("\nStopped; the same command resumes.") from None
    except concurrent.futures.process.BrokenProcessPool:
        raise InputError(
            "A process was killed, perhaps for want of memory; free some and give the "
            "same command again."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _interrupts_blocked():
    """Ctrl-C waits until the end; a process that starts within it never sees it.

    Before `_start_worker`, that process imports for a second, and would end in a
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


def _start_worker():
    """Ctrl-C reaches all processes: the parent acts on it, and they end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    parent = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])  # type: ignore[union-attr]
    os._exit(1)
