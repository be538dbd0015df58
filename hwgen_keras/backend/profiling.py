"""Profiles of the framework in use.

TensorFlow and JAX write files for TensorBoard's profile plugin (package xprof). JAX
also writes a trace for ui.perfetto.dev, PyTorch a Chrome trace for ui.perfetto.dev or
chrome://tracing. All files are in plugins/profile/<time> of the folder.
"""

import datetime
import pathlib

import keras


def start(folder):
    """Starts a profile in TensorBoard's folder; returns the function that writes it."""
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

    # The name of the folder that the other two frameworks use.
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
