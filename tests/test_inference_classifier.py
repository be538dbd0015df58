"""A loaded classifier reads images, among all of its characters or some."""

import keras
import numpy as np
import pytest
from networks import BACKEND, draw_weights, image_encoder

import hwgen_keras as hw
from hwgen_keras.errors import InputError
from hwgen_keras.inference import pictures
from hwgen_keras.models import Classifier

# Nothing here depends on the backend that the networks do not depend on.
pytestmark = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")

SIZE = 32


@pytest.fixture(scope="module")
def reader():
    model = Classifier(image_encoder(), 6)
    model.build()
    draw_weights(model)
    return model


def test_a_classifier_reads(reader, hand):
    loaded = hw.load(reader, characters=list("あいうかきく"), image_size=SIZE)
    characters, probabilities = loaded.read(hand, top_k=2, batch_size=4)
    assert probabilities.shape == (6, 2) and probabilities.dtype == np.float32
    logits = keras.ops.convert_to_numpy(reader(pictures.prepare(hand, SIZE)))
    best = ["あいうかきく"[k] for k in logits.argmax(axis=1)]
    assert [row[0] for row in characters] == best
    everything, odds = loaded.read(hand, top_k=100)
    assert odds.shape == (6, 6) and set(everything[0]) == set("あいうかきく")
    np.testing.assert_allclose(odds.sum(axis=1), 1, atol=1e-6)
    assert (np.diff(odds, axis=1) <= 0).all()
    with pytest.raises(InputError, match="top_k is 0; give a whole number of 1"):
        loaded.read(hand, top_k=0)
    with pytest.raises(InputError, match="does not name their characters; give"):
        hw.load(reader)


def test_a_classifier_reads_boxes(reader):
    loaded = hw.load(reader, characters=list("あいうっゃ。"), image_size=SIZE)
    scans = np.stack([hw.PenWriter(1).draw(c, 48) for c in "うっ。"])
    in_place = pictures.prepare(scans, SIZE, box_margin=0.08)
    answers = (
        loaded.read(scans, top_k=6),
        loaded.read(in_place[..., 0], top_k=6),
        loaded.read(scans, top_k=6, box_margin=0.08),
    )
    for enlarged, whole, both in zip(*map(dict_of_odds, answers), strict=True):
        assert sum(both.values()) == pytest.approx(1, abs=1e-5)
        assert [both[c] for c in "っゃ。"] == pytest.approx(
            [whole[c] for c in "っゃ。"]
        )
        ratio = both["あ"] / both["う"]
        assert ratio == pytest.approx(enlarged["あ"] / enlarged["う"], rel=1e-3)
    with pytest.raises(InputError, match="box_margin is 0.5; give None, or a number"):
        loaded.read(scans, box_margin=0.5)


class TestCandidates:
    """A classifier that chooses among some of its characters."""

    @pytest.fixture
    def loaded(self, reader):
        return hw.load(reader, characters=list("あいア亜ー5"), image_size=SIZE)

    @pytest.mark.parametrize(
        ("asked", "meant"),
        [("hiragna", "hiragana"), ("Kana", "kana"), ("JIS1", "jis1")],
    )
    def test_a_misspelt_name_does_not_stand_for_its_letters(
        self, loaded, hand, asked, meant
    ):
        with pytest.raises(InputError, match=f"is '{asked}'; write '{meant}' if you"):
            loaded.read(hand, characters=asked)

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("hiragana", "あい"),
            ("others", "ー5"),
            ("い亜い", "い亜"),
            (["５", "ア"], None),
            ("５ア", "ア5"),
            (["5", "ア"], "ア5"),
            (hw.CharacterSet("two", "亜あ"), "あ亜"),
            (None, "あいア亜ー5"),
        ],
    )
    def test_shares_are_those_among_them(self, loaded, hand, asked, expected):
        if expected is None:
            with pytest.raises(InputError, match="characters has '５', which The mo"):
                loaded.read(hand, characters=asked)
            return
        everything = loaded.read(hand, top_k=6)
        answer = loaded.read(hand, top_k=9, characters=asked)
        for row, all_odds in zip(*map(dict_of_odds, (answer, everything)), strict=True):
            assert set(row) == set(expected)
            whole = sum(all_odds[c] for c in expected)
            for character, share in row.items():
                assert share == pytest.approx(all_odds[character] / whole, rel=1e-4)

    def test_a_file_and_boxes(self, loaded, hand, tmp_path):
        (file := tmp_path / "some.txt").write_text("あ\nー\n", "utf-8")
        characters, odds = loaded.read(hand, characters=file, box_margin=0.08)
        assert {*"".join(map("".join, characters))} == {*"あー"}
        np.testing.assert_allclose(odds.sum(axis=1), 1, atol=1e-6)
        # Without those that keep their place, it is of no account.
        boxes = loaded.read(hand, characters="あい", box_margin=0.08)
        np.testing.assert_array_equal(boxes[1], loaded.read(hand, characters="あい")[1])

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            (
                "kana",
                "characters has 'う' and 88 others, which The model does not read",
            ),
            ("漢", "has '漢', which The model does not read; give some of its 6 char"),
            (["あい"], "characters has 'あい', which is not one character"),
            ("", "characters is empty; give at least one character"),
            (5, "characters is 5; give a string, or a list of characters"),
        ],
    )
    def test_what_it_does_not_read_is_named(self, loaded, hand, asked, message):
        with pytest.raises(InputError, match=message):
            loaded.read(hand, characters=asked)

    def test_a_script_that_it_does_not_read(self, reader, hand):
        loaded = hw.load(reader, characters=list("あいうえおか"), image_size=SIZE)
        with pytest.raises(InputError, match="characters: The model reads no kanji"):
            loaded.read(hand, characters="kanji")

    def test_what_is_impossible_is_equally_probable(self, loaded, hand, monkeypatch):
        def run(inputs):
            odds = np.tile([1.0, 0, 0, 0, 0, 0], (len(inputs["image"]), 1))
            return {"probabilities": odds}

        monkeypatch.setattr(loaded._engine, "run", run)
        _, odds = loaded.read(hand, characters="いア")
        np.testing.assert_array_equal(odds, 0.5)


def dict_of_odds(answer):
    """{character: probability} of each image."""
    return [dict(zip(*row, strict=True)) for row in zip(*answer, strict=True)]
