"""The recipes of saved_models/, and what is shipped there."""

import pathlib
import types

import pytest

from experiments import (
    train_classifier,
    train_clip,
    train_generator,
    train_text_encoder,
)
from experiments.zoo import recipes as zoo
from experiments.zoo import runs as zoo_runs
from hwgen_keras.bundle import read_bundle
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

SCRIPTS = {
    script.__name__.rpartition(".")[2]: script
    for script in (train_classifier, train_clip, train_generator, train_text_encoder)
}
SHIPPED = sorted(
    path.parent
    for path in pathlib.Path(__file__).parents[1].glob("saved_models/*/model.json")
)


def asked(**values):
    """The options of reproduce that decide the flags of a training."""
    given = {
        "fonts": ["a.ttf", "b.ttf"],
        "judge_fonts": ["c.ttf"],
        "handwriting": ["one.json", "two.json"],
        "judge_handwriting": ["three.json"],
        "writer_pattern": zoo.OMNIGLOT_WRITERS,
        "cache": "",
        "run_dir": "runs/zoo",
        "steps_scale": 1.0,
        "change": [],
        **dict.fromkeys(zoo_runs.REPLACED),
    }
    return types.SimpleNamespace(**{**given, **values})


@pytest.mark.parametrize("step", zoo.STEPS)
def test_a_script_knows_the_flags_of_its_recipe(step):
    script = SCRIPTS[zoo.STEPS[step].script]
    known = {*script.FLAGS, *getattr(script, "EXTRA", {})}
    for flag in zoo_runs.flags_of(step, asked()):
        assert flag[2:].partition("=")[0] in known
        assert "$" not in flag.replace(zoo.OMNIGLOT_WRITERS, "")


def test_each_model_needs_trainings_that_come_before_it():
    for model in zoo.MODELS.values():
        needed = zoo_runs.steps_of(model)
        assert model.step in needed and set(needed) <= set(zoo.STEPS)
        for number, step in enumerate(needed):
            for flag in zoo.STEPS[step].flags:
                value = flag.partition("=")[2]
                if value.startswith("$runs/"):
                    assert value.split("/")[1] in needed[:number]


def test_a_recipe_takes_what_was_asked_for():
    flags = zoo_runs.flags_of("judge", asked())
    assert [f for f in flags if "fonts" in f] == ["--fonts=c.ttf"]
    assert [f[8:] for f in flags if f.startswith("--train=")] == [
        *("one.json", "two.json", "three.json")
    ]
    flags = zoo_runs.flags_of(
        "clip", asked(size="tiny", characters="kana", steps_scale=0.01)
    )
    assert {"--size=tiny", "--characters=kana", "--steps=15"} <= set(flags)
    assert f"--text_weights={pathlib.Path('runs/zoo/text')}" in flags
    flags = zoo_runs.flags_of("text", asked(change=["text=--steps=7 --seed=2"]))
    assert flags[-2:] == ["--steps=7", "--seed=2"]
    assert not any("image_size" in f for f in zoo_runs.flags_of("text", asked()))


@pytest.mark.parametrize(
    ("step", "values", "message"),
    [
        ("reader", {"fonts": []}, "--fonts is needed: the training reader takes it"),
        ("judge", {"judge_fonts": []}, "--judge_fonts is needed"),
        ("text", {"change": ["--steps=3"]}, "write it as STEP=FLAGS"),
        ("text", {"change": ["painter=--steps=3"]}, "the steps are reader, text"),
    ],
)
def test_what_is_missing_gets_one_sentence(step, values, message):
    with pytest.raises(InputError, match=message):
        zoo_runs.flags_of(step, asked(**values))


def test_a_card_shows_the_flags_that_a_run_had_and_nobodys_paths(tmp_path):
    manifest = tmp_path / "mine.json"
    manifest.write_text('{"あ": ["omniglot-kana/hira-01.png"]}', encoding="utf-8")
    flags = {
        "characters": "kana",
        "skip_unknown_characters": True,
        "size": "tiny",
        "image_size": 32,
        "dtype_policy": "float32",
        "cache": "/home/somebody/cache",
        "fonts": ["/home/somebody/fonts"],
        "simulated_writers": 3,
        "handwriting": [str(manifest), "/home/somebody/other.json"],
        "writer_pattern": None,
        "clip_weights": "/home/somebody/clip",
        "implicit_trains_style": False,
        "steps": 9,
    }
    command = ["train", "--steps=9", "--ema=0.5", "--structure_file=/home/a.json"]
    config = {"flags": flags, "command": command}
    shown = zoo_runs.shown_flags("generator", config)
    assert shown == [
        *("--characters=kana", "--skip_unknown_characters", "--size=tiny"),
        *("--image_size=32", "--dtype_policy=float32", "--fonts=FONTS"),
        *("--simulated_writers=3", "--handwriting=OMNIGLOT"),
        *("--handwriting=other.json", "--clip_weights=runs/zoo/clip"),
        *("--implicit_trains_style=false", "--steps=9", "--ema=0.5"),
        *("--structure_file=a.json", "--run_dir=runs/zoo/generator"),
    ]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_is_complete_small_and_has_a_card(folder):
    bundle = read_bundle(folder)
    assert bundle.name == folder.name and "model.keras" in bundle.files
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert size <= zoo.MOST_MEGABYTES * 1e6
    card = (folder / "README.md").read_text("utf-8")
    assert card.startswith(f"# {folder.name}: ") and "## Licence" in card
    for name in ("lowest.png", "highest.png"):
        assert f"({name})" in card and name in bundle.files


def test_all_shipped_models_are_small_together():
    files = [file for folder in SHIPPED for file in folder.iterdir()]
    total = sum(file.stat().st_size for file in files)
    assert total <= zoo.MOST_MEGABYTES_IN_ALL * 1e6
