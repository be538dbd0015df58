"""The recipes of saved_models/, and what is shipped there."""

import json
import pathlib
import re

import pytest

from experiments import reproduce, zoo
from experiments.zoo import flags, recipes
from hwgen_keras.bundle import read_bundle
from hwgen_keras.errors import InputError
from hwgen_keras.settings import rules_of

pytestmark = pytest.mark.backend_free

SHIPPED = sorted(
    path.parent
    for path in pathlib.Path(__file__).parents[1].glob("saved_models/*/model.json")
)


def asked(**values):
    """The settings of reproduce, for the model that needs every training."""
    given = {
        "name": "jis1-generator",
        "fonts": ["a.ttf", "b.ttf"],
        "hand_fonts": ["d.ttf"],
        "judge_fonts": ["c.ttf"],
        "handwriting": ["one.json", "two.json"],
        "judge_handwriting": ["three.json"],
        "test": ["four.json"],
        "cache": "",
        "run_dir": "runs/zoo",
        "output": "no such folder",
    }
    return reproduce.Settings(**{**given, **values})


@pytest.mark.parametrize("training", recipes.TRAININGS)
def test_a_script_knows_the_flags_of_its_recipe(training):
    known = rules_of(flags.script_of(training).Settings)
    for flag in zoo.flags_of(training, asked()):
        assert flag[2:].partition("=")[0] in known
        assert "$" not in flag.replace(recipes.OMNIGLOT_WRITERS, "")


def test_each_model_needs_trainings_that_come_before_it():
    for model in zoo.MODELS.values():
        needed = zoo.trainings_of(model)
        assert model.training in needed and set(needed) <= set(recipes.TRAININGS)
        for number, training in enumerate(needed):
            for flag in recipes.TRAININGS[training].flags:
                value = flag.partition("=")[2]
                if value.startswith("$runs/"):
                    assert value.split("/")[1] in needed[:number]


def test_a_recipe_takes_what_was_asked_for():
    found = zoo.flags_of("judge", asked())
    assert [f for f in found if "fonts" in f] == ["--fonts=c.ttf"]
    assert [f[8:] for f in found if f.startswith("--train=")] == [
        *("one.json", "two.json", "three.json")
    ]
    found = zoo.flags_of(
        "clip", asked(size="tiny", characters="kana", steps_scale=0.01)
    )
    assert {"--size=tiny", "--characters=kana", "--steps=15"} <= set(found)
    assert f"--text_weights={pathlib.Path('runs/zoo/text')}" in found
    # The warm-up stays shorter than the training.
    found = zoo.flags_of("reader", asked(steps_scale=0.002))
    assert {"--steps=27", "--warmup_steps=0"} <= set(found)
    found = zoo.flags_of("text", asked(change=["text=--steps=7 --seed=2"]))
    assert found[-2:] == ["--steps=7", "--seed=2"]
    assert not any("image_size" in f for f in zoo.flags_of("text", asked()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fonts": []}, "--fonts is needed: the training encoder takes it"),
        ({"judge_fonts": []}, "--judge_fonts is needed: the training judge"),
        ({"change": ["--steps=3"]}, "write it as TRAINING=FLAGS"),
        ({"change": ["painter=--steps=3"]}, "the trainings are hands, reader, "),
    ],
)
def test_what_is_missing_gets_one_sentence(values, message):
    with pytest.raises(InputError, match=message):
        asked(**values)


def test_a_kept_run_is_compared_by_what_changes_its_result():
    generator = {
        **{"size": "tiny", "step": "step_end", "implicit_trains_style": True},
        **{"learning_rate": 0.5, "steps": 9, "cache": "elsewhere", "fonts": ["b"]},
    }
    asked_for = ["--size=tiny", "--stage=step1", "--implicit_trains_style=false"]
    asked_for += ["--learning_rate=5e-1", "--steps=9", "--cache=", "--fonts=a"]
    # The flag was called --step when older runs were trained.
    assert list(flags.differences("generator", generator, asked_for)) == [
        "it was trained with --stage=step_end and not step1",
        "it was trained with --implicit_trains_style=True and not false",
    ]


def test_lists_are_shown_as_they_are_given():
    stored = str(pathlib.Path("elsewhere", "hands", "fonts.store"))
    given = {"widths": ["4", "8"], "train": ["mine.json", stored]}
    shown = flags.shown_flags("reader", {"flags": given})
    assert {"--widths=4,8", "--train=mine.json"} < {*shown}
    assert "--train=runs/zoo/hands/fonts.store" in shown


def test_a_card_shows_the_flags_that_a_run_had_and_nobodys_paths(tmp_path):
    manifest = tmp_path / "mine.json"
    manifest.write_text('{"あ": ["omniglot-kana/hira-01.png"]}', encoding="utf-8")
    before = {
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
        "step": "step_end",
        "implicit_trains_style": False,
        "steps": 9,
    }
    command = ["train", "--steps=9", "--ema=0.5", "--structure_file=/home/a.json"]
    command += ["--step=step_end", "--interval=5", "--resume"]
    config = {"flags": before, "command": command}
    shown = flags.shown_flags("generator", config)
    assert shown == [
        *("--characters=kana", "--skip_unknown_characters", "--size=tiny"),
        *("--image_size=32", "--dtype_policy=float32", "--fonts=FONTS"),
        *("--simulated_writers=3", "--handwriting=OMNIGLOT"),
        *("--handwriting=other.json", "--clip_weights=runs/zoo/clip"),
        *("--stage=step_end", "--implicit_trains_style=false", "--steps=9"),
        *("--ema=0.5", "--structure_file=a.json", "--run_dir=runs/zoo/generator"),
    ]


def words(card):
    """What a card says, however its tables are laid out."""
    return re.sub(r"[ :|-]+", " ", card)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_is_complete_small_and_has_a_card(folder):
    bundle = read_bundle(folder)
    assert bundle.name == folder.name and "model.keras" in bundle.files
    assert {"saved_model.pb", "variables/variables.index"} <= {*bundle.files}
    assert ("model.onnx" in bundle.files) == ("onnx" in zoo.formats_of(bundle.kind))
    size = sum(file.stat().st_size for file in folder.rglob("*"))
    assert size <= recipes.MOST_MEGABYTES * 1e6
    card = (folder / "README.md").read_text("utf-8")
    measured = json.loads((folder / zoo.MEASURED).read_text("utf-8"))
    assert words(card) == words(zoo.card(measured))
    assert f"\n# {folder.name}: " in card and "## Licence" in card
    for name in ("lowest.png", "highest.png"):
        assert f"({name})" in card and name in bundle.files


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_hubs_read_a_card(folder):
    yaml = pytest.importorskip("yaml")
    empty, matter, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    assert empty == "" and text.startswith("\n# ")
    facts = yaml.safe_load(matter)
    assert facts["library_name"] == "hwgen_keras" and facts["language"] == ["ja"]
    assert facts["license"][0] == "apache-2.0" and "-" in facts["pipeline_tag"]
    (entry,) = facts["model-index"]
    measured = json.loads((folder / zoo.MEASURED).read_text("utf-8"))
    assert entry["name"] == folder.name and entry["results"]
    for result in entry["results"]:
        assert result["task"]["type"] == facts["pipeline_tag"]
        assert {*result["dataset"]} == {"type", "name"}
        values = [metric["value"] for metric in result["metrics"]]
        assert 0 < values[0] <= values[1] <= 1
    if measured["kind"] == "classifier":
        values = [result["metrics"][0]["value"] for result in entry["results"]]
        rows = measured["yardsticks"]["sources"]
        expected = [row["read"] for row in rows if row["script"] == "all"]
        assert values == pytest.approx(expected, abs=1e-4)


def test_all_shipped_models_are_small_together():
    files = [file for folder in SHIPPED for file in folder.rglob("*")]
    total = sum(file.stat().st_size for file in files)
    assert total <= recipes.MOST_MEGABYTES_IN_ALL * 1e6
