"""Exports without a process for each part, where the backend is TensorFlow already."""

import importlib
import sys
import types
import warnings

import pytest

from hwgen_keras.export import exporter

start = exporter._run


def run(command, **environment):
    """Stands for `exporter._run`: a module runs here; what compares stays a process.

    That one must be unable to import Keras.
    """
    if command[1] != "-m":
        return start(command, **environment)
    program = importlib.import_module(command[2])
    stands = types.SimpleNamespace(returncode=0, stdout="", stderr="")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # Those of tf2onnx, which a process keeps to itself.
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", sys.argv[:])
        try:
            program.main(*command[3:])
        except SystemExit as error:
            stands.returncode, stands.stderr = 1, str(error)
    return stands
