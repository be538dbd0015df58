"""The script that reads yardsticks: each writer, font and look for itself."""

import csv
import json

import numpy as np
import pytest
from networks import BACKEND, draw_weights

import hwgen_keras as hw
from experiments import evaluate_classifier
from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.yardstick_reading import Answer
from hwgen_keras.models import Classifier, ImageEncoder

# Reading is the same on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

CHARACTERS = "あいカ力二"


@pytest.fixture(scope="module")
def data(tmp_path_factory, tiny_font):
    """Settings of a test by two writers, one font and a stroke store."""
    folder = tmp_path_factory.mktemp("yardsticks")
    (folder / "five.txt").write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    known = hw.CharacterSet("five", CHARACTERS)
    hands = hw.simulated_store([1, 2], known, 40, progress=False)
    hands.save(folder / "hands.store")
    tracks = [hw.PenWriter(3).track(c) for c in "あ力龘"[:2]]
    hw.StrokeStore.of_tracks(tracks, ["pen"] * 2, hw.SIMULATED).save(
        folder / "strokes.store"
    )
    reader = Classifier(ImageEncoder(widths=(8,)), 5, characters=CHARACTERS)
    reader.build()
    draw_weights(reader)
    reader.save(folder / "classifier.keras")
    return {
        "characters": str(folder / "five.txt"),
        "test": [f"ink={folder / 'hands.store'}"],
        "test_fonts": [str(tiny_font)],
        "test_strokes": [str(folder / "strokes.store")],
        "arm": [f"reader={folder / 'classifier.keras'}"],
        "image_size": 24,
        "cache": "",
    }


def run(data, output, **changes):
    settings = evaluate_classifier.Settings(**{**data, **changes}, output=str(output))
    return evaluate_classifier.main(settings)


def test_each_source_is_measured(data, tmp_path, capsys):
    run(data, output := tmp_path / "read", look=["clean,scan"], arm=data["arm"] * 2)
    rows = list(
        csv.DictReader((output / "yardsticks.csv").read_text("utf-8").splitlines())
    )
    assert len({row["source"] for row in rows}) == 4
    rows = json.loads((output / "yardsticks.json").read_text("utf-8"))["sources"]
    whole = [row for row in rows if row["script"] == "all" and row["run"] == 0]
    font = hw.find_fonts(data["test_fonts"])[0].name
    assert [
        (row["test"], row["look"], row["source"], row["images"]) for row in whole
    ] == [
        *(("ink", "clean", "pen-0001", 5), ("ink", "clean", "pen-0002", 5)),
        *(("ink", "scan", "pen-0001", 5), ("ink", "scan", "pen-0002", 5)),
        *(("fonts", "clean", font, 5), ("fonts", "scan", font, 5)),
        *(("strokes", "clean", "pen", 2), ("strokes", "scan", "pen", 2)),
    ]
    answers = csv.DictReader(
        (output / "reader-0/predictions.csv").read_text("utf-8").splitlines()
    )
    answers = [row for row in answers if (row["test"], row["look"]) == ("ink", "clean")]
    own = [row for row in answers if row["source"] == "pen-0001"]
    right = np.mean([row["true"] == row["predicted"] for row in own])
    assert whole[0]["read"] == right and own[1]["path"].endswith("hands.store#1")
    twins = {frozenset("カ力"), frozenset("い"), frozenset("あ"), frozenset("二")}
    alike = [any({r["true"], r["predicted"]} <= group for group in twins) for r in own]
    assert whole[0]["twins"] == np.mean(alike)
    printed = capsys.readouterr().out
    assert "pen-0002" in printed and font in printed and "Median" in printed
    page = (output / "yardsticks.html").read_text("utf-8")
    for words in ("the worst of ink, scan", "what is taken for what", "kanji alone"):
        assert words in page
    # The same test, read again, is the same.
    run(data, again := tmp_path / "again", look=["clean,scan"], arm=data["arm"] * 2)
    for name in ("yardsticks.csv", "yardsticks.html"):
        assert (output / name).read_bytes() == (again / name).read_bytes()


def test_the_same_kanji_of_every_source(data):
    settings = evaluate_classifier.Settings(**data, output="new", kanji_each=1, seed=2)
    tests = evaluation.load_yardsticks(
        settings,
        settings.tests,
        *(settings.test_fonts, settings.test_strokes, ["clean"]),
        *(settings.kanji_each, settings.seed),
    )
    shown = {
        test.source: {test.store.characters[k] for k in test.store.labels}
        for test in tests
    }
    del shown["pen"]
    (kanji,) = {frozenset(c & {*"力二"}) for c in shown.values()}
    assert len(kanji) == 1 and all({*"あいカ"} < found for found in shown.values())


def test_a_long_table_shows_the_worst(data):
    measures = dict.fromkeys(("low", "high", "first_five", "in_script", "twins"), 0.5)
    rows = [
        {"test": "ink", "look": "clean", "source": f"hand {k:02}", "script": "all"}
        | {"images": 9, "blank": 0, "read": k / 100, **measures}
        for k in range(40)[::-1]
    ]
    reading = evaluation.YardstickReading(rows, [], [], {})
    cells = evaluation.source_rows(rows * 2)
    assert cells[0][:6] == ["ink", "clean", "hand 39", 9, (39.0, 0.0), None]
    answer = Answer("", "あ", "い", 0.9, 0.1, "ink", "clean", "hand 1")
    text = evaluation.yardsticks_text("reader", [reading._replace(answers=[answer])])
    assert "hand 19" in text and "hand 20" not in text
    assert "20 sources that are read better are in yardsticks.csv" in text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"test": [], "test_fonts": [], "test_strokes": []}, "--test is needed: manif"),
        ({"look": ["dirty"]}, "--look: there is no 'dirty'; use clean, pen, scan"),
        ({"look": ["pen"], "test_strokes": []}, "--look=pen is for strokes, which"),
        ({"kanji_each": -1}, "--kanji_each is -1; give 0 or more"),
        ({"test": ["ink="]}, "--test=ink=: write it as NAME=PATH"),
    ],
)
def test_mistakes_get_one_sentence(data, tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        evaluate_classifier.Settings(**{**data, **values}, output=str(tmp_path / "new"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"test_fonts": ["nowhere"]}, "nowhere"),
        ({"characters": "kana", "test_fonts": []}, "outside the set kana"),
        ({"test_strokes": ["nowhere.store"]}, "nowhere.store"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_written(
    data, tmp_path, values, message
):
    with pytest.raises(InputError, match=message):
        run(data, tmp_path / "new", **values)
    assert not list(tmp_path.iterdir())
