"""Exports without a process for each part, where the backend is TensorFlow already."""

import contextlib
import importlib
import io
import sys
import types
import warnings

import pytest

from hwgen_keras.export import exporter, standalone

start = exporter._run


def run(command, **environment):
    """Stands for `exporter._run`: what the process would run, runs here."""
    module = command[1] == "-m"
    program = importlib.import_module(command[2]) if module else standalone
    stands = types.SimpleNamespace(returncode=0, stderr="")
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()) as printed,
    ):
        # Those of tf2onnx, which a process keeps to itself.
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", sys.argv[:])
        # Other tests need Keras after this.
        patch.setattr(standalone, "FORBIDDEN", dict.fromkeys(standalone.FORBIDDEN, ()))
        try:
            program.main(*command[3:])
        except SystemExit as error:
            stands.returncode, stands.stderr = 1, str(error)
    stands.stdout = printed.getvalue()
    return stands


def run_apart(command, **environment):
    """The same, but what compares stays a process, unable to import Keras."""
    module = command[1] == "-m"
    return run(command) if module else start(command, **environment)
