"""The study of training settings, without the training."""

import json
import pathlib

import numpy as np
import pytest
from networks import BACKEND, generator
from PIL import Image

from experiments import flags, study_training
from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, ImageEncoder

MEASURES = {name for name, _, _ in study_training.MEASURES}
pytestmark = pytest.mark.skipif(
    BACKEND != "torch", reason="it trains in other processes; one backend is enough"
)


@pytest.fixture
def study(tmp_path, tiny_font, characters, manifest):
    """A function, options → what `main` returns; the reader is an untrained one."""
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    reader = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
    reader.build()
    reader.save(tmp_path / "reader.keras")

    def run(**values):
        given = {
            "fonts": [str(tiny_font)],
            "handwriting": [str(manifest)],
            "hands": str(manifest),
            "characters": str(listed),
            "reader": str(tmp_path / "reader.keras"),
            "clip_weights": "clip",
            "size": "tiny",
            "steps": 5,
            "count": 2,
            "seeds": 2,
            "arm": ["published=", "averaged=--ema=0.9 --instance_noise=0.1"],
            "output": str(tmp_path / "study"),
            "cache": "",
        }
        settings = study_training.Settings(**{**given, **values})
        return study_training.main(settings)

    return run


@pytest.fixture
def trainings(monkeypatch):
    """Commands of the trainings, which leave untrained generators."""
    commands = []

    def start(command, log):
        commands.append(command)
        folder = next(a for a in command if a.startswith("--run_dir=")).split("=")[1]
        network = generator()
        network.build()
        pathlib.Path(folder).mkdir(parents=True)
        network.save(f"{folder}/generator.keras")
        return 0

    monkeypatch.setattr(flags.process, "run", start)
    return commands


def test_trains_and_reads_each_arm_with_each_seed(study, trainings, tmp_path, capsys):
    values = study()
    assert len(trainings) == 4
    for command, seed in zip(trainings, (0, 0, 1, 1), strict=True):
        assert f"--seed={seed}" in command
        assert ("--ema=0.9" in command) == ("averaged" in str(command))
        assert "--stage=step_end" in command and "--steps=5" in command
        assert not any("reader" in a or "--output" in a for a in command)
    folder = tmp_path / "study"
    assert json.loads((folder / "study.json").read_text("utf-8")) == values
    assert values["arms"]["averaged"] == "--ema=0.9 --instance_noise=0.1"
    for measured in values["results"].values():
        assert len(measured) == 2
        for one in measured:
            assert set(one) == MEASURES
            assert 0 <= one["read"] <= 100 and 0 <= one["ink"] <= 1
            assert one["distance"] > 0
    with Image.open(folder / "published-0" / "sheet.png") as sheet:
        assert sheet.height == 34  # one row: a character each, and a line around
    # What the hands wrote is no generator's: there is nothing to be distant from.
    assert set(values["hands"]) == MEASURES - {"distance"}
    printed = capsys.readouterr().out
    assert "averaged" in printed and "the hands" in printed and "±" in printed

    # A second start trains nothing and measures the same.
    again = study()
    assert len(trainings) == 4
    for name, measured in values["results"].items():
        for one, two in zip(measured, again["results"][name], strict=True):
            np.testing.assert_allclose(list(one.values()), list(two.values()))


def test_a_training_that_fails_is_named(study, monkeypatch, tmp_path):
    def start(command, log):
        log.write(b"Step 1\nError: --ema is 3.\n")
        log.flush()
        return 2

    monkeypatch.setattr(flags.process, "run", start)
    with pytest.raises(InputError, match="published-0 ended with 2: Error: --ema is 3"):
        study()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"arm": []}, "--arm is needed"),
        ({"arm": ["published"]}, "--arm=published: write it as NAME=FLAGS"),
        ({"hands": None}, "--hands is needed"),
        ({"seeds": 0}, "--seeds is 0; give a number above 0"),
        ({"reader": "nothing.keras"}, "--reader: there is no file nothing.keras"),
    ],
)
def test_mistakes_get_one_sentence(study, trainings, values, message):
    with pytest.raises(InputError, match=message):
        study(**values)
    assert not trainings
