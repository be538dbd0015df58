"""What is measured of a writer or a font, and how tests are named and looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwgen_keras as hw
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.looked import looked_store
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.settings import named_tests
from hwgen_keras.evaluation.source_measures import (
    confusions,
    join,
    judge,
    source_measures,
)

pytestmark = pytest.mark.backend_free

KNOWN = "あカ力ニ二x"


def scores_of(*answers):
    """Logits; each answer is the characters in the order of their scores."""
    rows = [[-float(answer.index(c)) for c in KNOWN] for answer in answers]
    return np.array(rows)


def test_each_image_is_judged():
    written = "カカ力xあ"
    labels = [KNOWN.index(c) for c in written]
    orders = ("カ力あニ二x", "力カあニ二x", "二あニカ力x", "あカ力ニ二x", "x二ニ力カあ")
    judged = judge(scores_of(*orders), labels, KNOWN)
    assert "".join(KNOWN[k] for k in judged.predicted) == "カ力二あx"
    assert judged.rank.tolist() == [1, 2, 5, 6, 6]
    # 力 stands above カ alone, which is no katakana; above 力 stands 二, a kanji.
    assert judged.in_script.tolist() == [True, True, False, True, True]
    assert judged.twins.tolist() == [True, True, False, False, False]
    shares = np.exp(-np.arange(6.0)) / np.exp(-np.arange(6.0)).sum()
    np.testing.assert_allclose(judged.probability, shares[0])
    np.testing.assert_allclose(judged.true_probability, shares[judged.rank - 1])

    found = source_measures(judged, KNOWN)
    assert list(found) == ["all", "hiragana", "katakana", "kanji", "others"]
    assert found["all"]["images"] == 5 and found["katakana"]["images"] == 2
    row = found["all"]
    shares = [row[name] for name in ("read", "first_five", "in_script", "twins")]
    assert shares == [0.2, 0.6, 0.8, 0.4]
    assert found["katakana"]["read"] == 0.5 and found["katakana"]["twins"] == 1
    # Wilson's interval of 1 of 5.
    assert row["low"] == pytest.approx(0.0362, abs=1e-4)
    assert row["high"] == pytest.approx(0.6245, abs=1e-4)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(KNOWN) - 1),
            st.lists(st.floats(-50, 50), min_size=len(KNOWN), max_size=len(KNOWN)),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 5),
)
@settings(deadline=None, max_examples=50)
def test_more_is_read_where_more_is_allowed(rows, size):
    labels, scores = zip(*rows, strict=True)
    whole = judge(scores, labels, KNOWN)
    starts = range(0, len(rows), size)
    parts = (judge(scores[k : k + size], labels[k : k + size], KNOWN) for k in starts)
    for column, expected in zip(join(parts), whole, strict=True):
        np.testing.assert_array_equal(column, expected)
    for row in source_measures(whole, KNOWN).values():
        for name in ("first_five", "in_script", "twins"):
            assert row[name] >= row["read"]
        assert row["low"] <= row["read"] <= row["high"]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros((2, 5)), r"shape \(2, 5\); give \(2, 6\), a row an image"),
        (np.full((2, 6), np.nan), "The scores are not all finite numbers"),
    ],
)
def test_wrong_scores_are_refused(scores, message):
    with pytest.raises(InputError, match=message):
        judge(scores, [0, 1], KNOWN)


def test_the_most_frequent_confusions_come_first():
    found = confusions("カカカ木あ", "力木力木い", ["one", "one", "two", "one", "two"])
    assert [tuple(row.values()) for row in found] == [
        ("カ", "力", 2, 3, 2, True),
        ("あ", "い", 1, 1, 1, False),
        ("カ", "木", 1, 3, 1, False),
    ]


def test_tests_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.json").touch()
    texts = ["ink=one.json", "two.json", "folder/", "ink=other.store", "a=b.json"]
    assert named_tests([*texts, "d/x=y.json"]) == {
        "ink": ["one.json", "other.store"],
        "two": ["two.json"],
        "folder": ["folder/"],
        "a=b": ["a=b.json"],
        "x=y": ["d/x=y.json"],
    }
    with pytest.raises(InputError, match="--test=ink=: write it as NAME=PATH"):
        named_tests(["ink="])


class TestLooks:
    """A look is decided by the writer, the character and its number alone."""

    look = hw.Look("scan", seed=3)
    known = CharacterSet("four", "あっ永、")

    def test_of_images(self):
        store = hw.simulated_store([1, 2], self.known, 48, samples=2, progress=False)
        looked, blank = looked_store(store, self.look, 32, workers=1)
        assert looked.image_size == 32 and not blank.any()
        np.testing.assert_array_equal(looked.labels, store.labels)
        assert looked.source_names == store.source_names
        images = looked.decode(np.arange(len(looked)))
        # Two samples of a character are two scans.
        assert len({image.tobytes() for image in images}) == len(images)
        # っ keeps its size.
        assert images[2][:8].min() > images[0][:8].min()
        part = store.select(store.find("永", "pen-0002"))
        again, _ = looked_store(part, self.look, 32, workers=1)
        expected = images[looked.find("永", "pen-0002")]
        np.testing.assert_array_equal(again.decode([0, 1]), expected)
        other, _ = looked_store(part, hw.Look("scan", seed=4), 32, workers=1)
        assert (other.decode([0, 1]) != expected).any()

    def test_of_strokes(self):
        tracks = [hw.PenWriter(1).track(c) for c in "あ永"]
        store = hw.StrokeStore.of_tracks(tracks, ["one", "one"], hw.SIMULATED)
        found = {}
        for name in ("clean", "pen", "scan"):
            looked, _ = looked_store(store, hw.Look(name, seed=5), 32, workers=1)
            found[name] = looked.decode([0, 1])
            # The ink fills the square.
            ink = found[name][0] < 200
            assert max(np.ptp(np.nonzero(ink), axis=1)) >= 30
        assert (found["clean"] != found["pen"]).any()
        assert (found["pen"] != found["scan"]).any()

    def test_what_is_blank_is_told(self, monkeypatch):
        store = hw.simulated_store([1], self.known, 48, progress=False)

        def scan(look, image, *place):
            return np.full_like(image, 255) if place[1] == ord("永") else image

        monkeypatch.setattr(hw.Look, "scan", scan)
        looked, blank = looked_store(store, self.look, 32, workers=1)
        assert blank.tolist() == [False, False, True, False]
        assert (looked.decode([2]) == 255).all()
