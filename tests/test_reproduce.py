"""The script that makes the models of saved_models/, with untrained networks."""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import pytest
from built_fonts import write_font
from networks import BACKEND
from PIL import Image
from stroke_writers import set_features

from experiments import flags, refresh, reproduce, zoo
from experiments.zoo import recipes
from hwgen_keras import export
from hwgen_keras.bundle import read_bundle, write_bundle
from hwgen_keras.characters import (
    StructureTokenizer,
    character_set,
    read_structures,
)
from hwgen_keras.data import FITTED, StrokeStore, font_store
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.layers import CLIPCondition
from hwgen_keras.models import (
    CLIP,
    AdaINGenerator,
    Classifier,
    ImageEncoder,
    ImageTower,
    StrokeTransformer,
    StrokeWriter,
    TextEncoder,
    TextTower,
    load_trained,
    save_model,
)
from hwgen_keras.sources import PenWriter, find_fonts

# The trainings and the export are tested elsewhere, on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def network(training):
    """An untrained network, as a training would leave it."""
    tokenizer = StructureTokenizer(read_structures())

    def encoder():
        sizes = tokenizer.vocabulary_size, tokenizer.length
        return TextEncoder(*sizes, width=16, depth=1, heads=2)

    if training in ("reader", "encoder", "judge"):
        return Classifier(ImageEncoder(widths=(8, 16)), 6)
    if training == "text":
        return Classifier(encoder(), 6)
    if training == "clip":
        image = ImageTower(ImageEncoder(widths=(8, 16)), 16)
        return CLIP(image, TextTower(encoder(), 16))
    if training == "writer":
        writer = StrokeWriter(StrokeTransformer(width=16, depth=1, heads=2), steps=1)
        writer.build()
        set_features(writer)
        return writer
    condition = CLIPCondition(TextTower(encoder(), 16), 32)
    attention = {"heads": 2, "head_width": 4}
    return AdaINGenerator(8, (1, 2), condition, attention)


def prepare(folder, flags):
    """Data as a preparation would leave it."""
    if folder.name in ("glyphs", "hands"):
        characters = character_set(flags["characters"])
        glyphs = font_store(find_fonts(flags["fonts"][0]), characters, 32)
        glyphs.save(folder / "fonts.store")
    else:
        tracks = [PenWriter(0).track("あ")]
        StrokeStore.of_tracks(tracks, ["one"], FITTED).save(folder / "strokes.store")


@pytest.fixture
def trainings(monkeypatch):
    """The trainings that ran, whose folders hold untrained networks."""
    trained = []

    def start(command, log):
        assert importlib.util.find_spec(command[2])
        values = {}
        for flag in command[3:]:
            name, equals, value = flag[2:].partition("=")
            values.setdefault(name, []).append(value if equals else True)
        lists = ("fonts", "train", "handwriting")
        given = {n: v if n in lists else v[-1] for n, v in values.items()}
        for name in ("image_size", "steps", "batch_size", "simulated_writers"):
            if name in given:
                given[name] = int(given[name])
        folder = pathlib.Path(given.get("run_dir") or given["output"])
        folder.mkdir(parents=True)
        if folder.name in recipes.PREPARATIONS:
            trained.append(folder.name)
            prepare(folder, given)
            return 0
        config = {"flags": given, "command": command[2:], "backend": BACKEND}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        row = json.dumps({"step": 10, "loss": 1.5, "steps_per_second": 5.0})
        (folder / "history.jsonl").write_text(row + "\n", encoding="utf-8")
        trained.append(folder.name)
        model = network(folder.name)
        model.build()
        model.save(folder / recipes.TRAININGS[folder.name].product)
        return 0

    def store(weights, output, *, name, formats, storage, made_of, **facts):
        kinds = Classifier, CLIP, AdaINGenerator, StrokeWriter
        model = load_trained(weights, kinds, "")
        output.mkdir()
        save_model(model, output / "model.keras", storage)
        named = {Classifier: "classifier", CLIP: "clip", StrokeWriter: "writer"}
        kind = named.get(type(model), "generator")
        if kind in ("classifier", "writer"):
            facts["tokenizer"] = None
        write_bundle(output, name=name, kind=kind, made_of=made_of, **facts)
        return {"keras": 1e-3, "signatures": []}

    monkeypatch.setattr(flags.process, "run", start)
    monkeypatch.setattr(export, "export_model", store)
    return trained


@pytest.fixture
def make(tmp_path, characters, manifest, tiny_font):
    """A function, name and options → the folder that the script makes."""
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    text = manifest.read_text("utf-8").replace('"writer": "', '"writer": "not ')
    (tmp_path / "others.json").write_text(text, encoding="utf-8")
    boxes = {c: (100, 0, 200 + 100 * k, 700) for k, c in enumerate(characters)}
    hand = write_font(tmp_path / "hand.ttf", boxes, "Hand")

    def run(name, **values):
        given = {
            "characters": str(listed),
            "fonts": [str(tiny_font)],
            "hand_fonts": [str(tiny_font)],
            "judge_fonts": [str(tiny_font)],
            "handwriting": [str(manifest)],
            "judge_handwriting": [str(manifest)],
            "test": [str(tmp_path / "others.json")],
            "test_fonts": [str(hand)],
            "image_size": 32,
            "kana_images": 2,
            "cache": "",
            "run_dir": str(tmp_path / "zoo"),
            "output": str(tmp_path / "saved"),
            **values,
        }
        return reproduce.main(reproduce.Settings(name=name, **given))

    return run


def test_makes_each_model_with_a_card_and_trains_nothing_twice(make, trainings):
    for name, model in zoo.MODELS.items():
        folder = make(name)
        bundle = read_bundle(folder)
        assert (bundle.name, bundle.kind) == (name, model.kind)
        measured = json.loads((folder / "measured.json").read_text("utf-8"))
        card = (folder / "README.md").read_text("utf-8")
        assert f"\n# {name}: " in card and f'load("{name}")' in card
        assert folder.parents[1].name not in card + json.dumps(measured)
        steps = [run["step"] for run in measured["training"]]
        assert steps == list(zoo.trainings_of(model))
        for picture in ("lowest.png", "highest.png"):
            assert picture in bundle.files and f"({picture})" in card
            with Image.open(folder / picture) as sheet:
                assert sheet.width > 32
        if name == "jis1-reader":
            check_yardsticks(measured, card)
    assert sorted(trainings) == sorted(recipes.TRAININGS)

    found = measured["generation"]
    assert found["asked"] == {"kana": {"characters": 6, "images": 2}}
    for kind, hands in (("writers", 2), ("simulated", 8), ("fonts", 1)):
        one = found["hands"][kind]["kana"]
        assert one["hands"] == hands and one["generated"]["images"] == 12
    assert found["hands"]["simulated"]["kana"]["real"]["images"] == 48
    assert "**not reached**" in card and "hands.png" in bundle.files
    with Image.open(folder / "hands.png") as sheet:
        # In print, then two rows each of two writers and six simulated ones.
        assert sheet.size == (6 * 33 + 1, 17 * 33 + 1)

    check_measured_again(make, folder.parent)

    # A trained recogniser takes the judge's place.
    reader = folder.parents[1] / "zoo" / "reader"
    folder = make("jis1-writer", judge=str(reader))
    measured = json.loads((folder / "measured.json").read_text("utf-8"))
    assert measured["judge"] == "reader"
    assert "The judge is `reader`" in (folder / "README.md").read_text("utf-8")

    # What was trained otherwise is kept, and that is told.
    make("jis1-reader", change=["reader=--steps=9"])
    assert len(trainings) == len(recipes.TRAININGS)


def check_measured_again(make, models):
    """Stored models are measured by another judge and fonts, without a training."""
    again = {"measure_only": True, "run_dir": None, "handwriting": [], "kana_images": 1}
    for name, judge in (("jis1-clip", None), ("jis1-generator", "jis1-reader")):
        folder = models / name
        weights = (folder / "model.keras").read_bytes()
        before = json.loads((folder / "measured.json").read_text("utf-8"))
        make(name, **again, judge=judge and str(models / judge))
        measured = json.loads((folder / "measured.json").read_text("utf-8"))
        assert (folder / "model.keras").read_bytes() == weights
        steps = [run for run in before["training"] if run["step"] != "judge"]
        assert measured["training"] == steps
        assert measured["data"]["handwriting"] == before["data"]["handwriting"] != []
        bundle = read_bundle(folder)
        assert bundle.name == name and "lowest.png" in bundle.files
        if judge is None:
            assert list(measured["retrieval"]) == ["kana", "kana of Hand Regular"]
            assert "| kana of Hand Regular" in (folder / "README.md").read_text("utf-8")
    assert measured["judge"] == "jis1-reader"
    assert measured["generation"]["asked"]["kana"]["images"] == 1


def check_yardsticks(measured, card):
    """Each writer and font is in the figures and on the card, clean and as a scan."""
    rows = [r for r in measured["yardsticks"]["sources"] if r["script"] == "all"]
    places = {(row["test"], row["source"]) for row in rows}
    assert places == {
        *(("others.json", "not first"), ("others.json", "not second")),
        ("fonts", "Hand Regular"),
    }
    assert len(rows) == 6 and {row["look"] for row in rows} == {"clean", "scan"}
    for test, source in places:
        assert len(re.findall(rf"\| {test} +\| {source} +\| +6 \|", card)) == 2
    assert "the glyphs of 1 other fonts as hands" in card
    assert "4 in others.json" not in card and "1 fonts in the place of hands" in card


@pytest.mark.parametrize("name", ["jis1-reader", "jis1-clip"])
def test_what_is_no_test_is_refused_before_a_training(
    make, trainings, tmp_path, tiny_font, name
):
    traced = tmp_path / "traced.json"
    traced.write_text('{"あ": ["kanjicanvas/1.png"]}', encoding="utf-8")
    with pytest.raises(InputError, match="is of KLEIN, whose hand was traced over Kan"):
        make(name, test=[str(traced)])
    with pytest.raises(InputError, match="IPAexGothic Regular is a font of --fonts, t"):
        make(name, test_fonts=[str(tiny_font)])
    assert not trainings and not (tmp_path / "zoo").exists()


def test_other_formats_and_cards_are_made_again(make, trainings, capsys):
    folder = make("jis1-reader")
    stored = (folder / "model.keras").read_bytes()
    (folder / "README.md").write_text("old", encoding="utf-8")
    asked = refresh.Settings(models=str(folder.parent))
    refresh.main(asked)
    assert f"{folder}, keras: differs from the Keras" in capsys.readouterr().out
    assert (folder / "model.keras").read_bytes() == stored
    card = (folder / "README.md").read_text("utf-8")
    assert "pipeline_tag: image-classification" in card and "# jis1-reader: " in card
    assert {"measured.json", "lowest.png"} <= {*read_bundle(folder).files}

    (folder / "README.md").write_text("old", encoding="utf-8")
    named = {"models": str(folder.parent), "name": "jis1-reader"}
    refresh.main(refresh.Settings(**named, cards_only=True))
    assert (folder / "README.md").read_text("utf-8") == card
    assert capsys.readouterr().out == ""

    (folder / "model.keras").write_bytes(stored[:-9])
    with pytest.raises(InputError, match="is not the file that model.json lists; make"):
        refresh.main(refresh.Settings(**named))
    assert not [*folder.parent.glob(".*")]
    for name, message in (("jis2", "there is no model .*jis2; check"), (None, "holds")):
        models = str(folder.parent if name else folder)
        with pytest.raises(InputError, match=message):
            refresh.Settings(models=models, name=name)


def test_what_onnx_needs_is_told_before_the_trainings(make, trainings, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None)
    with pytest.raises(InputError, match="--format=onnx needs onnx, onnxruntime, tf2"):
        make("jis1-reader")
    assert not trainings


def test_a_training_that_fails_or_is_stopped_is_named(make, monkeypatch, tmp_path):
    def end(code):
        def start(command, log):
            return code

        monkeypatch.setattr(flags.process, "run", start)

    end(2)
    with pytest.raises(InputError, match="The training encoder ended with 2"):
        make("jis1-clip")
    end(130)
    with pytest.raises(Stopped, match="encoder was stopped; the same command"):
        make("jis1-clip")
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"run_dir": None}, "--run_dir is needed"),
        ({"test": []}, "--test is needed"),
        ({"fonts": []}, "--fonts is needed: the training reader"),
        ({"hand_fonts": []}, "--hand_fonts is needed: the training hands"),
        ({"measure_only": True, "fonts": []}, "--fonts is needed: those of the tra"),
        ({"measure_only": True}, "--measure_only: .* has no measured.json; make the"),
        ({"judge": "no such"}, "--judge: no such holds no recogniser; give its file"),
        ({"steps_scale": 0.0}, "--steps_scale is 0.0; give a number above 0"),
    ],
)
def test_mistakes_get_one_sentence(make, trainings, values, message):
    with pytest.raises(InputError, match=message):
        make("jis1-reader", **values)
    assert not trainings


def test_a_folder_that_is_no_model_is_left_alone(make, trainings, tmp_path):
    (tmp_path / "saved" / "jis1-reader").mkdir(parents=True)
    with pytest.raises(InputError, match="exists and is no model; move it away"):
        make("jis1-reader")
    assert not trainings


def test_the_name_needs_no_flag():
    command = [sys.executable, "-m", "experiments.reproduce"]
    done = subprocess.run([*command, "jis1-reader"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: --test is needed: manifest of writers")
    done = subprocess.run([*command, "jis2"], capture_output=True, text=True)
    assert done.returncode == 2 and "jis1-generator" in done.stderr
    assert len(done.stderr.splitlines()) == 1
