"""Manifests: what is read, what is refused, and splits by writer."""

import json
import pathlib
import tempfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import small_store

from hwgen_keras.data import Sample, read_manifest, split_by_writer, write_manifest
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


def write(folder, entries, files=("a.png", "b.png")):
    for name in files:
        (folder / name).touch()
    path = folder / "list.json"
    text = entries if isinstance(entries, str) else json.dumps(entries)
    path.write_text(text, encoding="utf-8")
    return path


def test_both_forms_of_a_sample_are_read_in_order(tmp_path):
    path = write(tmp_path, {"い": ["b.png"], "あ": [{"path": "a.png", "writer": "w"}]})
    assert read_manifest(path) == [
        Sample("い", tmp_path / "b.png", ""),
        Sample("あ", tmp_path / "a.png", "w"),
    ]


def test_the_manifest_of_the_fixture(manifest, characters):
    samples = read_manifest(manifest, characters)
    assert len(samples) == 12
    assert {sample.writer for sample in samples} == {"first", "second"}


@pytest.mark.parametrize(
    ("pattern", "writer"), [(r"w(\d+)", "07"), (r"w\d+", "w07"), (r"x(\d)", "anyone")]
)
def test_a_pattern_finds_the_writer(tmp_path, pattern, writer):
    path = write(tmp_path, {"あ": ["w07.png"]}, ["w07.png"])
    (sample,) = read_manifest(path, writer_pattern=pattern, writer="anyone")
    assert sample.writer == writer


def test_a_named_writer_goes_before_the_pattern(tmp_path):
    path = write(tmp_path, {"あ": [{"path": "a.png", "writer": "named"}]})
    (sample,) = read_manifest(path, writer_pattern="a", writer="other")
    assert sample.writer == "named"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("{", "cannot be read as JSON"),
        ('{"あ": ["a.png"], "あ": ["b.png"]}', "あ more than once"),
        ("[" * 100_000, "cannot be read as JSON"),
        ([], "not a JSON object"),
        ({"ab": ["a.png"]}, "not one character: ab"),
        ({"": ["a.png"]}, "not one character"),
        ({"あ": "a.png"}, "a list of samples"),
        ({"あ": []}, "no image for あ"),
        ({"あ": [3]}, "a sample of あ"),
        ({"あ": [""]}, "a sample of あ"),
        ({"あ": [{"writer": "w"}]}, "a sample of あ"),
        ({"あ": [{"path": "a.png", "writer": 3}]}, "a sample of あ"),
        ({"あ": [{"path": "a.png", "hand": "w"}]}, "a sample of あ"),
        ({"あ": ["a\0.png"]}, "a sample of あ"),
        ({"あ": ["a.png", "c.png"]}, "do not exist: .*c.png"),
        ({"あ": ["x" * 5000]}, "do not exist"),
        ({"あ": ["\ud800.png"]}, "do not exist"),
        ({"あ": ["\ud800.store#1"]}, "do not exist"),
        ({"あ": ["1" * 5000 + ".store#" + "1" * 5000]}, "do not exist"),
        ('{"あ": [' + "1" * 5000 + "]}", "cannot be read as JSON"),
        ({"あ": ["a.png"], "い": ["./a.png"]}, "a.png more than once"),
        ({}, "lists no image"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, entries, told):
    path = write(tmp_path, entries)
    with pytest.raises(InputError, match=told) as error:
        read_manifest(path)
    assert str(path) in str(error.value)


def test_many_offenders_are_counted(tmp_path):
    path = write(tmp_path, {"あ": [f"{i}.gif" for i in range(9)]})
    with pytest.raises(InputError, match="4.gif and 4 more"):
        read_manifest(path)


def test_a_missing_manifest(tmp_path):
    with pytest.raises(InputError, match="none.json does not exist"):
        read_manifest(tmp_path / "none.json")


def test_a_pattern_that_is_none(tmp_path):
    path = write(tmp_path, {"あ": ["a.png"]})
    with pytest.raises(InputError, match=r"'\(' is not a regular expression"):
        read_manifest(path, writer_pattern="(")


def test_characters_outside_the_set(tmp_path, characters):
    path = write(tmp_path, {"あ": ["a.png"], "漢": ["b.png"]})
    with pytest.raises(InputError, match="outside the set six: 漢"):
        read_manifest(path, characters)
    (sample,) = read_manifest(path, characters, skip_unknown=True)
    assert sample.character == "あ"


def test_a_skipped_character_may_have_no_file(tmp_path, characters):
    path = write(tmp_path, {"あ": ["a.png"], "漢": ["none.png"]})
    assert len(read_manifest(path, characters, skip_unknown=True)) == 1


def test_a_failed_write_leaves_the_old_manifest(tmp_path):
    path = tmp_path / "list.json"
    sample = Sample("あ", tmp_path / "a.png")
    write_manifest(path, [sample])
    before = path.read_text()
    broken = Sample("い", tmp_path / "b.png", writer=object())
    with pytest.raises(TypeError):
        write_manifest(path, [sample, broken])
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["list.json"]


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\0"),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in (".", ".."))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from("あい漢A"), names, names | st.just("")),
        min_size=1,
        max_size=8,
        unique_by=lambda entry: entry[1],
    )
)
def test_round_trip(entries):
    with tempfile.TemporaryDirectory() as folder:
        images = pathlib.Path(folder, "images")
        images.mkdir()
        samples = []
        for character, name, writer in entries:
            (images / name).touch()
            samples.append(Sample(character, images / name, writer))
        path = pathlib.Path(folder, "lists", "manifest.json")
        write_manifest(path, samples)
        read = read_manifest(path)
    order = list(dict.fromkeys(sample.character for sample in samples))
    expected = sorted(samples, key=lambda sample: order.index(sample.character))
    assert [
        Sample(sample.character, sample.path.resolve(), sample.writer)
        for sample in read
    ] == [
        Sample(sample.character, sample.path.resolve(), sample.writer)
        for sample in expected
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "writer", "あ", "い"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(json_values)
def test_any_json_is_refused_with_the_one_error(value):
    with tempfile.TemporaryDirectory() as folder:
        path = write(pathlib.Path(folder), value, files=())
        with pytest.raises(InputError):
            read_manifest(path)


@pytest.fixture
def scans(tmp_path, characters):
    """A folder with a store of 30 images."""
    (tmp_path / "走査 画像").mkdir()
    small_store(characters).save(tmp_path / "走査 画像" / "scans.store")
    return tmp_path


def test_samples_in_a_store(scans):
    store = "走査 画像/scans.store"
    entries = {"い": [f"{store}#29", {"path": f"{store}#0", "writer": "w"}]}
    path = write(scans, {**entries, "あ": ["a.png"]}, ["a.png"])
    samples = read_manifest(path)
    assert samples == [
        Sample("い", scans / store, "", 29),
        Sample("い", scans / store, "w", 0),
        Sample("あ", scans / "a.png"),
    ]
    assert [sample.name for sample in samples] == [
        f"{scans / store}#29",
        f"{scans / store}#0",
        str(scans / "a.png"),
    ]
    write_manifest(scans / "again.json", samples)
    assert read_manifest(scans / "again.json") == samples


def test_a_number_behind_another_file_is_part_of_its_name(tmp_path):
    path = write(tmp_path, {"あ": ["a.png#1"]}, ["a.png#1"])
    assert read_manifest(path) == [Sample("あ", tmp_path / "a.png#1")]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["none.store#1"], "files that do not exist: .*none.store"),
        (["scans.store#30"], "does not have: .*scans.store#30 .scans.store has 30"),
        (["scans.store#1", "scans.store#01"], "scans.store#1 more than once"),
        (["scans.store#1", "./scans.store#1"], "scans.store#1 more than once"),
        (["scans.store#" + 20 * "9"], "do not exist"),
        (["scans.store#-1"], "do not exist"),
        (["text.store#0"], "text.store is not an image store"),
        ([f"scans.store#{n}" for n in range(28, 40)], "#34 and 5 more"),
    ],
)
def test_what_is_wrong_with_samples_in_stores(tmp_path, characters, names, told):
    small_store(characters).save(tmp_path / "scans.store")
    (tmp_path / "text.store").write_text("text")
    path = write(tmp_path, {"あ": names}, files=())
    with pytest.raises(InputError, match=told):
        read_manifest(path)


def test_many_samples_are_read_quickly(tmp_path, characters):
    small_store(characters).save(tmp_path / "scans.store")
    count = 100_000
    entries = {"あ": [f"scans.store#{number}" for number in range(count)]}
    start = time.process_time()
    with pytest.raises(InputError, match="and 99965 more"):
        read_manifest(write(tmp_path, entries, files=()))
    assert time.process_time() - start < 5


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_refused_with_the_one_error(content):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "list.json")
        path.write_bytes(content)
        with pytest.raises(InputError, match="list.json"):
            read_manifest(path)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_manifest_is_read_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        entries = {"あ": ["a.png", {"path": "b.png", "writer": "w"}], "い": ["c.png"]}
        path = write(pathlib.Path(folder), entries, ["a.png", "b.png", "c.png"])
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            position = data.draw(st.integers(0, len(content) - 1))
            piece = data.draw(st.binary(max_size=2))
            content[position : position + data.draw(st.integers(0, 2))] = piece
            content = content or bytearray(b" ")
        path.write_bytes(content)
        try:
            samples = read_manifest(path)
        except InputError:
            return
        assert all(sample.path.is_file() for sample in samples)


def by_writers(count, each=3):
    return [
        Sample("あ", pathlib.Path(f"{writer}-{i}.png"), f"w{writer}")
        for writer in range(count)
        for i in range(each)
    ]


@settings(deadline=None)
@given(st.integers(3, 30), st.integers(0, 99), st.integers(1, 8), st.integers(1, 8))
def test_a_split_keeps_writers_apart(count, seed, first, second):
    samples = by_writers(count)
    fractions = [first / 20, second / 20, 1 - (first + second) / 20]
    parts = split_by_writer(samples, fractions, seed)
    assert parts == split_by_writer(samples, fractions, seed)
    assert sorted(sum(parts, []), key=str) == sorted(samples, key=str)
    writers = [{sample.writer for sample in part} for part in parts]
    assert all(writers)
    assert sum(map(len, writers)) == count


def test_a_split_keeps_its_fractions_and_follows_its_seed():
    splits = {
        seed: split_by_writer(by_writers(20), (0.8, 0.1, 0.1), seed)
        for seed in range(3)
    }
    for parts in splits.values():
        assert [len(part) for part in parts] == [48, 6, 6]
    assert splits[0] != splits[1]


@pytest.mark.parametrize(
    ("count", "fractions", "told"),
    [
        (1, (0.5, 0.5), "1 writers for 2 parts"),
        (5, (0.5, 0.6), "sum to 1"),
        (5, (1.5, -0.5), "positive"),
    ],
)
def test_splits_that_cannot_be(count, fractions, told):
    with pytest.raises(InputError, match=told):
        split_by_writer(by_writers(count), fractions, 0)


def test_a_split_needs_writers():
    samples = [*by_writers(3), Sample("い", pathlib.Path("unsigned.png"))]
    with pytest.raises(InputError, match="unsigned.png has none"):
        split_by_writer(samples, (0.5, 0.5), 0)
