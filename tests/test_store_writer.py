"""Writing stores image by image, joining files, and what can go wrong meanwhile."""

import os
import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stores import small_store

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ImageStore,
    StoreWriter,
    concatenate_stores,
    store_file,
)
from hwgen_keras.data.png import encode
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

KANA = CharacterSet("three", "あいう")
PNG = encode(np.zeros((9, 9), np.uint8))
COLOURED = PNG[:25] + b"\x06" + PNG[26:]  # grey no more: RGB with transparency
COLUMNS, FIRST_LINE = store_file.COLUMNS, store_file.IMAGES.first_line
OBLONG = encode(np.zeros((9, 8), np.uint8))

scans = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))
rows = st.tuples(
    scans,
    st.sampled_from("あいう"),
    st.sampled_from(["甲", "乙 丙", ""]),
    st.sampled_from([FONT, HANDWRITING, GENERATED]),
)


def write(path, added, characters=KANA):
    with StoreWriter(path, characters) as writer:
        for image, *rest in added:
            writer.add(encode(image), *rest)
        assert len(writer) == len(added)


def read(store):
    """The rows of a store of scans, with images as lists."""
    return [
        (
            store.decode_one(i).tolist(),
            store.characters[store.labels[i]],
            store.source_names[store.sources[i]],
            store.kinds[i],
        )
        for i in range(len(store))
    ]


def listed(added):
    return [(image.tolist(), *rest) for image, *rest in added]


@settings(deadline=None, max_examples=50)
@given(st.lists(rows, min_size=1, max_size=6), st.lists(rows, min_size=1, max_size=6))
def test_what_is_written_is_read_and_joined(first, second):
    with tempfile.TemporaryDirectory() as folder:
        one, two = (pathlib.Path(folder, name) for name in ("一 つ.store", "2.store"))
        write(one, first)
        write(two, second, CharacterSet("other", "うかいあ"))
        store = ImageStore.open(one)
        store.verify()
        assert read(store) == listed(first) and store.image_size is None
        joined = concatenate_stores([one, two, one], pathlib.Path(folder, "all.store"))
        joined.verify()
        assert read(joined) == listed([*first, *second, *first])
        assert joined.characters.characters == tuple("あいうか")
        names = zip(joined.sources.tolist(), joined.kinds.tolist(), strict=True)
        assert len(joined.source_names) == len(set(names))
        for character in "あいうか":
            for source in {name for _, _, name, _ in first + second}:
                expected = [
                    i
                    for i, (_, c, s, _) in enumerate(read(joined))
                    if (c, s) == (character, source)
                ]
                assert joined.find(character, source).tolist() == expected


def test_find(characters):
    store = small_store(characters)
    assert store.find().tolist() == list(range(30))
    assert store.find("い").tolist() == [1, 7, 13, 19, 25]
    assert store.find(source="writer-0").tolist() == list(range(18, 24))
    assert store.find("く", "writer-1").tolist() == [29]
    assert store.select(store.labels != 1).find("い").tolist() == []
    with pytest.raises(InputError, match="no font or writer 'klee'; it has font-0"):
        store.find(source="klee")
    with pytest.raises(InputError, match="'漢' is not in"):
        store.find("漢")


def test_a_store_of_scans_tells_that_they_differ_in_size(tmp_path):
    from hwgen_keras.data import ClassificationSampler

    write(tmp_path / "a.store", [(np.zeros((5, 7), np.uint8), "あ", "w", HANDWRITING)])
    store = ImageStore.open(tmp_path / "a.store")
    assert "of mixed sizes" in repr(store)
    for use in (ClassificationSampler, lambda store: store.decode([0])):
        with pytest.raises(InputError, match="different sizes"):
            use(store)


def test_stores_of_one_size_keep_it_when_joined(tmp_path, characters):
    small_store(characters).save(tmp_path / "a.store")
    small_store(characters, size=16).save(tmp_path / "b.store")
    paths = [tmp_path / "a.store", tmp_path / "b.store"]
    output = tmp_path / "all.store"
    assert concatenate_stores(paths[:1] * 2, output).image_size == 24
    assert concatenate_stores(paths, output).image_size is None
    with (
        pytest.raises(InputError, match="of 16 pixels .* which has 24"),
        StoreWriter(output, characters, 24) as writer,
    ):
        writer.add_store(ImageStore.open(paths[1]))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((b"no image", "あ", "w", FONT), "あ by w .* is not a PNG"),
        ((PNG[:20], "あ", "w", FONT), "is not a PNG"),
        ((COLOURED, "あ", "w", FONT), "is not a grey PNG; convert it to grey"),
        ((PNG, "漢", "w", FONT), "'漢' is not in"),
        ((PNG, "あ", "w", 3), "kind .* is 3"),
        (
            (encode(np.zeros((9, 8), np.uint8)), "あ", "w", FONT),
            "is 8 × 9; .* 9 pixels",
        ),
    ],
)
def test_images_that_cannot_be_added(tmp_path, arguments, told):
    with (
        pytest.raises(InputError, match=told),
        StoreWriter(tmp_path / "a.store", KANA, 9) as writer,
    ):
        writer.add(PNG, "あ", "w", FONT)
        writer.add(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_stores_without_images(tmp_path):
    with pytest.raises(InputError, match="no image for the store .*a.store"):
        with StoreWriter(tmp_path / "a.store", KANA):
            pass
    with pytest.raises(InputError, match="no store to put into"):
        concatenate_stores([], tmp_path / "a.store")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("images", [1, 20_000])
def test_a_full_disk(tmp_path, images):
    path = tmp_path / "a.store"
    write(path, [(np.zeros((5, 5), np.uint8), "あ", "w", FONT)])
    before = path.read_bytes()
    # What is written to the partial file meets a full disk, now or in the end.
    (tmp_path / f".partial-{os.getpid()}-a.store").symlink_to("/dev/full")
    with (
        pytest.raises(InputError, match="disk is full: .*a.store could not be"),
        StoreWriter(path, KANA) as writer,
    ):
        for _ in range(images):
            writer.add(PNG, "あ", "w", FONT)
    assert [file.name for file in tmp_path.iterdir()] == ["a.store"]
    assert path.read_bytes() == before


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written .*; check the folder"):
        with StoreWriter(tmp_path / "file" / "a.store", KANA):
            pass


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_damaged_image_is_named(data):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.store")
        small_store(KANA).save(path)
        store = ImageStore.open(path)
        number = data.draw(st.integers(0, len(store) - 1))
        length = int(store.pngs.length[number])
        content = bytearray(path.read_bytes())
        position = int(store.pngs.start[number]) + data.draw(st.integers(0, length - 1))
        content[len(FIRST_LINE) + position] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        damaged = ImageStore.open(path)
        with pytest.raises(InputError, match="a.store is damaged"):
            damaged.verify()
        try:
            image = damaged.decode_one(number)
        except InputError as error:
            character = damaged.characters[damaged.labels[number]]
            assert f"Image {number} ({character}) of the store {path}" in str(error)
        else:
            assert image.dtype == np.uint8 and image.ndim == 2
        for other in {0, len(store) - 1} - {number}:
            np.testing.assert_array_equal(
                damaged.decode_one(other), small_store(KANA).decode_one(other)
            )


HEADER = {
    "image_size": None,
    "character_set": "three",
    "characters": ["あ", "い", "う"],
    "source_names": ["w"],
}
odd = st.none() | st.integers(-2, 3) | st.text(max_size=2) | st.lists(st.text("あw"))


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(list(HEADER)), odd), st.sets(st.integers(0, 3)))
def test_headers_of_other_programs_are_read_or_refused(changed, removed):
    header = {**HEADER, **changed}
    for number in removed:
        del header[list(HEADER)[number]]
    columns = {name: [len(PNG) if name == "lengths" else 0] for name in COLUMNS}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.store")
        with open(path, "wb") as file:
            file.write(FIRST_LINE + PNG)
            store_file.write_end(file, columns, 0, header)
        try:
            store = ImageStore.open(path)
        except InputError:
            return
        assert store.decode_one(0).shape == (9, 9)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_any_bytes_are_refused_with_the_one_error(content, first_line, end):
    content = (FIRST_LINE if first_line else b"") + content
    content += b"hwgenEND" + content[:40].ljust(40, b"\xff") if end else b""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "foreign.store")
        path.write_bytes(content)
        with pytest.raises(InputError, match="foreign.store"):
            ImageStore.open(path)
