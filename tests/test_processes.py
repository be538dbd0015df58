"""Two processes with JAX train as one does, and share a run folder.

A training begins in two processes, goes on in one, and again in two. They meet by gloo
on this machine.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import types

import pytest
from networks import BACKEND

from experiments import train_classifier
from hwgen_keras import training
from hwgen_keras.backend import expected_process
from hwgen_keras.errors import InputError
from hwgen_keras.training import checkpoints, guards

pytestmark = pytest.mark.skipif(BACKEND != "jax", reason="JAX alone joins processes")

ROOT = pathlib.Path(__file__).parent.parent
INDEX, COUNT = "KERAS_DISTRIBUTION_PROCESS_ID", "KERAS_DISTRIBUTION_NUM_PROCESSES"
# As far as the losses of one process and of two may differ; seen: 4e-7.
TOLERANCE = 1e-4


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def in_two_processes(*arguments):
    """Runs train_classifier in two processes; returns what each printed."""
    common = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{free_port()}",
        COUNT: "2",
    }
    command = [sys.executable, "-m", "experiments.train_classifier", *arguments]
    started = [
        subprocess.Popen(
            command,
            env={**common, INDEX: str(index)},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True},
        )
        for index in range(2)
    ]
    try:
        printed = [process.communicate(timeout=600)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], "\n".join(printed)
    return printed


def history(folder):
    text = (folder / "history.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, write_manifest, characters):
    """The folders of a run in one process, and of one in two, one and two."""
    folder = tmp_path_factory.mktemp("processes")
    listed = folder / "characters.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    values = {
        **{"characters": str(listed), "train": [str(write_manifest(folder))]},
        **{"size": "tiny", "image_size": 16, "batch_size": 4, "interval": 1},
        **{"schedule": "constant", "learning_rate": 1e-3, "cache": ""},
    }

    def alone(name, **more):
        told = {**values, **more, "run_dir": str(folder / name)}
        train_classifier.main(train_classifier.Settings(**told))

    alone("unbroken", steps=4)
    given = {**values, "train": values["train"][0], "steps": 2, "distribute": "data"}
    given["run_dir"] = str(folder / "broken")
    first = in_two_processes(*(f"--{name}={value}" for name, value in given.items()))
    after_two = sorted(p.name for p in (folder / "broken" / "checkpoints").iterdir())
    alone("broken", steps=3, resume=True, distribute="none")
    again = ["--resume", "--steps=4", "--distribute=data", f"--run_dir={folder}/broken"]
    return types.SimpleNamespace(
        unbroken=folder / "unbroken",
        broken=folder / "broken",
        printed=[*first, *in_two_processes(*again, "--cache=")],
        after_two=after_two,
    )


def test_the_losses_are_those_of_one_process(runs):
    unbroken, broken = history(runs.unbroken), history(runs.broken)
    assert [row["step"] for row in broken] == [1, 2, 3, 4]
    for expected, row in zip(unbroken, broken, strict=True):
        assert row["loss"] == pytest.approx(expected["loss"], rel=TOLERANCE)
        assert row["accuracy"] == expected["accuracy"]


def test_each_process_has_its_share_and_goes_on_where_the_other_run_ended(runs):
    assert all("2 devices of 2 processes, 2 rows" in text for text in runs.printed)
    assert all("Continuing at step 3 of 4." in text for text in runs.printed[2:])
    notes = json.loads((runs.broken / "config.json").read_text("utf-8"))["notes"]
    assert (notes["devices"], notes["processes"]) == (2, 2)


def test_one_process_alone_writes_the_run_folder(runs):
    # Two checkpoints are kept; a second writer would leave partial files, or more.
    assert runs.after_two == ["step-00000001", "step-00000002"]
    found = sorted(p.name for p in (runs.broken / "checkpoints").iterdir())
    assert found == ["step-00000003", "step-00000004"]
    events = list((runs.broken / "logs").glob("events.*"))
    assert len(events) == 3
    assert (runs.broken / "classifier.keras").is_file()
    names = {path.name for path in runs.broken.iterdir()} - {".lock"}
    assert names == {path.name for path in runs.unbroken.iterdir()} - {".lock"}


def test_a_process_that_follows_leaves_nothing_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(COUNT, "2")
    monkeypatch.setenv(INDEX, "1")
    settings = train_classifier.Settings(
        train=["a.json"], size="tiny", run_dir=str(tmp_path), distribute="data"
    )
    with training.Run("train_classifier", settings) as run:
        run.note(devices=2)
        own = run.own
        assert not run.leads and (own / "config.json").is_file()
    assert list(tmp_path.iterdir()) == [] and not own.exists()


def test_a_signal_to_one_process_stops_the_others(tmp_path, monkeypatch):
    signals, model = guards.CaughtSignals(), types.SimpleNamespace()
    checkpoint = checkpoints.Checkpoint(tmp_path, None, signals=signals)
    checkpoint.set_model(model)
    # A loss that is no number is not saved, so that the model need not be one.
    checkpoint.on_epoch_end(0, {"loss": float("nan")})
    assert not hasattr(model, "stop_training") and signals.name is None
    monkeypatch.setattr(checkpoints, "in_any_process", lambda flag: True)
    checkpoint.on_epoch_end(1, {"loss": float("nan")})
    assert model.stop_training and signals.name == "SIGTERM"


def test_a_process_that_follows_mends_nothing(tmp_path):
    model = types.SimpleNamespace(optimizer=types.SimpleNamespace(built=True))
    partial = tmp_path / ".partial-1-step-00000001"
    partial.mkdir()
    assert checkpoints.restore(model, tmp_path, mend=False) == {"step": 0}
    assert partial.exists()
    assert checkpoints.restore(model, tmp_path) == {"step": 0}
    assert not partial.exists()


class TestMistakes:
    @pytest.mark.parametrize(("index", "count"), [("2", "2"), ("-1", "2"), ("0", "")])
    def test_a_process_that_is_none_of_them(self, monkeypatch, index, count):
        monkeypatch.setenv(INDEX, index)
        monkeypatch.setenv(COUNT, count)
        with pytest.raises(InputError, match="give the number of this process"):
            expected_process()

    def test_several_processes_without_a_folder(self, monkeypatch):
        monkeypatch.setenv(COUNT, "2")
        settings = train_classifier.Settings(
            train=["a.json"], size="tiny", distribute="data"
        )
        with pytest.raises(InputError, match="2 processes needs --run_dir"):
            training.Run("train_classifier", settings)
