"""The trainings of augmentation_gain: each in a folder of its own, on K processes."""

import contextlib
import dataclasses
import functools
import logging
import os
import pathlib
import shutil
import signal
import threading

import keras

from hwgen_keras import cluster, evaluation, parallel, training
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.files import read_json
from hwgen_keras.settings import Settings

from . import apart

LOG = "training.log"


@dataclasses.dataclass(frozen=True)
class Job:
    """One training, with the settings of train_classifier.

    `values` are those that the arm decides, see `training_values`.
    """

    arm: str
    amount: int
    seed: int
    values: dict
    settings: Settings

    @property
    def folder(self):
        """The run folder."""
        return pathlib.Path(self.settings.run_dir)

    @property
    def done(self):
        """Whether it was trained and has read the test images."""
        return (self.folder / evaluation.REPORT).exists()

    def check(self):
        """Raises InputError if the folder holds a training of another arm.

        The rest is in the request of the whole experiment.
        """
        config = self.folder / "config.json"
        if not config.exists():
            return
        before = read_json(config)["flags"]
        for name, new in self.values.items():
            if name in ("train", "fonts"):  # files of the experiment itself
                continue
            old = before[name]
            if name == "generated":
                old, new = (list(map(os.path.realpath, p)) for p in (old, new))
            if old != new:
                raise InputError(
                    f"--output: {self.folder} was trained with --{name}={old}, not "
                    f"{new}; name the arm otherwise, or choose a new folder."
                )


def train_all(jobs, main, test, settings):
    """Runs the jobs that are not done, several at once; results survive an error.

    A training that fails, or Ctrl-C, lets those that are running finish or leave a
    checkpoint.

    Args:
        jobs: list of `Job`, in the order in which they begin.
        main, test: see `train`.
        settings: of augmentation_gain, which say what computes. Workers of Dask write
            into the folders of the trainings, too.
    """
    for job in jobs:
        job.check()
    left = [(main, job.settings, test) for job in jobs if not job.done]
    print(f"{len(jobs)} trainings, {len(jobs) - len(left)} of them done before.")
    if settings.engine == cluster.DASK and left:
        with cluster.connected(settings) as workers:
            apart_jobs = [(train, *job) for job in left]
            list(workers.each(apart.call, apart_jobs, "training", "trainings"))
        return
    processes = settings.processes
    if min(processes, len(left)) > 1:
        # Before the other processes load a framework, which reads them once.
        for name, value in parallel.threads(processes).items():
            os.environ.setdefault(name, value)
    list(parallel.each(train, left, "training", "trainings", workers=processes))


def share_accelerator():
    """Lets several processes use one GPU; call it before a device is used."""
    for name, value in parallel.SHARED_ACCELERATOR.items():
        os.environ.setdefault(name, value)


def train(main, settings, test):
    """Trains one classifier, or resumes its training, and reads the test images.

    Its output goes to training.log in its folder, which an error names.

    Args:
        main: of train_classifier.
        settings: of it.
        test: the `TestSet`.
    """
    # TensorFlow warns of retracing when a process uses several models in a row.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    folder = pathlib.Path(settings.run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    weights, checkpoints = folder / "classifier.keras", folder / "checkpoints"
    try:
        with (
            _interruptible(),
            open(folder / LOG, "a", encoding="utf-8") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            if not weights.exists():
                begun = (folder / "history.jsonl").exists()
                begun = begun or bool(training.checkpoint_folders(checkpoints))
                main(settings.replace(resume=begun))
            test_images(test).read(weights, folder, folder.name)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    except (KeyboardInterrupt, Stopped) as stop:
        status = getattr(stop, "status", 130)
        raise Stopped("\nStopped; the same command resumes.", status) from None
    finally:
        # A process makes many models in a row.
        keras.utils.clear_session()
    shutil.rmtree(checkpoints, ignore_errors=True)


@functools.lru_cache(maxsize=1)
def test_images(test):
    """The `TestImages` of a `TestSet`, once a process."""
    return evaluation.TestImages(test)


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
