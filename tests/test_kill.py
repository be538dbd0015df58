"""A training that is killed and resumed ends as one that never stopped."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import kill_driver
import numpy as np
import pytest
from networks import BACKEND

from hwgen_keras.training import checkpoints

# What no two runs have in common.
RATES = ("steps_per_second", "images_per_second", "data_wait")
DRIVER = pathlib.Path(__file__).with_name("kill_driver.py")


def killed(kind, backend, folder, step):
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(DRIVER.parent.parent),
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return subprocess.run(
        [sys.executable, DRIVER, kind, str(step), folder],
        env=environment,
        capture_output=True,
        text=True,
    )


def history(folder):
    lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [{k: v for k, v in r.items() if k not in RATES} for r in rows]


@pytest.mark.parametrize(
    ("kind", "backend"), [("generator", "torch"), ("classifier", "tensorflow")]
)
def test_kill_and_resume(kind, backend, tmp_path, monkeypatch, capsys):
    if backend != BACKEND:
        pytest.skip(f"runs with the tests of {backend}")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    ended = killed(kind, backend, parts, 5)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    left = sorted(p.name for p in (parts / "checkpoints").iterdir())
    assert left[0].startswith(".partial-")
    assert left[1:] == ["best", "step-00000003", "step-00000004"]
    # What a process may have logged beyond the checkpoint that it left.
    with open(parts / "history.jsonl", "a", encoding="utf-8") as file:
        file.write('{"step": 5, "loss": 0.0}\n{"step": 1')
    # A process starts for longer than it trains; to be resumed needs none.
    monkeypatch.setattr(checkpoints, "flush", checkpoints.flush)
    kill_driver.main(kind, parts, 0)
    assert "Continuing at step 4 of 7." in capsys.readouterr().out
    kill_driver.main(kind, whole, 0)

    assert [row["step"] for row in history(whole)] == [3, 6, 7]
    assert history(parts) == history(whole)
    with (
        np.load(whole / "final.npz") as first,
        np.load(parts / "final.npz") as second,
    ):
        assert len(first.files) > 10
        for key in first.files:
            np.testing.assert_array_equal(second[key], first[key])
    best = [
        json.loads((folder / "checkpoints/best/progress.json").read_text())["best"]
        for folder in (whole, parts)
    ]
    assert best[0] == best[1]
