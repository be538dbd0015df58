"""A wrong value gets one sentence, which names it: characters, paths, sets, images."""

import os

import numpy as np
import pytest
from sentences import sentence

import hwgen_keras as hw
from hwgen_keras.data.shards import open_once
from hwgen_keras.errors import check_number
from hwgen_keras.generation import check_output
from hwgen_keras.inference import arguments, glyphs, pictures
from hwgen_keras.inputs.settings import check_apart

pytestmark = pytest.mark.backend_free

SIZE = 32


@pytest.fixture(scope="module")
def two():
    return hw.CharacterSet("two", "あい")


@pytest.fixture(scope="module")
def store(two):
    return hw.simulated_store([1, 2], two, SIZE, progress=False)


@pytest.fixture(scope="module")
def font(tiny_font):
    return hw.find_fonts(tiny_font)[0]


@pytest.fixture(scope="module")
def inked():
    """One image of the size of a model, from -1 (ink) to 1 (paper)."""
    drawn = hw.PenWriter(1).draw("あ", SIZE, margin=0.1)
    return (drawn / 127.5 - 1).astype(np.float32)[None]


@pytest.mark.parametrize("value", [None, 3, "", "あい", ["あ"], b"a"])
def test_what_is_not_one_character(value, font):
    pen = hw.PenWriter(1)
    calls = [(pen.draw, value, SIZE), (hw.explain, value)]
    if isinstance(value, str):
        assert not pen.covers(value) and not font.covers(value)
        assert "lacks the character" in sentence(font.render, value, SIZE)
    else:
        calls += [(pen.covers, value), (font.covers, value), (font.draw, value, 64)]
        calls += [(font.render, value, SIZE), (font.try_render, value, SIZE)]
    for function, *given in calls:
        expected = f"The character is {value!r}; give a string of one character."
        assert sentence(function, *given) == expected


def export(path):
    """Exports a model at a path."""
    hw.export_model(path, "exported")


@pytest.mark.parametrize("value", [None, 3, 2.5, [], b"kana", "", "a\0b"])
def test_what_is_no_path(value):
    readers = {
        "The name or file of a character set": hw.character_set,
        "The manifest": hw.read_manifest,
        "The folder of images": hw.folder_samples,
        "The image": hw.read_image,
        "The image store": hw.ImageStore.open,
        "The folder of the model": hw.read_bundle,
    }
    readers |= {"The output": check_output, "The model": export}
    readers["The folder of the model"] = lambda path: hw.write_bundle(
        path, name="a", kind="clip"
    )
    if value is not None:
        readers["The structure file"] = hw.read_structures
    for name, read in readers.items():
        assert sentence(read, value) == f"{name} is {value!r}; give a path."
    assert sentence(open_once, value).startswith("The image store is ")
    assert sentence(hw.find_fonts, [value]) == f"The font is {value!r}; give a path."
    assert sentence(hw.write_manifest, value, []).startswith("The manifest is ")


def test_an_empty_path_is_not_the_current_folder(hand, store, monkeypatch):
    monkeypatch.chdir(hand)
    assert len(hw.folder_samples(".")) == 6
    for path in ("", [""]):
        name = "The image" if isinstance(path, list) else "images"
        assert sentence(pictures.prepare, path, SIZE) == f"{name} is ''; give a path."
    assert sentence(pictures.in_hand, "", SIZE) == "style is ''; give a path."
    assert sentence(hw.find_fonts, "") == "The font is ''; give a path."
    assert sentence(store.save, "") == "The file of the store is ''; give a path."
    assert sorted(os.listdir()) == sorted(path.name for path in hand.iterdir())


class TestCharacterSets:
    @pytest.mark.parametrize("entry", ["あい", "", None, 3, " ", "\n"])
    def test_entries_are_single_characters(self, entry):
        expected = f"The character set s has {entry!r}, which is not one visible"
        assert sentence(hw.CharacterSet, "s", ["あ", entry]).startswith(expected)

    def test_nothing_is_no_set(self):
        assert sentence(hw.CharacterSet, "s", None) == (
            "The character set s is None; give a string, or a list of characters."
        )
        kana = hw.character_set("kana")
        assert sentence(kana.index, ["あ"]).startswith("The character ['あ'] is not in")
        tokenizer = hw.StructureTokenizer({"好": (("⿰", "女", "子"),)})
        assert sentence(tokenizer.encode, None).startswith("characters is None; give")
        assert sentence(tokenizer.encode, [[1]]).startswith("The structures do not c")

    # A name in place of a set would draw its letters.
    @pytest.mark.parametrize("value", [None, 3, "", "kana", ["あ"]])
    def test_what_is_no_set(self, value, font, store):
        images = np.zeros((1, 8, 8), np.uint8)
        options = {"progress": False}
        sample = hw.Sample("あ", "a.png")
        for call in (
            lambda: hw.simulated_store([1], value, SIZE, **options),
            lambda: hw.font_store([font], value, SIZE, **options),
            lambda: hw.manifest_store([sample], value, SIZE, **options),
            lambda: hw.array_store(images, [0], 0, hw.FONT, ["a"], value),
            lambda: hw.ImageStore([b""], [0], [0], [0], ["a"], value, 8),
            lambda: hw.StoreWriter("no.store", value),
            lambda: store.relabel(value),
            lambda: hw.StructureSampler(value, None),
        ):
            expected = f"characters is {value!r}; give a CharacterSet, such as"
            assert sentence(call).startswith(expected)


class TestBuilders:
    def test_the_seeds_of_writers(self, two):
        build = hw.simulated_store
        for seeds in (None, 3, "12"):
            expected = f"seeds is {seeds!r}; give a list of whole numbers."
            assert sentence(build, seeds, two, SIZE) == expected
        assert "no simulated writer; give at" in sentence(build, [], two, SIZE)
        assert "seed is -3; give a whole" in sentence(build, [-3], two, SIZE)
        for samples in (0, 2.5, None, "2"):
            expected = f"samples is {samples!r}; give a whole number of 1 or more."
            assert sentence(build, [1], two, SIZE, samples) == expected

    # An error of `font_store` once was that the font has no character of the set.
    @pytest.mark.parametrize("value", [None, 0, 1, 32.0, "32", True])
    def test_the_size_of_images(self, value, two, font):
        scan, sample = np.zeros((9, 9), np.uint8), hw.Sample("あ", "a.png")
        for call in (
            lambda: hw.font_store([font], two, value),
            lambda: hw.simulated_store([1], two, value),
            lambda: hw.manifest_store([sample], two, value),
            lambda: hw.clean_image(scan, value),
            lambda: hw.PenWriter(1).draw("あ", value),
        ):
            expected = f"image_size is {value!r}; give a whole number of 8 or more."
            assert sentence(call) == expected

    @pytest.mark.parametrize("value", [None, "0.1", [0.1], 0.5, np.nan, True])
    def test_the_margin(self, value):
        given = sentence(hw.PenWriter(1).draw, "あ", SIZE, margin=value)
        assert given.startswith(f"margin is {value!r}; give a fraction of")

    @pytest.mark.parametrize("value", [None, 3, "a", [None], [3], ["a"]])
    def test_lists_of_fonts_samples_and_stores(self, value, two, store):
        wrong = value[0] if isinstance(value, list) else value
        verb = "has" if isinstance(value, list) else "is"
        for call, name in (
            (lambda: hw.font_store(value, two, SIZE), "fonts"),
            (lambda: hw.manifest_store(value, two, SIZE), "samples"),
            (lambda: hw.write_manifest("m.json", value), "samples"),
            (lambda: hw.split_by_writer(value, (0.5, 0.5), 0), "samples"),
            (lambda: hw.ImageStore.merge(value), "The argument of merge"),
        ):
            assert sentence(call).startswith(f"{name} {verb} {wrong!r}; give a list of")

    def test_images_in_memory(self, two):
        images = np.zeros((0, 8, 8), np.uint8)
        given = sentence(hw.array_store, images, [], 0, hw.FONT, ["a"], two)
        assert given.startswith("The images have shape (0, 8, 8) and type uint8; give")

    def test_rows_of_different_length(self):
        expected = "The image: the rows or images of the list differ in size; give"
        assert sentence(hw.clean_image, [[0, 1], [2]], SIZE).startswith(expected)


class TestFeeds:
    @pytest.mark.parametrize("value", [2.5, None, "2", True, [2]])
    def test_whole_numbers(self, value, store):
        sampler = hw.ClassificationSampler(store)
        for name in ("batch_size", "steps", "start_step"):
            given = {"batch_size": 2, "steps": 2, name: value, "kind": "python"}
            expected = f"{name} is {value!r}; give a whole number of "
            assert sentence(hw.feed, store, sampler, **given).startswith(expected)
        given = sentence(hw.ClassificationSampler, store, rows_per_epoch=value or 0)
        assert given.startswith(f"rows_per_epoch is {value or 0!r}; give")

    @pytest.mark.parametrize("value", [None, 1, (0, 1.5), (0,), (2, 2), "01"])
    def test_the_share_of_a_host(self, value, store):
        given = sentence(
            hw.feed, store, hw.ClassificationSampler(store), 2, 2, shard=value
        )
        assert given.startswith(f"shard is {value!r}; give the number of this host")

    def test_what_a_sampler_takes(self, store):
        sampler = hw.ClassificationSampler
        for value in (None, 3, "a"):
            for kind in (sampler, lambda store: hw.PairSampler(store, "step1")):
                expected = f"store is {value!r}; give an ImageStore."
                assert sentence(kind, value) == expected
            given = sentence(hw.feed, store, value, 2, 2)
            assert given.startswith(f"sampler is {value!r}; give one, such as a")
        assert "image_size is 32.5;" in sentence(sampler, store, image_size=32.5)
        for value in (None, "1", 3):
            expected = f"affine_strength is {value!r}; give a number from 0 to 2."
            assert sentence(sampler, store, affine_strength=value) == expected
        for value in (None, -1, 2.5, "1"):
            expected = f"seed is {value!r}; give a whole number of 0 or more."
            assert sentence(sampler(store, seed=value).epoch, 0) == expected


class TestImages:
    @pytest.mark.parametrize("value", [None, 3, 2.5, b"x", {"a": 1}])
    def test_what_is_no_image(self, value):
        expected = f"images is {value!r}; give an array, paths or PIL images."
        assert sentence(pictures.prepare, value, SIZE) == expected
        assert sentence(pictures.in_hand, value, SIZE).startswith("style is ")

    @pytest.mark.parametrize("shape", [(0, 32, 32), (0, 32, 32, 1), (2, 0, 4), (0,)])
    @pytest.mark.parametrize("kind", [np.uint8, np.float32])
    def test_arrays_without_an_image(self, shape, kind):
        expected = "images: there is no image; give at least one."
        assert sentence(pictures.prepare, np.zeros(shape, kind), SIZE) == expected
        assert "style: there is no" in sentence(
            pictures.in_hand, np.zeros(shape, kind), SIZE
        )
        assert "style: there is no image" in sentence(pictures.in_hand, [], SIZE)

    # Taken for 64 images of 64 rows and three columns, it was called blank.
    @pytest.mark.parametrize("shape", [(64, 64, 3), (64, 64, 4), (2, 64, 64, 3)])
    def test_colours(self, shape, rng):
        array = rng.integers(0, 256, shape, np.uint8)
        expected = f"images: an array of shape {shape} is no greys (n, height, width);"
        assert sentence(pictures.prepare, array, SIZE).startswith(expected)
        if len(shape) == 3:
            assert "images[0]: an array" in sentence(pictures.prepare, [array], SIZE)

    def test_floats_from_0_to_1(self, inked):
        for images in (inked / 2 + 0.5, [inked[0] / 2 + 0.5], inked[0, :24] / 2 + 0.5):
            given = sentence(pictures.prepare, images, SIZE)
            assert "to 1, where ink is -1 and paper 1; give 2 * x - 1 of fl" in given
        assert len(pictures.prepare(inked, SIZE)) == 1

    def test_blank_floats_of_the_size_of_a_model(self, inked):
        for grey in (-1, 0, 0.3, 1):
            blank = np.full_like(inked, grey)
            images = np.concatenate([inked, blank, inked])
            given = sentence(pictures.in_hand, images, SIZE)
            assert given == "style[1] is blank; remove it, or give it more contrast."
            # Only those that are prepared.
            assert len(pictures.prepare(images, SIZE, only=[0, 2])) == 2
        # As faint as a scan may be.
        assert len(pictures.prepare(inked * 0.2, SIZE)) == 1

    @pytest.mark.parametrize("value", [3, [None], [3]])
    def test_fonts(self, value):
        wrong = value[0] if isinstance(value, list) else value
        assert sentence(glyphs.font_list, value).startswith(f"The font is {wrong!r};")

    def test_texts(self):
        check = arguments.characters_of
        assert sentence(check, "", "text") == (
            "text is empty; give at least one character."
        )
        assert sentence(check, None, "text").startswith("text is None; give a string")


def test_long_values_are_named_by_their_type():
    given = sentence(check_number, np.zeros(99), "strength", "a number")
    assert given == "strength is a ndarray; give a number."
    assert "a list; give" in sentence(check_number, list(range(99)), "s", "a number")


def test_flags_that_must_name_other_images(tmp_path, write_manifest):
    manifest, other = write_manifest(tmp_path), tmp_path / "other.json"
    other.write_text("{}")
    check_apart({"train": [str(manifest)], "validation": [str(other), None]})
    # A folder stands for the manifest in it.
    for same in (manifest, tmp_path, tmp_path / "images" / ".." / "manifest.json"):
        given = sentence(
            check_apart, {"train": [str(manifest)], "validation": [str(same)]}
        )
        assert given.endswith("is given as --train, too; give other images.")
        assert given.startswith(f"--validation: {same} is ")
