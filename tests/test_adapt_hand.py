"""The script that teaches a generator one hand, for a few steps on tiny data."""

import json
import signal

import keras
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import BACKEND, diffusion_generator

from experiments import adapt_hand
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.layers import EmbeddingCondition
from hwgen_keras.models import GENERATORS, AdaINGenerator, load_trained
from hwgen_keras.training import callbacks

# The training itself is compared on all backends in test_adaptation.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

TINY = {"image_size": 16, "batch_size": 4, "steps": 4, "interval": 2}


def call(**values):
    settings = adapt_hand.Settings(**{**TINY, "cache": "", **values})
    return adapt_hand.main(settings)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory, tiny_font, characters):
    """Flags, with an untrained generator of six characters and a hand of six images."""
    folder = tmp_path_factory.mktemp("adapt")
    keras.utils.set_random_seed(0)
    model = AdaINGenerator(
        width=8,
        multipliers=(1,),
        condition=EmbeddingCondition(6, 16, 8),
        attention={"heads": 2, "head_width": 4},
    )
    model.build()
    model.save(folder / "generator.keras")
    return {
        "generator_weights": str(folder),
        "fonts": [str(tiny_font)],
        "handwriting": [str(hand_folder(folder / "hanako"))],
        "characters": characters_file(folder, characters),
    }


def moved(arguments, path):
    """The names of the weights that differ from the given generator's."""
    before, after = (
        load_trained(p, GENERATORS, "", "generator.keras")
        for p in (arguments["generator_weights"], path.parent)
    )
    return {
        a.path.split("/", 1)[1]
        for a, b in zip(after.weights, before.weights, strict=True)
        if not np.array_equal(*map(keras.ops.convert_to_numpy, (a, b)))
    }


@pytest.fixture(scope="module")
def whole(arguments, tmp_path_factory):
    """The folder of a run that nobody stopped."""
    run = tmp_path_factory.mktemp("whole") / "run"
    return call(**arguments, run_dir=str(run), part="decoder").parent


def test_a_part_learns_and_the_held_out_images_tell(arguments, whole):
    names = moved(arguments, whole / "generator.keras")
    assert names and all("decoder" in n or "last_" in n for n in names)
    measured = json.loads((whole / "metrics.json").read_text())
    assert measured["held_out_after"] < measured["held_out_before"]
    assert measured["best_step"] in (2, 4)
    notes = json.loads((whole / "config.json").read_text("utf-8"))["notes"]
    assert notes["known"] == 5 and len(notes["held_out"]) == 1
    lines = (whole / "history.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert measured["held_out_after"] == min(row["held_out_loss"] for row in rows)
    # Its pictures of probes are there, too.
    assert sorted(p.name for p in (whole / "samples").iterdir())[-1].endswith("04.png")


def test_what_does_not_help_is_not_kept_and_ends_it(arguments, tmp_path, capsys):
    run = tmp_path / "run"
    path = call(
        **arguments,
        run_dir=str(run),
        learning_rate=3.0,
        part="all",
        steps=40,
        patience=2,
    )
    assert moved(arguments, path) == set()
    rows = (run / "history.jsonl").read_text().splitlines()
    assert len(rows) == 2
    assert "is the given generator" in capsys.readouterr().out


def test_a_resumed_run_equals_one_that_never_stopped(
    arguments, whole, tmp_path, monkeypatch, capsys
):
    count = callbacks.Progress.on_train_batch_end

    def interrupt_at_3(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", interrupt_at_3)
    with pytest.raises(Stopped, match="SIGINT: stopped after step 3 of 4"):
        call(**arguments, run_dir=str(tmp_path / "parts"), part="decoder")
    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", count)
    resumed = adapt_hand.Settings(run_dir=str(tmp_path / "parts"), resume=True)
    parts = adapt_hand.main(resumed)
    printed = capsys.readouterr().out
    assert "weights learn from 5 images; 1 are held out" in printed
    assert "Loss of what is held out:" in printed
    assert moved({"generator_weights": str(whole)}, parts) == set()
    for name in ("metrics.json", "held_out.json"):
        assert (whole / name).read_text() == (parts.parent / name).read_text()
    # Done is done.
    assert adapt_hand.main(resumed) == parts


def test_of_a_single_image_none_is_held_out(arguments, tmp_path, capsys):
    hand = hand_folder(tmp_path / "hand", "あ")
    flags = {**arguments, "handwriting": [str(hand)]}
    path = call(**flags, run_dir=str(tmp_path / "run"))
    names = moved(arguments, path)
    assert names and all("norm_" in n or "modulation" in n for n in names)
    assert "none was held out" in capsys.readouterr().out


def test_a_diffusion_model_learns_a_hand(arguments, tmp_path):
    small = {"steps": 2, "multipliers": (1,)}
    diffusion_generator("embedding", **small).save(tmp_path / "generator.keras")
    flags = {**arguments, "generator_weights": str(tmp_path)}
    with pytest.raises(InputError, match="is 17; this generator needs a multiple of 2"):
        call(**flags, image_size=17, run_dir=str(tmp_path / "stride"))
    # Its own vector a class is 6 long in the data.
    with pytest.raises(InputError, match="trained on 4 characters"):
        call(**flags, run_dir=str(tmp_path / "wrong"))
    diffusion_generator(None, **small).save(tmp_path / "generator.keras")
    path = call(**flags, run_dir=str(tmp_path / "run"), part="style")
    names = moved(flags, path)
    assert all("to_style" in n or "style_encoder/middle_" in n for n in names)
    assert (path.parent / "metrics.json").is_file()


MISTAKES = {
    "no generator": ({"generator_weights": None}, "--generator_weights is needed"),
    "no hand": ({"handwriting": []}, "--handwriting is needed: a folder of images"),
    "no fonts": ({"fonts": []}, "Fonts are needed"),
    "patience": ({"patience": 0}, "--patience is 0; give a number above 0"),
    "plateau": ({"schedule": "plateau"}, "--schedule=plateau waits for a loss"),
}


@pytest.mark.parametrize("values, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(arguments, tmp_path, values, message):
    with pytest.raises(InputError) as error:
        call(**{**arguments, "run_dir": str(tmp_path / "run"), **values})
    assert message in str(error.value)
    assert "\n" not in str(error.value)
