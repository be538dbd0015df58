"""Workers that hang or stand still, which Dask does not start again by itself."""

import collections
import math
import statistics
import sys
import time

from tqdm import tqdm

from hwgen_keras.errors import InputError

# A worker hangs that computes for so many times the median of the last jobs, for so
# many times the longest, which had models to load, and for some seconds at least.
PATIENCE, OF_LONGEST, LEAST_SECONDS = 10, 3, 120.0
# Of fewer jobs there is no median.
_FEW, _LAST = 3, 1000
# Seconds between two questions which workers are paused.
PAUSED_SECONDS = 5.0
# Seconds in which a worker is to start again.
_START = 60


class Watch:
    """Looks at the workers of a cluster.

    Args:
        client: a `distributed.Client`.
    """

    def __init__(self, client):
        self.client = client
        self._seconds: collections.deque[float] = collections.deque(maxlen=_LAST)
        # {worker: (names of its jobs, since when it has these)}.
        self._busy: dict[str, tuple[frozenset, float]] = {}
        # Those that were paused at the last question, and its time.
        self._paused: set[str] = set()
        self._asked = -math.inf

    def begin(self):
        """Other jobs begin."""
        self._busy = {}

    def ended(self, seconds):
        """A job has taken so many seconds."""
        self._seconds.append(seconds)

    def look(self, workers):
        """Starts workers again that hang or are paused.

        Returns the number of workers; `workers` was that before.
        """
        now, before = time.monotonic(), self._busy
        self._busy = {}
        processing = self.client.processing()
        if workers and not processing:
            say("All workers are lost; waiting for others.")
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
                self._start_again(
                    worker,
                    f"has computed for {now - since:.0f} seconds, and {limit:.0f} are "
                    "enough for others",
                )
        if now - self._asked >= PAUSED_SECONDS:
            self._asked = now
            self._look_for_paused()
        return len(processing)

    def _look_for_paused(self):
        """Starts workers again to which Dask gives no job, for want of memory.

        It waits until they need less. But models stay in memory.
        """
        infos = self.client.scheduler_info(n_workers=-1)["workers"]
        paused = {
            worker
            for worker, info in infos.items()
            if info["status"] == "paused"
            and not info["metrics"]["task_counts"].get("executing")
        }
        for worker in paused & self._paused:
            self._start_again(
                worker, "uses too much memory to begin a job; give it more"
            )
        self._paused = paused - self._paused

    def _start_again(self, worker, reason):
        say(f"The worker {worker} {reason}; it is started again.")
        self._busy.pop(worker, None)
        try:
            self.client.restart_workers([worker], _START, raise_for_error=False)
        except ValueError:
            raise InputError(
                f"The worker {worker} {reason}. It has no nanny to start it again; "
                "start workers by `dask worker` without --no-nanny."
            ) from None


def say(sentence):
    """Prints a sentence beside the bar."""
    tqdm.write(sentence, file=sys.stderr)
