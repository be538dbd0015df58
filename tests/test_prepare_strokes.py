"""prepare_strokes: what it matches, what it refuses and why, and resuming."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from experiments import prepare_strokes
from experiments import strokes as parts
from hwgen_keras import parallel
from hwgen_keras.data import ONLINE, SIMULATED, StrokeStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 1)


def written(character):
    """The strokes of a character in another unit, as lists."""
    return [(200 * line + 30).tolist() for line in strokes(character, 20)]


@pytest.fixture
def online(tmp_path):
    """A file of two writers: good samples, and such as have a fault."""
    line = [[10, 240], [240, 260], [10, 280], [240, 290]]
    first = {c: written(c) for c in "あ永口三"}
    left, corner, bottom = written("口")
    second = {
        "口": [[*left], [*corner], [*bottom, *bottom[::-1], *bottom]],
        "三": [*written("三"), line],  # a stroke too many
        "永": written("口"),
        "ﬀ": [line],
        "二": [[*written("二")[0], *written("二")[1]]],
        "一": [],
    }
    path = tmp_path / "手 1.json"
    text = json.dumps({"花子": first, "太郎": second}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def prepare(tmp_path, **values):
    settings = prepare_strokes.Settings(output=str(tmp_path / "出力"), **values)
    return prepare_strokes.main(settings)


def test_matches_and_reports(tmp_path, online, capsys):
    path = prepare(tmp_path, online=[str(online)], licence=["手 1.json=MIT"])
    assert path == tmp_path / "出力" / "strokes.store"
    printed = capsys.readouterr().out
    assert "6 samples were matched, 4 refused." in printed
    assert "1 of the matched have strokes that were written as one." in printed
    assert "6 tracks of 2 writers. Saved" in printed and "No licence" not in printed
    refused = (path.parent / "refused.txt").read_text("utf-8").splitlines()
    assert len(refused) == 4
    for place, why in (
        ("太郎/三", "1 of its strokes are none of KanjiVG's"),
        ("太郎/永", "of its box from KanjiVG"),
        ("太郎/ﬀ", "KanjiVG has no strokes for ﬀ"),
        ("太郎/一", "it has no strokes"),
    ):
        (line,) = (line for line in refused if place in line)
        assert why in line and line.startswith(str(online))
    store = StrokeStore.open(path)
    store.verify()
    assert (store.kinds == ONLINE).all() and set(store.licences) == {"MIT"}
    assert store.points == 24 and store.source_names == ("花子", "太郎")
    (index,) = store.find("永", "花子")
    np.testing.assert_allclose(store.track(index).strokes, strokes("永", 24), atol=0.01)
    (index,) = store.find("二", "太郎")
    assert store.track(index).joined.all()
    for name in ("matched.png", "refused.png"):
        with Image.open(path.parent / "sheets" / name) as sheet:
            assert sheet.mode == "RGB"
    assert not (path.parent / "parts").exists()


def test_settings_reach_the_tracks(tmp_path, online):
    (tmp_path / "kana.txt").write_text("あ\n三\nん\n", encoding="utf-8")
    values = {"characters": str(tmp_path / "kana.txt"), "points": 9, "radius": 0.03}
    path = prepare(tmp_path, online=[str(online)], **values)
    store = StrokeStore.open(path)
    assert len(store) == 2 and store.points == 9 and len(store.characters) == 3
    np.testing.assert_allclose(store.track(0).radii[0], 0.03, atol=1e-4)
    assert "永 is not in the set" in (path.parent / "refused.txt").read_text("utf-8")


def test_simulated_writers_are_those_of_their_seeds(tmp_path, online, capsys):
    (tmp_path / "kana.txt").write_text("あ\nﬀ\n", encoding="utf-8")
    characters = str(tmp_path / "kana.txt")
    path = prepare(tmp_path, simulated_writers=2, characters=characters)
    assert "matched" not in capsys.readouterr().out
    store = StrokeStore.open(path)
    assert (store.kinds == SIMULATED).all() and len(store) == 2
    assert store.source_names == ("pen-0000", "pen-0001")
    assert "KanjiVG" in store.licences[0]
    expected = PenWriter(1).track("あ")
    np.testing.assert_allclose(store.track(1).points, expected.points, atol=1e-4)
    both = prepare_strokes.main(
        prepare_strokes.Settings(
            online=[str(online)],
            simulated_writers=1,
            output=str(tmp_path / "both"),
        )
    )
    kinds = StrokeStore.open(both).kinds.tolist()
    # The characters of the samples are those that KanjiVG has.
    assert kinds == [ONLINE] * 6 + [SIMULATED] * 5


def test_resumes_after_an_interruption(tmp_path, online, monkeypatch, capsys):
    values = {"online": [str(online)], "simulated_writers": 1}
    with monkeypatch.context() as patch:
        patch.setattr(parts.parts, "_SAMPLES", 4)
        patch.setattr(parts.parts, "simulate_part", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path, **values)
        folder = tmp_path / "出力"
        assert not (folder / "strokes.store").exists()
        assert len(list((folder / "parts").glob("online-*.json"))) == 3
        patch.setattr(parts.parts, "match_part", None)
        patch.undo()
    with monkeypatch.context() as patch:
        patch.setattr(parts.parts, "_SAMPLES", 4)
        patch.setattr(parts.parts, "match_part", None)  # is not called again
        assert len(StrokeStore.open(prepare(tmp_path, **values))) == 11
    capsys.readouterr()
    prepare(tmp_path, **values)
    assert "is complete already" in capsys.readouterr().out
    with pytest.raises(InputError, match="begun with other --points"):
        prepare(tmp_path, points=30, **values)


def interrupt(*_):
    raise KeyboardInterrupt


def test_without_a_match_the_file_tells_why(tmp_path, capsys):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"w": {"永": written("口")}}))
    with pytest.raises(InputError, match="none of the 1 samples .*refused.txt"):
        prepare(tmp_path, online=[str(path)])
    assert "No licence is known of" in capsys.readouterr().out
    assert not pathlib.Path(tmp_path, "出力", "strokes.store").exists()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "--online, --fit or --simulated_writers is needed"),
        ({"online": ["none.json"]}, "There is no file none.json"),
        ({"online": ["none.txt"]}, "none.txt is no file of online handwriting"),
        (
            {"online": ["a.json"], "licence": ["b.json=MIT"]},
            "--licence=b.json=…: neither --online nor --fit has",
        ),
        ({"online": ["a.json"], "licence": ["MIT"]}, "write it as NAME=LICENCE"),
        ({"simulated_writers": 1, "reader": "jis1-reader"}, "--reader reads fits"),
        ({"simulated_writers": 1, "kanji_each": 3}, "--kanji_each chooses images"),
        ({"simulated_writers": 1, "points": 1}, "--points is 1"),
        ({"simulated_writers": 1, "radius": 0.0}, "--radius is 0"),
    ],
)
def test_mistakes(tmp_path, values, told):
    with pytest.raises(InputError, match=told):
        prepare(tmp_path, **values)
    assert not (tmp_path / "出力" / "strokes.store").exists()
