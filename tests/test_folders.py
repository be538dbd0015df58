"""A plain folder of images as a hand."""

import numpy as np
import pytest
from PIL import Image

from hwgen_keras import inputs
from hwgen_keras.characters import character_set
from hwgen_keras.data import Sample, folder_samples, write_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Images

pytestmark = pytest.mark.backend_free


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    return folder


@pytest.mark.parametrize(
    "name, character",
    [
        ("あ.png", "あ"),
        ("あ_2.jpg", "あ"),
        ("あ-2.png", "あ"),
        ("あ (2).png", "あ"),
        ("3042.png", "あ"),
        ("U+3042_10.png", "あ"),
        ("が.png", "が"),
        ("ー.png", "ー"),
        ("03042/00041.png", "あ"),
        ("sheet 1/い.png", "い"),
    ],
)
def test_a_name_tells_the_character(tmp_path, name, character):
    folder = put(tmp_path / "花子", name)
    (sample,) = folder_samples(folder)
    assert sample == Sample(character, folder / name, "花子")


def test_characters_outside_of_the_set(tmp_path):
    kana = character_set("kana")
    folder = put(tmp_path / "hand", "あ.png", "語.png", "語_2.png")
    with pytest.raises(InputError, match="shows 語, which the set kana lacks"):
        folder_samples(folder, kana)
    known = folder_samples(folder, kana, skip_unknown=True)
    assert [sample.character for sample in known] == ["あ"]
    only = put(tmp_path / "strange", "語.png")
    with pytest.raises(InputError, match="shows 語"):
        folder_samples(only, kana, skip_unknown=True)


@pytest.mark.parametrize(
    "names, message",
    [
        ([], "holds no image"),
        (["scan.png"], "scan.png does not tell its character; call it あ.png"),
        (["ffff/_1.png"], "does not tell its character"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, names, message):
    (tmp_path / "hand").mkdir()
    with pytest.raises(InputError, match=message) as error:
        folder_samples(put(tmp_path / "hand", *names))
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="nowhere does not exist"):
        folder_samples(tmp_path / "nowhere")


def test_handwriting_may_be_a_folder_with_images_or_with_a_manifest(tmp_path):
    settings = Images(image_size=32)
    kana = character_set("kana")
    plain = put(tmp_path / "plain", "あ.png")
    (sample,) = inputs.load_samples(settings, str(plain), kana)
    assert (sample.character, sample.writer) == ("あ", "plain")
    pages = put(tmp_path / "pages.v2", "images/1.png")
    write_manifest(pages / "manifest.json", [Sample("い", pages / "images/1.png")])
    (sample,) = inputs.load_samples(settings, str(pages), kana)
    assert (sample.character, sample.writer) == ("い", "pages.v2")
