"""Images and glyphs that a loaded model is given."""

import shutil

import numpy as np
import pytest
from PIL import Image

import hwgen_keras as hw
from hwgen_keras.data.placing import placed
from hwgen_keras.errors import InputError
from hwgen_keras.inference import glyphs, pictures

pytestmark = pytest.mark.backend_free

SIZE = 32


def paths(folder):
    return sorted(folder.iterdir())


class TestImages:
    def test_they_are_prepared_as_those_of_a_training(self, hand):
        samples = hw.folder_samples(hand)
        kana = hw.character_set("kana")
        store = hw.manifest_store(samples, kana, SIZE)
        expected = placed(store, np.arange(6))
        np.testing.assert_array_equal(pictures.prepare(hand, SIZE), expected)

    def test_every_form_of_them_gives_the_same(self, hand):
        expected = pictures.prepare(hand, SIZE)
        files = paths(hand)
        array = np.stack([hw.read_image(file) for file in files])
        forms = [
            files,
            [str(file) for file in files],
            [Image.open(file) for file in files],
            array,
            array[..., None],
            list(array),
            [image[..., None] for image in array],
            array / np.float32(127.5) - 1,
        ]
        for form in forms:
            np.testing.assert_array_equal(pictures.prepare(form, SIZE), expected)
        for form in (files[0], Image.open(files[0]), array[0], array[0][..., None]):
            np.testing.assert_array_equal(pictures.prepare(form, SIZE), expected[:1])
        # What a network could take is taken as it is.
        np.testing.assert_array_equal(pictures.prepare(expected, SIZE), expected)
        doubles = expected[..., 0].astype("float64")
        assert pictures.prepare(doubles, SIZE).dtype == np.float32

    def test_marks_show_no_hand(self, hand, tmp_path):
        folder = tmp_path / "with marks"
        shutil.copytree(hand, folder)
        shutil.copy(folder / "あ_0.png", folder / "っ_0.png")
        assert len(pictures.in_hand(folder, SIZE)[0]) == 6
        assert len(pictures.in_hand(paths(folder), SIZE)[0]) == 7
        shown, expected = "あいうっかきく", pictures.prepare(hand, SIZE)
        files = sorted(paths(folder), key=lambda path: shown.index(path.name[0]))
        arrays = np.stack([hw.read_image(file) for file in files])
        floats = pictures.prepare(files, SIZE)
        for style in (files, arrays, floats):
            images, known = pictures.in_hand(style, SIZE, shown)
            np.testing.assert_array_equal(images, expected)
            assert known == list("あいうかきく")
        # Where there is nothing else, they have to do.
        assert len(pictures.in_hand(files[3], SIZE, "っ")[0]) == 1

    def test_what_they_show_is_told_or_found_in_a_folder(self, hand, tmp_path):
        assert pictures.in_hand(hand, SIZE)[1] == list("あいうかきく")
        shown = "さしすせそた"
        assert pictures.in_hand(str(hand), SIZE, shown)[1] == list(shown)
        assert pictures.in_hand(paths(hand)[:2], SIZE)[1] == [None, None]
        # Decomposed, as some file systems have it.
        assert pictures.in_hand(paths(hand)[:1], SIZE, "か\u3099")[1] == ["が"]
        assert pictures.in_hand(paths(hand)[:2], SIZE, [None, "い"])[1] == [None, "い"]
        numbered = tmp_path / "numbered"
        numbered.mkdir()
        names = ("1", "2_1", "A", "0042", "い")
        for name, path in zip(names, paths(hand), strict=False):
            shutil.copy(path, numbered / f"{name}.png")
        assert pictures.in_hand(numbered, SIZE)[1] == [None] * 4 + ["い"]
        assert pictures.in_hand(numbered, SIZE, "12ABい")[1] == list("12ABい")

    def test_a_manifest_in_a_folder_lists_its_images(self, hand, tmp_path):
        folder = tmp_path / "hanako"
        shutil.copytree(hand, folder / "images")
        shutil.copytree(hand, folder / "review")
        images = paths(folder / "images")
        samples = [
            hw.Sample(c, p, "Hanako") for c, p in zip("かき", images, strict=False)
        ]
        hw.write_manifest(folder / "manifest.json", samples)
        found, shown = pictures.in_hand(folder, SIZE)
        assert shown == ["か", "き"]
        np.testing.assert_array_equal(found, pictures.prepare(images[:2], SIZE))
        np.testing.assert_array_equal(found, pictures.prepare(folder, SIZE))

    @pytest.mark.parametrize(
        ("told", "message"),
        [
            ("あい", "style_text has 2 characters and the style has 6 images; give a"),
            ("", "style_text has 0 characters and the style has 6 images"),
            (["あい"] * 6, "style_text has 'あい', which is not one character; give a"),
            ([3] * 6, "style_text has 3, which is not one character"),
            ("あ いうかき", "style_text has a space or a line break"),
            (3, "style_text is 3; give a string, or a list of characters"),
        ],
    )
    def test_told_what_is_not_there(self, hand, told, message):
        with pytest.raises(InputError, match=message) as caught:
            pictures.in_hand(hand, SIZE, told)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            ([], "images: there is no image; give at least one"),
            ("nowhere", "images: nowhere does not exist"),
            (["nowhere.png"], "The image nowhere.png does not exist"),
            (np.zeros((2, 8, 8, 3), np.uint8), r"shape \(2, 8, 8, 3\) is no greys"),
            (np.zeros((2, 8, 8), np.int64), "the array is of type int64; give uint8"),
            (np.full((2, 8, 8), 200.0), r"the floats are not in \[-1, 1\]; give -1"),
            (np.full((2, 8, 8), np.nan), r"the floats are not in \[-1, 1\]; give -1"),
            (np.full((2, 8, 8), 255, np.uint8), r"images\[0\] is blank; remove it"),
            ([3], r"images\[0\] is a int; give arrays, paths or PIL images"),
            ([np.zeros((2, 8, 8), np.uint8)], r"images\[0\] holds 2 images"),
        ],
    )
    def test_what_is_wrong_is_reported(self, images, message):
        with pytest.raises(InputError, match=message):
            pictures.prepare(images, SIZE)


class TestGlyphs:
    def test_they_are_those_of_a_training(self, tiny_font):
        kana = hw.character_set("kana")
        store = hw.font_store(hw.find_fonts(tiny_font), kana, SIZE)
        expected = placed(store, store.find(character="あ"))
        for fonts in (tiny_font, [tiny_font], hw.find_fonts(tiny_font)[0], None):
            np.testing.assert_array_equal(glyphs.glyphs("あ", fonts, SIZE), expected)

    def test_what_no_font_draws_is_named(self, tiny_font):
        with pytest.raises(InputError, match="no font draws '😀、🙂'; give one that"):
            glyphs.glyphs("あ😀い🙂", tiny_font, SIZE)
        with pytest.raises(InputError, match="fonts: the list is empty"):
            glyphs.glyphs("あ", [], SIZE)
