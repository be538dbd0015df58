"""The check of an exported model runs without Keras and this package."""

import json
import pathlib
import subprocess
import sys

import pytest

from hwgen_keras.export import exporter

pytestmark = pytest.mark.backend_free

STANDALONE = str(pathlib.Path(exporter.__file__).with_name("standalone.py"))
NAMES = ("keras", "tf_keras", "hwgen_keras", "tensorflow", "jax", "torch", "numpy")
FREE = {"saved_model": {"tensorflow", "jax", "torch", "numpy"}, "onnx": {"numpy"}}
# Loads the program as it is run, with a "model" that tries to import.
PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("standalone", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)

def tried(model):
    for name in model.split():
        # None in its place makes an import fail; to import all takes seconds.
        print(name if sys.modules.get(name, "free") is not None else "", end=" ")
    raise SystemExit

setattr(program, sys.argv[2], tried)
program.main(sys.argv[2], sys.argv[3], ".")
"""


@pytest.mark.parametrize("format", FREE)
def test_what_it_can_import(format):
    command = [sys.executable, "-c", PROGRAM, STANDALONE, format]
    done = subprocess.run([*command, " ".join(NAMES)], capture_output=True, text=True)
    assert not done.stderr, done.stderr
    assert set(done.stdout.split()) == FREE[format]


def test_the_exporter_runs_that_program_by_itself(tmp_path, monkeypatch):
    ran = []

    def run(command, **arguments):
        ran.append(command)
        answer = json.dumps({"difference": 0.5, "where": "image of serve"})
        return subprocess.CompletedProcess(command, 0, f"notice\n{answer}\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(exporter.InputError, match="image of serve .* by 5.0e-01"):
        exporter._compare("saved_model", tmp_path / "model", tmp_path, "output")
    (command,) = ran
    assert command[:2] == [sys.executable, "-P"]
    assert command[2:4] == [STANDALONE, "saved_model"]
