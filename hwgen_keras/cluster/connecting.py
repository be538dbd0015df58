"""From the settings of a script to the workers that compute for it."""

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import logging
from collections.abc import Callable, Iterator

from hwgen_keras import parallel
from hwgen_keras.cluster.engine import LOCAL, Engine
from hwgen_keras.cluster.jobs import Cluster
from hwgen_keras.cluster.machine import local
from hwgen_keras.errors import InputError, Stopped, reason_of

# Seconds to wait for the scheduler, and for the first worker.
_ARRIVAL = 60


@contextlib.contextmanager
def connected(settings: Engine) -> Iterator[Cluster]:
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
        stack.enter_context(_quiet())
        address = settings.scheduler
        if address is None:
            address = stack.enter_context(local(settings.workers))
        else:
            _check_answer(address)
        client = stack.enter_context(
            distributed.Client(address, timeout=_ARRIVAL, set_as_default=False)
        )
        try:
            client.wait_for_workers(1, timeout=_ARRIVAL)
        except TimeoutError:
            raise InputError(
                f"--scheduler={settings.scheduler} has no worker after {_ARRIVAL} "
                "seconds; start some with `dask worker`."
            ) from None
        if importlib.util.find_spec("bokeh") is not None:
            print(f"Dashboard: {client.dashboard_link}", flush=True)
        try:
            yield Cluster(client)
        except KeyboardInterrupt:
            raise Stopped("\nStopped; the same command resumes.") from None


def _check_answer(address):
    """Raises InputError unless a scheduler answers.

    A `Client` that found none would wait for itself when Python ends.
    """
    from distributed import Security, comm

    async def connect():
        arguments = Security().get_connection_args("client")
        (await comm.connect(address, timeout=_ARRIVAL, **arguments)).abort()

    try:
        # In a thread: a notebook has a loop of its own in this one.
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            limited = asyncio.wait_for(connect(), _ARRIVAL)
            thread.submit(asyncio.run, limited).result()
    except Exception as error:  # of another server's answer Dask raises any
        raise InputError(
            f"--scheduler={address} cannot be reached ({reason_of(error)}); start it "
            "with `dask scheduler`, or check the address."
        ) from None


@contextlib.contextmanager
def _quiet():
    """Leaves Dask's messages out: absl shows those of all loggers, some forty a job."""
    # The second has a level of its own.
    loggers = [logging.getLogger(f"distributed{part}") for part in ("", ".client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def computing(settings: Engine) -> Iterator[Callable]:
    """The `each` of --engine: that of `parallel`, or of a `Cluster`.

    Raises:
        InputError, Stopped: see `connected`.
    """
    if settings.engine == LOCAL:
        yield parallel.each
        return
    with connected(settings) as workers:
        yield workers.each
