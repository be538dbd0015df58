"""Two devices train as one does. Each backend's tests need processes of their own."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import types

import numpy as np
import pytest
from networks import BACKEND
from one_and_two import STEPS

from experiments import train_classifier, train_text_encoder
from hwgen_keras.errors import InputError
from hwgen_keras.training import devices

FOLDER = pathlib.Path(__file__).parent
several = pytest.mark.skipif(
    BACKEND == "torch", reason="Keras has no data parallelism on torch"
)


def run_on_two_devices(*arguments):
    """Runs modules in a process with two devices and returns what they printed."""
    path = os.pathsep.join([str(FOLDER), str(FOLDER.parent)])
    done = subprocess.run(
        [sys.executable, FOLDER / "two_devices.py", *map(str, arguments)],
        cwd=FOLDER.parent,
        env={**os.environ, "KERAS_BACKEND": BACKEND, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def process(tmp_path_factory, write_manifest, characters):
    """The folder of all that runs in one process with two devices, as it takes long.

    `found.npz` of `one_and_two.py`; and a run `broken`, whose first step one device
    takes and whose next two steps two devices take; `values` are its settings.
    """
    folder = tmp_path_factory.mktemp("devices")
    characters_file = folder / "characters.txt"
    characters_file.write_text("\n".join(characters) + "\n", encoding="utf-8")
    manifest, others = str(write_manifest(folder)), folder / "others"
    others.mkdir()
    values = {
        "characters": str(characters_file),
        "train": [manifest],
        "validation": str(write_manifest(others)),
        "size": "tiny",
        "image_size": 16,
        "batch_size": 4,
        "interval": 1,
        "schedule": "constant",
        "learning_rate": 1e-3,
    }
    classify(folder / "broken", **values, steps=1)
    printed = run_on_two_devices(
        *("one_and_two", folder / "found.npz", "+", "experiments.train_classifier"),
        f"--run_dir={folder / 'broken'}",
        *("--resume", "--steps=3", "--distribute=data", "--cache="),
    )
    return types.SimpleNamespace(folder=folder, values=values, printed=printed)


@pytest.fixture(scope="module")
def found(process):
    """What one step leaves on one device and on two; see `one_and_two.py`."""
    return dict(np.load(process.folder / "found.npz"))


def classify(run_dir, **values):
    """Trains a classifier on one device."""
    settings = train_classifier.Settings(run_dir=str(run_dir), cache="", **values)
    train_classifier.main(settings)


def pairs(found, model, what):
    """[(name, on one device, on two)]"""
    start = f"1/{model}/{what}/"
    result = [
        (name, value, found[f"2{name[1:]}"])
        for name, value in found.items()
        if name.startswith(start)
    ]
    assert result
    return result


@several
@pytest.mark.parametrize("model", STEPS)
class TestOneStep:
    def test_gradients(self, found, model):
        gradients = pairs(found, model, "gradients")
        largest = max(np.linalg.norm(one) for _, one, _ in gradients)
        for name, one, two in gradients:
            # A gradient that is zero but for rounding has no relative error.
            limit = 1e-4 * np.linalg.norm(one) + 1e-6 * largest
            assert np.linalg.norm(one - two) <= limit, name

    def test_weights_and_their_averages(self, found, model):
        largest = max(
            np.abs(one).max() for _, one, _ in pairs(found, model, "gradients")
        )
        compared = 0
        for what in ("weights", "averages"):
            if what == "averages" and model != "style_transfer":
                continue
            for name, one, two in pairs(found, model, what):
                gradient = found[name.replace(what, "gradients")]
                # Adam's first step is the gradient's sign, which rounding may decide.
                clear = np.abs(gradient) > 1e-3 * largest
                np.testing.assert_allclose(
                    one[clear], two[clear], rtol=0, atol=1e-6, err_msg=name
                )
                compared += clear.sum()
        assert compared > 100

    def test_batch_statistics_and_metrics(self, found, model):
        for what in ("statistics", "metrics"):
            for name, one, two in pairs(found, model, what):
                np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6, err_msg=name)
        if model == "style_transfer":
            # λ is neither 0 nor cut off, so that the norms of both gradients matter.
            assert 0 < found["1/style_transfer/metrics/adaptive_weight"] < 1e3


@several
def test_a_run_goes_from_one_device_to_two_and_back(process):
    folder = process.folder
    classify(folder / "unbroken", **process.values, steps=4)
    assert "Continuing at step 1 of 3." in process.printed
    assert "2 devices, 2 rows of each batch on each." in process.printed
    config = json.loads((folder / "broken" / "config.json").read_text())
    assert config["notes"]["devices"] == 2
    classify(folder / "broken", resume=True, steps=4, distribute="none")

    unbroken, broken = (
        [
            json.loads(line)
            for line in (folder / name / "history.jsonl").read_text().splitlines()
        ]
        for name in ("unbroken", "broken")
    )
    assert [row["step"] for row in broken] == [1, 2, 3, 4]
    for expected, row in zip(unbroken, broken, strict=True):
        assert row["loss"] == pytest.approx(expected["loss"], rel=1e-3)
        for name in ("accuracy", "validation_accuracy", "learning_rate"):
            assert row[name] == expected[name]


def text_encoder(tmp_path, characters, **values):
    file = tmp_path / "characters.txt"
    file.write_text("\n".join(characters) + "\n", encoding="utf-8")
    settings = train_text_encoder.Settings(
        characters=str(file),
        size="tiny",
        steps=1,
        run_dir=str(tmp_path / "run"),
        distribute="data",
        **values,
    )
    train_text_encoder.main(settings)


class TestMistakes:
    def test_a_batch_that_cannot_be_shared(self, tmp_path, characters, monkeypatch):
        if BACKEND == "torch":
            with pytest.raises(InputError, match="KERAS_BACKEND=jax or tensorflow"):
                text_encoder(tmp_path, characters)
            # Keras that has it lifts the refusal: docs/how-to/distributed.md.
            assert importlib.util.find_spec("keras.src.backend.torch.core")
            found = "keras.src.backend.torch.distribution_lib"
            assert importlib.util.find_spec(found) is None
            return
        monkeypatch.setattr(devices, "device_count", lambda: 3)
        with pytest.raises(InputError, match="give a multiple of 3"):
            text_encoder(tmp_path, characters, batch_size=4)

    @pytest.mark.skipif(BACKEND != "tensorflow", reason="read by TensorFlow alone")
    def test_several_machines_on_tensorflow(self, tmp_path, characters, monkeypatch):
        task = {"type": "worker", "index": 0}
        cluster = {"worker": ["localhost:12345", "localhost:23456"]}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
        with pytest.raises(InputError, match="unset it, or use KERAS_BACKEND=jax"):
            text_encoder(tmp_path, characters)

    @pytest.mark.skipif(BACKEND != "tensorflow", reason="right on other backends")
    @pytest.mark.parametrize(
        ("flag", "value"),
        [
            ("dtype_policy", "mixed_float16"),
            ("jit_compile", True),
            ("clip_norm", 1.0),
            ("accumulate", 2),
        ],
    )
    def test_what_tensorflow_does_on_one_device_alone(
        self, tmp_path, characters, monkeypatch, flag, value
    ):
        monkeypatch.setattr(devices, "device_count", lambda: 2)
        with pytest.raises(InputError, match=f"--{flag}"):
            text_encoder(tmp_path, characters, **{flag: value})
