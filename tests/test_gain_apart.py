"""Trainings in processes of their own, where the threads of Dask draw no numbers."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

from experiments.gain import apart
from hwgen_keras.errors import InputError, check_number

pytestmark = pytest.mark.backend_free


def test_a_call_is_made_in_another_process(tmp_path, capfd):
    apart.call(os.mkdir, tmp_path / "made")
    assert (tmp_path / "made").is_dir()
    # What it prints is no answer.
    apart.call(print, "words")
    assert capfd.readouterr().err == "words\n"


def test_errors_come_back(capfd):
    with pytest.raises(InputError, match="share is 2; give less"):
        apart.call(check_number, 2, "share", "less", 0, 1)
    with pytest.raises(RuntimeError, match="its process ended with 1"):
        apart.call(os.mkdir, "no/such/folder")
    assert "FileNotFoundError" in capfd.readouterr().err


def test_it_ends_with_the_process_that_made_it(tmp_path):
    # The shell's parent is the process apart.
    shell = "echo $PPID > written; mv written process; sleep 20"
    code = (
        f"from experiments.gain import apart; import os; os.chdir({str(tmp_path)!r}); "
    )
    code += f"apart.call(os.system, {shell!r})"
    root = pathlib.Path(apart.__file__).parents[2]
    paths = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen([sys.executable, "-c", code], env=paths)
    assert until((tmp_path / "process").exists)
    process = int((tmp_path / "process").read_text())
    parent.kill()
    parent.wait()
    assert until(lambda: not pathlib.Path(f"/proc/{process}").exists())


def until(condition):
    """Whether a condition holds within some seconds."""
    end = time.monotonic() + 15
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()
