"""Batches of tracks: shapes, determinism, what occurs, and mistakes."""

import numpy as np
import pytest

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import SIMULATED, StrokeBatches, StrokeStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, Track
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

TEXT = "あい永国一"
KNOWN = CharacterSet("five", TEXT)


@pytest.fixture(scope="module")
def store():
    """Three writers with five characters each; the first one is no more."""
    writers = [PenWriter(seed) for seed in range(4)]
    tracks = [w.track(c, points=6) for w in writers for c in TEXT]
    names = [w.name for w in writers for _ in TEXT]
    packed = StrokeStore.of_tracks(tracks, names, SIMULATED).relabel(KNOWN)
    return packed.select(packed.sources > 0)


def same(first, second):
    return all(
        np.array_equal(first[name], second[name])
        if name != "references"
        else same(first[name], second[name])
        for name in first
    )


def test_a_batch_holds_tracks_and_their_templates(store):
    batches = StrokeBatches(store, 4)
    assert len(batches) == 3
    found = set()
    for batch in batches.epoch(0):
        most = -(-batch["strokes"].max() // 4) * 4
        assert batch["points"].shape == (4, 2 * most - 1, 6, 2)
        assert batch["radii"].shape == batch["points"].shape[:-1]
        assert batch["template"].shape == (4, most, 6, 2)
        for row, label in enumerate(batch["label"]):
            character, count = KNOWN[label], batch["strokes"][row]
            template = strokes(character, 6)
            assert len(template) == count
            np.testing.assert_array_equal(
                batch["template"][row, :count], template.astype(np.float32)
            )
            assert batch["present"][row].sum() == 2 * count - 1
            assert not batch["radii"][row][~batch["present"][row]].any()
            name = store.source_names[batch["writer"][row]]
            (index,) = store.find(character, name)
            track = store.track(index)
            lines = batch["points"][row, : 2 * count - 1]
            np.testing.assert_array_equal(lines, track.points)
            found.add((character, name))
    assert len(found) == 12  # each once


def test_a_batch_has_like_numbers_of_strokes(store):
    spreads = [np.ptp(batch["strokes"]) for batch in StrokeBatches(store, 3).epoch(0)]
    assert np.mean(spreads) < 1


def test_batches_depend_on_the_seed_and_the_epoch_alone(store):
    arguments = {"batch_size": 5, "simulated_writers": 2, "references": 2}
    batches = StrokeBatches(store, **arguments)
    first, again, later = (list(batches.epoch(epoch)) for epoch in (3, 3, 4))
    other = list(StrokeBatches(store, seed=1, **arguments).epoch(3))
    assert all(map(same, first, again))
    assert not all(map(same, first, later)) and not all(map(same, first, other))


def test_simulated_writers_are_new_in_every_epoch(store):
    batches = StrokeBatches(store, 5, simulated_writers=3, characters_each=4)
    assert len(batches) == (15 + 12) // 5
    inks = []
    for epoch in range(2):
        rows = list(batches.epoch(epoch))
        writers = np.concatenate([batch["writer"] for batch in rows])
        new = writers >= len(store.source_names)
        assert 8 <= new.sum() <= 12 and writers.max() < len(store.source_names) + 3
        inks.append(sum(batch["radii"].sum() for batch in rows))
    assert inks[0] != inks[1]


def test_simulated_writers_may_stay_for_some_epochs(store):
    arguments = {"simulated_writers": 4, "characters_each": 5, "epochs_each": 2}
    batches = StrokeBatches(store, 1, **arguments)
    written = []
    for epoch in range(3):
        rows = [b for b in batches.epoch(epoch) if b["writer"] >= 4]
        inks = {(b["writer"].item(), b["label"].item()): b["radii"].sum() for b in rows}
        assert len(inks) == 20
        written.append(inks)
    same = [
        {w for w in range(4, 8) if all(a[w, c] == b[w, c] for c in range(5))}
        for a, b in zip(written, written[1:], strict=False)
    ]
    assert same == [{4, 6}, {5, 7}]
    # Begun at epoch 2, it is the same.
    again = list(StrokeBatches(store, 1, **arguments).epoch(2))
    last = [b["radii"].sum() for b in batches.epoch(2)]
    assert [b["radii"].sum() for b in again] == last


def test_without_a_store_all_writers_are_simulated():
    batches = StrokeBatches(
        None, 4, simulated_writers=2, characters=CharacterSet("a", "あﬀ永"), points=8
    )
    rows = list(batches.epoch(0))
    assert len(rows) == 1 and rows[0]["points"].shape[2:] == (8, 2)
    assert {*rows[0]["label"]} == {0, 2} and {*rows[0]["writer"]} == {0, 1}


def test_references_are_other_tracks_by_the_same_writer(store):
    for batch in StrokeBatches(store, 5, references=3).epoch(0):
        others = batch["references"]
        assert others["points"].shape[0] == 15
        np.testing.assert_array_equal(others["writer"], np.repeat(batch["writer"], 3))
        assert (others["label"] != np.repeat(batch["label"], 3)).all()


def test_a_single_track_is_its_own_reference():
    track = PenWriter(0).track("あ")
    store = StrokeStore.of_tracks([track], ["one"], SIMULATED)
    (batch,) = StrokeBatches(store, 1, references=2).epoch(0)
    np.testing.assert_array_equal(batch["references"]["points"][1], batch["points"][0])


def test_weights_say_what_occurs(store):
    weights = store.labels == KNOWN.index("永")
    batches = StrokeBatches(store, 8, weights=weights, rows_per_epoch=40)
    labels = [batch["label"] for batch in batches.epoch(0)]
    assert len(labels) == 5
    assert np.unique(labels).tolist() == [KNOWN.index("永")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"batch_size": 16}, "15 tracks, fewer than a batch of 16"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"epochs_each": 0}, "epochs_each is 0"),
        ({"references": -1}, "references is -1"),
        ({"store": 3}, "store is 3; give a StrokeStore"),
        ({"store": None}, "Without a store there are no tracks"),
        ({"points": 9}, "6 points a line, not 9"),
        ({"rows_per_epoch": 9}, "rows_per_epoch needs weights"),
        ({"weights": np.ones(3)}, "a number of 0 or more for each of the 15"),
        ({"weights": np.zeros(15)}, "no finite sum above 0"),
        (
            {
                "store": None,
                "simulated_writers": 1,
                "characters": CharacterSet("a", "ﬀ"),
                "points": 6,
            },
            "KanjiVG has no character of the set a",
        ),
    ],
)
def test_mistakes(store, changes, told):
    with pytest.raises(InputError, match=told):
        StrokeBatches(**{"store": store, "batch_size": 2} | changes)


def test_a_track_of_another_number_of_strokes_is_named():
    track = Track("永", np.full((3, 4, 2), 0.5), np.zeros((3, 4)))
    store = StrokeStore.of_tracks([track], ["one"], SIMULATED)
    with pytest.raises(InputError, match="Track 0 .* 2 strokes, and KanjiVG 5 for 永"):
        StrokeBatches(store, 1)
