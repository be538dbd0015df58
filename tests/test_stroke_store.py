"""The stroke store: tracks go in and come out, and damage is noticed."""

import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    FITTED,
    ONLINE,
    SIMULATED,
    ImageStore,
    StrokeStore,
    StrokeStoreWriter,
)
from hwgen_keras.data.stroke_store import pack
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, Track

pytestmark = pytest.mark.backend_free

KANA = CharacterSet("three", "あいう")
LARGEST_ERROR = 1 / 2**14


def numbers(width):
    return st.floats(-width, width, width=32)


def track_of(character, count, points=4, seed=0):
    rng = np.random.default_rng(seed)
    shape = 2 * count - 1, points
    return Track(character, rng.random((*shape, 2)), rng.uniform(-0.01, 0.05, shape))


tracks = st.tuples(st.sampled_from("あいう"), st.integers(1, 4)).flatmap(
    lambda drawn: st.builds(
        Track,
        st.just(drawn[0]),
        arrays(np.float32, (2 * drawn[1] - 1, 5, 2), elements=numbers(3.5)),
        arrays(np.float32, (2 * drawn[1] - 1, 5), elements=numbers(0.25)),
    )
)
rows = st.tuples(
    tracks,
    st.sampled_from(["甲", "乙 丙", ""]),
    st.sampled_from([ONLINE, FITTED, SIMULATED]),
    st.sampled_from(["MIT", ""]),
)


def write(path, added, characters=KANA, points=5):
    with StrokeStoreWriter(path, characters, points) as writer:
        for row in added:
            writer.add(*row)
    return StrokeStore.open(path)


def check_same(store, added):
    """The store has the rows, in their order."""
    assert len(store) == len(added)
    for index, (track, source, kind, licence) in enumerate(added):
        read, number = store.track(index), store.sources[index]
        assert read.character == track.character
        assert (store.source_names[number], store.licences[number]) == (source, licence)
        assert (store.kinds[index], store.stroke_counts[index]) == (kind, track.n)
        limits = {"atol": LARGEST_ERROR * 1.01, "rtol": 0}
        np.testing.assert_allclose(read.points, track.points, **limits)
        radii = np.maximum(track.radii, 0)
        limits["atol"] = 2 * LARGEST_ERROR
        np.testing.assert_allclose(read.radii, radii, **limits)
        np.testing.assert_array_equal(read.radii > 0, track.radii > 0)


@settings(deadline=None, max_examples=50)
@given(st.lists(rows, min_size=1, max_size=5), st.lists(rows, min_size=1, max_size=5))
def test_what_is_written_is_read_merged_and_saved(first, second):
    with tempfile.TemporaryDirectory() as folder:
        one, two = (
            write(pathlib.Path(folder, f"{name}.store"), added)
            for name, added in (("一 つ", first), ("2", second))
        )
        one.verify()
        check_same(one, first)
        both = StrokeStore.merge([one, two, one])
        check_same(both, [*first, *second, *first])
        both.save(pathlib.Path(folder, "deeper", "all.store"))
        read = StrokeStore.open(pathlib.Path(folder, "deeper", "all.store"))
        read.verify()
        check_same(read, [*first, *second, *first])
        reverse = np.arange(len(read))[::-1]
        check_same(read.select(reverse), [*first, *second, *first][::-1])


def test_what_is_read_and_saved_again_stays_the_same(tmp_path):
    store = write(tmp_path / "a.store", [(track_of("あ", 3, 5), "w", ONLINE, "MIT")])
    assert pack(store.track(0)) == store.records[0]


def test_decode_fills_up_with_lifted_lines():
    drawn = [track_of("あ", 2), track_of("い", 1, seed=1), track_of("う", 3, seed=2)]
    store = StrokeStore.of_tracks(drawn, ["a", "b", "a"], FITTED)
    points, radii = store.decode([1, 0, 2, 1])
    assert points.shape == (4, 5, 4, 2) and points.dtype == np.float32
    assert not points[0, 1:].any() and not radii[0, 1:].any()
    np.testing.assert_array_equal(points[0], points[3])
    for row, index in enumerate([1, 0, 2]):
        track = store.track(index)
        np.testing.assert_array_equal(points[row, : 2 * track.n - 1], track.points)
        np.testing.assert_array_equal(radii[row, : 2 * track.n - 1], track.radii)
    # The last track alone is read at the end of the block.
    assert store.select([2]).decode(0)[0].shape == (1, 5, 4, 2)
    assert store.decode([])[0].shape[0] == 0


def test_find_relabel_and_kinds():
    drawn = [track_of(character, 1) for character in "あいあう"]
    store = StrokeStore.of_tracks(drawn, ["a", "b", "b", "b"], ONLINE, {"a": "MIT"})
    assert store.licences == ("MIT", "")
    assert store.find("あ").tolist() == [0, 2]
    assert store.find("あ", "b").tolist() == [2]
    other = store.relabel(CharacterSet("two", "うあ"))
    assert other.labels.tolist() == [1, 1, 0] and other.licences == store.licences
    assert (store.as_kind(SIMULATED).kinds == SIMULATED).all()
    with pytest.raises(InputError, match="no font or writer 'c'"):
        store.find(source="c")
    with pytest.raises(InputError, match="No track"):
        store.relabel(CharacterSet("other", "漢"))


def test_sources_of_other_licences_stay_apart():
    one, two = (
        StrokeStore.of_tracks([track_of("あ", 1)], ["w"], ONLINE, {"w": licence})
        for licence in ("MIT", "CC BY 4.0")
    )
    merged = StrokeStore.merge([one, two])
    assert merged.source_names == ("w", "w")
    assert merged.licences == ("MIT", "CC BY 4.0")


def test_stores_that_cannot_be_merged():
    one = StrokeStore.of_tracks([track_of("あ", 1)], ["w"], ONLINE)
    more = StrokeStore.of_tracks([track_of("あ", 1, 7)], ["w"], ONLINE)
    with pytest.raises(InputError, match="numbers of points .*4 and 7 points a line"):
        StrokeStore.merge([one, more])
    with pytest.raises(InputError, match="different character sets"):
        StrokeStore.merge([one, one.relabel(KANA)])
    with pytest.raises(InputError, match="a list of StrokeStore"):
        StrokeStore.merge([3])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([], [], ONLINE), "0 tracks and 0 sources"),
        (([track_of("あ", 1)], [], ONLINE), "1 tracks and 0 sources"),
        (([3], ["w"], ONLINE), "tracks has 3"),
        (([track_of("あ", 1), track_of("い", 1, 9)], ["w"] * 2, ONLINE), "4 to 9"),
        (([track_of("あ", 1)], ["w"], 3), "kinds .* from 0 to 2"),
    ],
)
def test_tracks_that_make_no_store(arguments, told):
    with pytest.raises(InputError, match=told):
        StrokeStore.of_tracks(*arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((track_of("漢", 1), "w", ONLINE, ""), "'漢' is not in"),
        ((track_of("あ", 1, 9), "w", ONLINE, ""), "9 points a line; all of .* have 4"),
        ((track_of("あ", 1), "w", 3, ""), "kind of the track of あ by w is 3"),
    ],
)
def test_tracks_that_cannot_be_added(tmp_path, arguments, told):
    with (
        pytest.raises(InputError, match=told),
        StrokeStoreWriter(tmp_path / "a.store", KANA, 4) as writer,
    ):
        writer.add(track_of("い", 1), "w", ONLINE, "")
        writer.add(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_tracks(tmp_path):
    with pytest.raises(InputError, match="no track for the store .*a.store"):
        with StrokeStoreWriter(tmp_path / "a.store", KANA, 4):
            pass
    assert list(tmp_path.iterdir()) == []


def test_columns_that_do_not_fit():
    record = pack(track_of("あ", 1))
    columns = [0], [0], [ONLINE], ["w"], KANA
    with pytest.raises(InputError, match="1 sources and 0 licences"):
        StrokeStore([record], *columns, 4, [])
    with pytest.raises(InputError, match="not of 5 points a line"):
        StrokeStore([record], *columns, 5, ["MIT"])
    with pytest.raises(InputError, match="not of 4 points a line"):
        StrokeStore([record * 2], *columns, 4, ["MIT"])


def test_a_store_of_another_kind_is_named(tmp_path):
    path = tmp_path / "a.store"
    write(path, [(track_of("あ", 3, 5), "w", ONLINE, "MIT")])
    with pytest.raises(InputError, match="not an image store; it is a stroke store"):
        ImageStore.open(path)
    path.write_bytes(path.read_bytes().replace(b"stroke store 1", b"stroke store 8", 1))
    with pytest.raises(InputError, match="stroke store .*a.store has version 8"):
        StrokeStore.open(path)
    with pytest.raises(InputError, match="stroke store .*none.store cannot be opened"):
        StrokeStore.open(tmp_path / "none.store")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "a.store"
    write(path, [(track_of(c, 2, 5), "w", ONLINE, "MIT") for c in "あいう"])
    return path.read_bytes()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_any_damage_is_noticed(saved, data):
    position = data.draw(st.integers(0, len(saved) - 1))
    byte = data.draw(st.integers(0, 255))
    cut = data.draw(st.booleans())
    damaged = saved[:position] + (b"" if cut else bytes([byte]) + saved[position + 1 :])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "damaged.store")
        path.write_bytes(damaged)
        if damaged == saved:
            assert len(StrokeStore.open(path)) == 3
        else:
            with pytest.raises(InputError, match="damaged.store"):
                StrokeStore.open(path).verify()


def test_the_error_of_the_disk_is_less_than_a_hundredth_of_a_pixel():
    track = PenWriter(2).track("鬱")
    read = StrokeStore.of_tracks([track], ["pen"], SIMULATED).track(0)
    assert np.abs(read.points - track.points).max() * 64 < 0.005
    np.testing.assert_array_equal(read.inked, track.inked)
