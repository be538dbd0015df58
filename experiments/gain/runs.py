"""The trainings of augmentation_gain: each in a folder of its own, on K processes."""

import contextlib
import dataclasses
import functools
import json
import logging
import os
import pathlib
import shutil
import signal
import threading

from hwgen_keras import parallel
from hwgen_keras.errors import InputError

from .. import train_classifier
from ..flags import common

LOG = "training.log"
# What the same arm, amount and seed must have in common with a training kept from
# before; the rest is in the request of the whole experiment.
_KEPT = ("simulated_writers", "augment", "mix", "real_share", "generated")
_REPORT = "report.json"


@dataclasses.dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        arm, amount, seed: what it is.
        folder: its run folder.
        values: options of train_classifier.
    """

    arm: str
    amount: int
    seed: int
    folder: pathlib.Path
    values: dict

    @property
    def done(self):
        """Whether it was trained and has read the test images."""
        return (self.folder / _REPORT).exists()

    def check(self):
        """Raises InputError if the folder holds a training with other options."""
        config = self.folder / "config.json"
        if not config.exists():
            return
        before = json.loads(config.read_text(encoding="utf-8"))["flags"]
        for name in _KEPT:
            old, new = before[name], self.values[name]
            if name == "generated":
                old, new = map(_real, (old, new))
            if old != new:
                raise InputError(
                    f"--output: {self.folder} was trained with --{name}={old}, not "
                    f"{new}; name the arm otherwise, or choose a new folder."
                )


def run(jobs, test, processes):
    """Trains and reads what is not done yet; what is done is kept whatever happens.

    Args:
        jobs: list of `Job`, in the order in which to begin them.
        test: options of `TestImages`, a dict.
        processes: how many trainings at once.

    Raises:
        InputError: a training failed; those at work beside it are finished.
        Stopped: Ctrl-C was pressed; trainings at work have left a checkpoint.
    """
    for job in jobs:
        job.check()
    left = [(job.folder, job.values, test) for job in jobs if not job.done]
    print(f"{len(jobs)} trainings, {len(jobs) - len(left)} of them done before.")
    if min(processes, len(left)) > 1:
        # Before the other processes load a framework, which looks once.
        for name, value in threads(processes).items():
            os.environ.setdefault(name, value)
    for _ in parallel.each(train, left, "training", "trainings", workers=processes):
        pass


def threads(processes, cores=None):
    """Environment variables with which so many processes share the cores."""
    if cores is None:
        available = getattr(os, "sched_getaffinity", None)
        cores = len(available(0)) if available else os.cpu_count() or 1
    count = str(max(1, cores // processes))
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names, count)


def share_accelerator():
    """Lets several processes use one GPU; call it before a framework is loaded."""
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def train(folder, values, test):
    """Trains one classifier and reads the test images with it, or goes on with it.

    What it prints goes to training.log in its folder.

    Args:
        folder: the run folder.
        values: options of train_classifier, a dict.
        test: options of `TestImages`, a dict.

    Raises:
        InputError: the training failed; the message names the folder.
        Stopped: a signal came.
    """
    import keras

    # TensorFlow warns of retracing when a process uses several models in a row.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (
            _interruptible(),
            open(folder / LOG, "a", encoding="utf-8") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            if not (folder / "classifier.keras").exists():
                _fit(folder, values)
            test_images(json.dumps(test)).read(
                folder / "classifier.keras", folder, folder.name
            )
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    except (KeyboardInterrupt, common.Stopped) as stop:
        status = getattr(stop, "status", 130)
        raise common.Stopped("\nStopped; the same command goes on.", status) from None
    finally:
        # A process makes many models in a row.
        keras.utils.clear_session()
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _fit(folder, values):
    from hwgen_keras.training.checkpoints import checkpoint_folders

    begun = (folder / "history.jsonl").exists() or checkpoint_folders(
        folder / "checkpoints"
    )
    options = common.options(
        train_classifier.FLAGS,
        train_classifier.EXTRA,
        **values,
        run_dir=str(folder),
        resume=bool(begun),
    )
    train_classifier.main(options)


def _real(paths):
    return [os.path.realpath(path) for path in paths]


@functools.lru_cache(maxsize=1)
def test_images(test):
    """`TestImages`, once a process."""
    import types

    from hwgen_keras.evaluation.test_images import TestImages

    return TestImages(types.SimpleNamespace(**json.loads(test)))


@contextlib.contextmanager
def _interruptible():
    """Within it Ctrl-C interrupts, in a process of `parallel`, too.

    That process ignores or blocks it elsewhere, since the first one stops them all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    masks = hasattr(signal, "pthread_sigmask")  # not on Windows
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, set()) if masks else set()
    try:
        if blocked:
            # One that came while the process started acts here.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield
    finally:
        if blocked:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, before)
