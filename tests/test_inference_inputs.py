"""Images and glyphs that a loaded model is given."""

import shutil

import numpy as np
import pytest
from hand_folder import hand_folder
from PIL import Image

import hwgen_keras as hw
from hwgen_keras.data.feed_python import placed
from hwgen_keras.errors import InputError
from hwgen_keras.inference import glyphs, pictures

pytestmark = pytest.mark.backend_free

SIZE = 32


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    """A folder of six images by one hand."""
    return hand_folder(tmp_path_factory.mktemp("hands") / "花子")


def paths(folder):
    return sorted(folder.iterdir())


class TestImages:
    def test_they_are_prepared_as_those_of_a_training(self, hand):
        samples = hw.folder_samples(hand)
        kana = hw.character_set("kana")
        store = hw.ImageStore.from_manifest(samples, kana, SIZE)
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
        assert pictures.prepare(expected[..., 0].astype("float64"), SIZE).dtype == (
            np.float32
        )

    def test_marks_show_no_hand(self, hand, tmp_path):
        folder = tmp_path / "with marks"
        shutil.copytree(hand, folder)
        shutil.copy(folder / "あ_0.png", folder / "っ_0.png")
        assert len(pictures.in_hand(folder, SIZE)) == 6
        assert len(pictures.in_hand(paths(folder), SIZE)) == 7

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
    def test_what_is_wrong_is_told(self, images, message):
        with pytest.raises(InputError, match=message):
            pictures.prepare(images, SIZE)


class TestGlyphs:
    def test_they_are_those_of_a_training(self, tiny_font):
        kana = hw.character_set("kana")
        store = hw.ImageStore.from_fonts(hw.find_fonts(tiny_font), kana, SIZE)
        expected = placed(store, store.find(character="あ"))
        for fonts in (tiny_font, [tiny_font], hw.find_fonts(tiny_font)[0], None):
            np.testing.assert_array_equal(glyphs.glyphs("あ", fonts, SIZE), expected)

    def test_what_no_font_draws_is_named(self, tiny_font):
        with pytest.raises(InputError, match="no font draws '😀、🙂'; give one that"):
            glyphs.glyphs("あ😀い🙂", tiny_font, SIZE)
        with pytest.raises(InputError, match="fonts: the list is empty"):
            glyphs.glyphs("あ", [], SIZE)
