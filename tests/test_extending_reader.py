"""A reader of a foreign format, whose images every script then takes."""

import io

import numpy as np
import pytest
from PIL import Image

import hwgen_keras as hw
from hwgen_keras import inputs
from hwgen_keras.inputs import settings

pytestmark = pytest.mark.backend_free

# A file of bitmaps, 8 × 8 with a bit a pixel: character, number of the writer, rows.
BITMAP = np.dtype([("character", "<U1"), ("writer", "u1"), ("rows", "u1", (8, 1))])


def write_store(bitmaps, path, characters):
    """Writes the images of a file of bitmaps as a store."""
    with hw.StoreWriter(path, characters) as writer:
        for character, number, rows in np.fromfile(bitmaps, BITMAP):
            paper = 255 * (1 - np.unpackbits(rows, axis=1))
            png = io.BytesIO()
            Image.fromarray(paper).resize((64, 64)).save(png, "PNG")
            name = f"writer {number}"
            writer.add(png.getvalue(), str(character), name, hw.HANDWRITING)


def bar(row):
    """A bitmap of one horizontal line."""
    return [[0b01111110] if i == row else [0] for i in range(8)]


def test_a_foreign_format_is_read(characters, tmp_path):
    listed = tmp_path / "characters.txt"
    listed.write_text("\n".join(characters), encoding="utf-8")
    wide = [[0b00010000]] * 8
    records = [("い", 7, bar(3)), ("あ", 7, wide), ("い", 9, bar(5))]
    np.array(records, BITMAP).tofile(tmp_path / "foreign.bin")

    write_store(tmp_path / "foreign.bin", tmp_path / "foreign.store", characters)
    images = settings.Images(characters=str(listed), image_size=32, cache="")
    path = str(tmp_path / "foreign.store")
    store = inputs.load_store(images, handwriting=(path,))
    assert [store.characters[label] for label in store.labels] == ["い", "あ", "い"]
    assert [store.source_names[i] for i in store.sources] == [
        *("writer 7", "writer 7", "writer 9")
    ]
    ink = store.decode(np.arange(3)) < 128
    across, down = ink.any(axis=1).sum(axis=1), ink.any(axis=2).sum(axis=1)
    np.testing.assert_array_equal(across > down, [True, False, True])
