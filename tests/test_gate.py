"""What comes into a generated set, and what is drawn again."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scribe import CHARACTERS, Scribe, sampler, write
from test_generation import images_of, provenance

from hwgen_keras.errors import InputError
from hwgen_keras.generation import Gate, Reader, to_uint8
from hwgen_keras.generation.batches import Batches
from hwgen_keras.generation.gate import blank

pytestmark = pytest.mark.backend_free


def fickle(images, labels):
    """A reader whose scores are evenly spread, and follow from the image."""
    sums = images.reshape(len(images), -1).sum(axis=1, dtype=np.int64)
    return (sums * 7919 % 1000 / 1000).astype(np.float32)


def summary(folder):
    return json.loads((folder / "generation.json").read_text("utf-8"))


def check_counts(values, attempts):
    """What was asked for is there or was dropped; every rejection was counted."""
    for name, counts in [("all", values), *values["characters"].items()]:
        assert counts["rows"] == counts["images"] + counts["dropped"], name
    for key in ("rows", "images", "dropped"):
        assert values[key] == sum(c[key] for c in values["characters"].values())
    rejected = sum(values["rejected"].values())
    assert rejected == sum(attempts) + values["dropped"] * 3


def test_what_is_not_read_is_drawn_again(tmp_path):
    gate = Gate(fickle, 0.6, max_attempts=3)
    write(tmp_path / "set", count=10, gate=gate)
    rows, values = provenance(tmp_path / "set"), summary(tmp_path / "set")
    attempts = [int(row["attempt"]) for row in rows]
    assert set(attempts) == {0, 1, 2}
    assert all(float(row["score"]) >= 0.6 for row in rows)
    assert 0 < values["dropped"] < 30 and len(rows) == values["images"]
    check_counts(values, attempts)
    assert values["rejected"]["blank"] == values["rejected"]["duplicate"] == 0
    # Each image is that of its row at its attempt, and the earlier ones do not pass.
    drawn = sampler(10)
    with ThreadPoolExecutor(1) as pool:
        batches = Batches(Scribe(), drawn, 1, pool)

        def scores(row, attempt):
            ((_, _, inputs),) = batches.of([np.array([row])], attempt)
            return fickle(to_uint8(Scribe().predict_on_batch(inputs)), None)[0]

        for row in rows[:12]:
            found = [scores(int(row["row"]), a) for a in range(int(row["attempt"]) + 1)]
            assert found[-1] == pytest.approx(float(row["score"]), abs=1e-6)
            assert all(score < 0.6 for score in found[:-1])


@pytest.mark.parametrize("form", ["png", "store"])
def test_redrawn_images_are_the_same_whatever_the_batches(form, tmp_path):
    gate = Gate(fickle, 0.5, reject_duplicates=True, max_attempts=3)
    write(tmp_path / "whole", count=6, gate=gate, batch_size=64, form=form)
    write(tmp_path / "parts", count=6, gate=gate, batch_size=3, threads=3, form=form)
    assert images_of(tmp_path / "whole") == images_of(tmp_path / "parts")


def test_scores_alone_reject_nothing(tmp_path):
    write(tmp_path / "plain")
    write(tmp_path / "read", gate=Gate(fickle))
    plain, read = provenance(tmp_path / "plain"), provenance(tmp_path / "read")
    assert all(row["score"] for row in read)
    assert [{**row, "score": ""} for row in read] == plain


def test_near_duplicates_within_a_character_are_rejected(tmp_path):
    copies = Scribe(("content",))  # three fonts, three images of a character
    for batch_size in (2, 64):
        folder = tmp_path / f"{batch_size}"
        gate = Gate(reject_duplicates=True, max_attempts=3)
        # Glyphs as the fonts have them, whoever's hand it is.
        arguments = {"follow_forms": False, "batch_size": batch_size}
        write(folder, copies, count=9, gate=gate, part_rows=20, **arguments)
        rows, values = provenance(folder), summary(folder)
        for character in CHARACTERS:
            fonts = [row["font"] for row in rows if row["character"] == character]
            assert 1 <= len(fonts) == len(set(fonts)) <= 3
        assert values["rejected"]["duplicate"] > 100
        check_counts(values, [int(row["attempt"]) for row in rows])
    assert images_of(tmp_path / "2") == images_of(tmp_path / "64")


def test_blank_images_are_always_rejected(tmp_path):
    def fade(images, inputs):
        # あ is paper, い no number.
        labels = inputs["label"].reshape(-1, 1, 1, 1)
        return np.where(labels == 0, 0.99, np.where(labels == 1, np.nan, images))

    generator = Scribe(("content", "style", "noise", "label"), change=fade)
    write(tmp_path / "set", generator, gate=Gate(max_attempts=3), form="store")
    values = summary(tmp_path / "set")
    assert values["dropped"] == 6 and values["rejected"]["blank"] == 18
    assert values["characters"]["あ"]["images"] == 0
    assert {row["character"] for row in provenance(tmp_path / "set")} == set("うかきく")


def test_a_set_of_which_nothing_passes_is_reported(tmp_path):
    with pytest.raises(InputError, match=r"No image passed in 2 .*36 unread"):
        write(tmp_path / "set", gate=Gate(fickle, 1.0, max_attempts=2))
    assert list(tmp_path.iterdir()) == []


def test_a_score_that_is_no_number_does_not_pass(tmp_path):
    gate = Gate(lambda images, labels: np.full(len(images), np.nan), 0.0)
    with pytest.raises(InputError, match="No image passed"):
        write(tmp_path / "set", gate=gate)


def test_another_gate_is_another_job(tmp_path):
    write(tmp_path / "set", gate=Gate(fickle, 0.1))
    with pytest.raises(InputError, match="holds another set"):
        write(tmp_path / "set", gate=Gate(fickle, 0.2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_score": 0.5}, "needs a reader"),
        ({"reader": fickle, "min_score": 1.5}, "lowest score is 1.5"),
        ({"max_attempts": 0}, "0 attempts"),
    ],
)
def test_a_gate_that_cannot_be_is_reported(values, message):
    with pytest.raises(InputError, match=message):
        Gate(**values)


def test_blank_is_next_to_no_ink():
    images = np.full((4, 32, 32), 255, np.uint8)
    images[1] = 240  # a veil
    images[2, 16, 16] = 0  # a speck
    images[3, 10:13, 10:13] = 0  # a dot
    assert blank(images).tolist() == [True, True, True, False]


def test_a_reader_gives_the_probability_of_the_label():
    class Classifier:
        def predict_on_batch(self, images):
            assert images.shape == (4, 8, 8, 1) and images.dtype == np.float32
            logits = np.zeros((4, 3), np.float32)
            logits[:, 1] = images.mean(axis=(1, 2, 3))
            return logits

        def get_weights(self):
            return [np.zeros(2)]

    greys = np.array([0, 255, 0, 255, 255, 0])
    images = np.broadcast_to(greys[:, None, None], (6, 8, 8)).astype(np.uint8)
    scores = Reader(Classifier(), batch_size=4)(images, np.array([1, 1, 0, 0, 1, 2]))
    e = np.e
    expected = [1 / (1 + 2 * e), e / (e + 2), e / (1 + 2 * e), 1 / (e + 2)]
    expected += [e / (e + 2), e / (1 + 2 * e)]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert len(Reader(Classifier()).digest()) == 64
