"""What tests of augmentation_gain share: handwriting, flags, trainings of no time."""

import json
import pathlib

import pytest
from PIL import Image

from experiments import augmentation_gain
from experiments.gain import runs as gain_runs
from hwgen_keras import inputs
from hwgen_keras.data import Sample, write_manifest
from hwgen_keras.sources import PenWriter

# What a seed of an arm reads right beside く, which it reads everywhere else.
READ = {"classical/0": "うか", "classical/1": "う", "gan/0": "い", "gan/1": "あい"}


@pytest.fixture
def handwriting(tmp_path, characters):
    """A function, (name, seeds of simulated writers) → manifest of their images."""

    def write(name, seeds):
        samples = []
        for writer in map(PenWriter, seeds):
            for number, character in enumerate(characters):
                path = tmp_path / name / f"{writer.name}-{number}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(writer.draw(character, 32)).save(path)
                samples.append(Sample(character, path, writer.name))
        write_manifest(tmp_path / f"{name}.json", samples)
        return str(tmp_path / f"{name}.json")

    return write


@pytest.fixture
def gain(tmp_path, characters, handwriting):
    """A function, settings → what `main` of the experiment returns."""
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    train, test = handwriting("train", [0, 1]), handwriting("test", [2])
    made = handwriting("gan-1", [3])

    def run(**values):
        given = {
            "train": train,
            "test": test,
            "generated": [f"gan={made.replace('-1.json', '-{writers}.json')}"],
            "characters": str(listed),
            "writers": ["1"],
            "arms": ["classical", "gan"],
            "seeds": 2,
            "size": "tiny",
            "image_size": 16,
            "batch_size": 4,
            "steps": 2,
            "output": str(tmp_path / "gain"),
            "cache": "",
        }
        settings = augmentation_gain.Settings(**{**given, **values})
        return augmentation_gain.main(settings)

    return run


@pytest.fixture
def untrained(monkeypatch):
    """Trainings leave a report at once; their folders' names, as they come."""
    begun = []

    def train(main, settings, test):
        folder = pathlib.Path(settings.run_dir)
        begun.append("/".join(folder.parts[-3:]))
        folder.mkdir(parents=True)
        config = {"flags": settings.values()}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        right = READ.get("/".join(folder.parts[-3::2]), "")
        lines = ["path,true,predicted,probability"]
        known = inputs.load_characters(test)
        for sample in inputs.load_samples(test, test.test, known):
            read = sample.character if sample.character in right else "く"
            lines.append(f"x,{sample.character},{read},1")
        (folder / "predictions.csv").write_text("\n".join(lines) + "\n", "utf-8")
        accuracy = (len(right) + 1) / 6
        report = {"accuracy": accuracy, "macro_f1": 0.5, "images": 6}
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")

    monkeypatch.setattr(gain_runs, "train", train)
    return begun
