"""The image store: what goes in comes out, and damage is noticed."""

import os
import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from stores import small_store
from tqdm import tqdm

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ImageStore,
    Sample,
    array_store,
    builders,
    font_store,
    manifest_store,
    read_manifest,
    simulated_store,
    store_file,
)
from hwgen_keras.errors import InputError
from hwgen_keras.sources import find_fonts

pytestmark = pytest.mark.backend_free

KANA = CharacterSet("three", "あいう")


def same(first, second):
    for name in ("labels", "sources", "kinds", "source_names", "image_size"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.characters.characters == second.characters.characters
    everything = np.arange(len(first))
    np.testing.assert_array_equal(first.decode(everything), second.decode(everything))
    return len(first) == len(second)


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 5), st.just(9), st.just(9))),
    st.randoms(use_true_random=False),
)
def test_images_survive_packing_and_saving(images, random):
    labels = [random.randrange(3) for _ in images]
    kinds = [random.randrange(3) for _ in images]
    store = array_store(images, labels, 0, kinds, ["筆"], KANA)
    np.testing.assert_array_equal(store.decode(range(len(images))), images)
    assert store.labels.tolist() == labels and store.kinds.tolist() == kinds
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "deeper", "images.store")
        store.save(path)
        read = ImageStore.open(path)
        # A pen that is a font and a writer at once becomes two sources.
        assert set(read.source_names) == {"筆"}
        assert len(read.source_names) == len(set(kinds))
        one = np.zeros(len(read))
        columns = read.labels, one, read.kinds, ["筆"], KANA, 9
        assert same(store, ImageStore(read.pngs, *columns))
        assert [file.name for file in path.parent.iterdir()] == ["images.store"]


def test_decode_takes_any_order(characters):
    store = small_store(characters)
    chosen = [5, 0, 5, 29]
    expected = np.stack([store.decode(index)[0] for index in chosen])
    np.testing.assert_array_equal(store.decode(chosen), expected)


def test_an_open_store_lies_on_disk(tmp_path, characters):
    small_store(characters).save(tmp_path / "images.store")
    (block,) = ImageStore.open(tmp_path / "images.store").pngs.blocks
    assert isinstance(block, np.memmap)


def test_select_by_mask_and_by_index(characters):
    store = small_store(characters)
    hands = store.select(store.kinds == HANDWRITING)
    assert len(hands) == 12 and (hands.kinds == HANDWRITING).all()
    assert same(hands, store.select(np.flatnonzero(store.kinds == HANDWRITING)))
    np.testing.assert_array_equal(hands.decode([3]), store.decode([21]))
    with pytest.raises(InputError, match="No image"):
        store.select(store.kinds == GENERATED)


def test_merge_joins_sources_of_one_name_and_kind(characters):
    store = small_store(characters)
    fonts = store.select(store.kinds == FONT)
    hands = store.select(store.kinds == HANDWRITING)
    merged = ImageStore.merge([hands, fonts, hands])
    assert sorted(merged.source_names) == sorted(store.source_names)
    assert len(merged) == len(store) + len(hands)
    for number, part in ((0, hands), (12, fonts), (30, hands)):
        indices = np.arange(number, number + len(part))
        assert same(part, _renumbered(merged.select(indices), part.source_names))


def _renumbered(store, names):
    """The store with the source numbers that `names` gives."""
    sources = [names.index(store.source_names[i]) for i in store.sources]
    columns = (store.labels, sources, store.kinds, names)
    return ImageStore(store.pngs, *columns, store.characters, store.image_size)


def test_a_font_and_a_writer_of_one_name_stay_two(characters):
    image = np.zeros((1, 9, 9), np.uint8)
    font, writer = (
        array_store(image, [0], 0, kind, ["klee"], characters)
        for kind in (FONT, HANDWRITING)
    )
    merged = ImageStore.merge([font, writer])
    assert merged.source_names == ("klee", "klee")
    assert merged.sources.tolist() == [0, 1]


def test_stores_that_cannot_be_merged(characters):
    store = small_store(characters)
    with pytest.raises(InputError, match="different image sizes .*24 and 32"):
        ImageStore.merge([store, small_store(characters, size=32)])
    with pytest.raises(InputError, match="different character sets .*six and three"):
        ImageStore.merge([store, small_store(KANA)])
    with pytest.raises(InputError, match="no store"):
        ImageStore.merge([])


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("labels", [6], "labels .* from 0 to 5"),
        ("labels", [-1], "labels .* from 0 to 5"),
        ("labels", [0, 0], "as many as its 1 images"),
        ("sources", [1], "sources .* from 0 to 0"),
        ("kinds", [3], "kinds .* from 0 to 2"),
        ("images", np.zeros((1, 9, 8), np.uint8), "9 × 8; they must be square"),
        ("images", np.zeros((1, 9, 9)), "float64"),
        ("images", np.zeros((0, 9, 9), np.uint8), "shape .0, 9, 9"),
    ],
)
def test_arrays_that_do_not_fit(characters, column, value, told):
    arguments = {
        "images": np.zeros((1, 9, 9), np.uint8),
        "labels": [0],
        "sources": [0],
        "kinds": [0],
        "source_names": ["one"],
        "characters": characters,
    }
    with pytest.raises(InputError, match=told):
        array_store(**{**arguments, column: value})


def test_fonts_are_rendered_once_without_margin(tiny_font):
    characters = CharacterSet("mixed", "あ漢\U00020b9fい\ue000")
    fonts = find_fonts([str(tiny_font)])
    store = font_store(fonts, characters, 32, progress=False)
    drawn = [characters[label] for label in store.labels]
    assert drawn == [c for c in characters if fonts[0].covers(c)]
    assert "漢" in drawn and "\ue000" not in drawn
    assert store.source_names == (fonts[0].name,)
    assert (store.kinds == FONT).all()
    for image in store.decode(np.arange(len(store))):
        rows, columns = np.nonzero(image < 128)
        assert max(np.ptp(rows), np.ptp(columns)) >= 29


def test_the_progress_bar_counts_glyphs(tiny_font, characters, capsys, monkeypatch):
    fonts = find_fonts([str(tiny_font)])
    font_store(fonts, characters, 16)
    assert capsys.readouterr().err == ""  # within a second
    monkeypatch.setattr(builders, "_bar", tqdm)
    font_store(fonts, characters, 16)
    assert "6/6" in capsys.readouterr().err


def test_a_font_without_any_character(tiny_font):
    characters = CharacterSet("private", "\ue000")
    with pytest.raises(InputError, match="has no character of the set private"):
        font_store(find_fonts([str(tiny_font)]), characters, 32)
    with pytest.raises(InputError, match="no font"):
        font_store([], characters, 32)


def test_simulated_writers_write_to_memory_or_a_file(tmp_path, characters):
    arguments = range(2), characters, 16, 2, False
    store = simulated_store(*arguments)
    assert len(store) == 24 and (store.kinds == HANDWRITING).all()
    assert store.labels.tolist() == [label for label in range(6) for _ in "12"] * 2
    assert store.sources.tolist() == [0] * 12 + [1] * 12
    assert same(store, simulated_store(*arguments, path=tmp_path / "a.store"))
    with pytest.raises(InputError, match="at least one seed"):
        simulated_store([], characters, 16)


def test_other_labels_and_other_kinds(characters):
    store = small_store(characters)
    other = store.relabel(CharacterSet("other", "漢いあ"))
    assert other.labels.tolist() == [2, 1] * 5 and len(other.characters) == 3
    np.testing.assert_array_equal(other.decode([1, 2]), store.decode([1, 6]))
    with pytest.raises(InputError, match="No image"):
        store.relabel(CharacterSet("private", "\ue000"))
    hands = store.as_kind(HANDWRITING)
    assert (hands.kinds == HANDWRITING).all() and hands.pngs is store.pngs


def test_a_manifest_becomes_a_store(manifest, characters):
    samples = read_manifest(manifest, characters)
    store = manifest_store(samples, characters, 32)
    assert len(store) == 12 and (store.kinds == HANDWRITING).all()
    assert store.source_names == ("first", "second")
    for index, sample in enumerate(samples):
        assert characters[store.labels[index]] == sample.character
        assert store.source_names[store.sources[index]] == sample.writer
    # Cleaned to the ink, which reaches two opposite edges.
    for ink in store.decode(np.arange(12)) < 128:
        assert max(np.ptp(np.flatnonzero(ink.any(axis))) for axis in (0, 1)) >= 29


def test_without_cleaning_the_picture_keeps_its_border(tmp_path, characters):
    image = np.full((20, 40), 255, np.uint8)
    image[5:15, 10:30] = 0
    Image.fromarray(image).save(tmp_path / "wide.png")
    samples = [Sample("あ", tmp_path / "wide.png")]
    store = manifest_store(samples, characters, 40, clean=False, kind=GENERATED)
    expected = np.full((40, 40), 255, np.uint8)
    expected[15:25, 10:30] = 0
    np.testing.assert_array_equal(store.decode(0)[0], expected)
    assert store.kinds.tolist() == [GENERATED]


def test_bad_images_of_a_manifest(tmp_path, characters):
    Image.new("L", (20, 20), 255).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("not an image")
    for name, character in (("blank", "あ"), ("text", "あ"), ("blank", "漢")):
        path = tmp_path / f"{name}.png"
        with pytest.raises(InputError, match=f"{name}.png|漢"):
            manifest_store([Sample(character, path)], characters, 32)
    with pytest.raises(InputError, match="no image"):
        manifest_store([], characters, 32)


def test_files_that_are_not_stores(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        ImageStore.open(tmp_path / "none.store")
    with pytest.raises(InputError, match="cannot be opened"):
        ImageStore.open(tmp_path)
    (tmp_path / "foreign.store").write_bytes(b"PK\3\4 something else")
    with pytest.raises(InputError, match="foreign.store is not an image store"):
        ImageStore.open(tmp_path / "foreign.store")


def test_another_version_is_told(tmp_path, characters):
    path = tmp_path / "images.store"
    small_store(characters).save(path)
    content, magic = path.read_bytes(), store_file.IMAGES.magic
    # The first version had a checksum in its first line.
    for line, version in ((b"27 \n", 27), (b"1 89abcdef\n", 1)):
        path.write_bytes(content.replace(magic + b"2 ", magic + line, 1))
        with pytest.raises(InputError, match=f"has version {version}; .* make"):
            ImageStore.open(path)


@pytest.fixture(scope="module")
def saved():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "images.store")
        small_store(KANA).save(path)
        yield path.read_bytes()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_any_damage_is_noticed(saved, data):
    position = data.draw(st.integers(0, len(saved) - 1))
    damage = data.draw(st.sampled_from(["cut", "change", "insert", "append"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    damaged = {
        "cut": saved[:position],
        "change": saved[:position] + byte + saved[position + 1 :],
        "insert": saved[:position] + byte + saved[position:],
        "append": saved + byte,
    }[damage]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "damaged.store")
        path.write_bytes(damaged)
        if damaged == saved:
            assert len(ImageStore.open(path)) == 15
        else:
            with pytest.raises(InputError, match="damaged.store"):
                ImageStore.open(path).verify()


def test_an_interrupted_save_leaves_the_old_file(tmp_path, characters, monkeypatch):
    path = tmp_path / "images.store"
    small_store(characters).save(path)

    def fail(*_):
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(InputError, match="images.store cannot be .*no space"):
            small_store(characters, fonts=1).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["images.store"]
    assert same(ImageStore.open(path), small_store(characters))
