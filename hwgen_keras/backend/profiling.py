"""Profiles, each taken by the framework in use.

TensorFlow and JAX write what TensorBoard's profile plugin (package xprof) opens, and
JAX a trace for ui.perfetto.dev, too; PyTorch writes a Chrome trace, for ui.perfetto.dev
or chrome://tracing. All lie in plugins/profile/<time> of the folder.
"""

import datetime
import pathlib

import keras


def start(folder):
    """Begins to record; returns the function that ends it and writes the files.

    Args:
        folder: TensorBoard's.
    """
    return _STARTS[keras.backend.backend()](str(folder))


def _tensorflow(folder):
    import tensorflow as tf

    tf.profiler.experimental.start(folder)
    return tf.profiler.experimental.stop


def _jax(folder):
    import jax

    jax.profiler.start_trace(folder, create_perfetto_trace=True)
    return jax.profiler.stop_trace


def _torch(folder):
    import torch

    # Named as the other two do it.
    time = datetime.datetime.now().strftime("%Y_%m_%d_%H_%M_%S")
    path = pathlib.Path(folder, "plugins", "profile", time, "host.pt.trace.json")
    profile = torch.profiler.profile()
    profile.start()

    def stop():
        profile.stop()
        path.parent.mkdir(parents=True, exist_ok=True)
        profile.export_chrome_trace(str(path))

    return stop


_STARTS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
