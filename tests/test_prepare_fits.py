"""prepare_strokes --fit: images to tracks, what is refused, and resuming."""

import numpy as np
import pytest
from PIL import Image

from experiments import prepare_strokes
from experiments import strokes as parts
from hwgen_keras import CharacterSet, parallel
from hwgen_keras.data import (
    FITTED,
    HANDWRITING,
    StrokeStore,
    array_store,
    simulated_store,
)
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter

pytestmark = pytest.mark.backend_free


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 1)


@pytest.fixture
def images(tmp_path):
    """A store of two simulated writers."""
    characters = CharacterSet("three", "木口十")
    path = tmp_path / "pens.store"
    simulated_store([3, 4], characters, 96, progress=False).save(path)
    return path


class Reader:
    """Takes every image for 木."""

    image_size = 48
    characters = ("木", "口")

    def read(self, images, top_k):
        assert images.shape[1:] == (48, 48) and top_k == 2
        return [["木"]] * len(images), None


def save(pictures, characters, path):
    """A store of images, each of one of the characters in turn."""
    known = CharacterSet("some", characters)
    labels = np.arange(len(pictures))
    array_store(pictures, labels, 0, HANDWRITING, ["w"], known).save(path)


def prepare(tmp_path, **values):
    settings = prepare_strokes.Settings(output=str(tmp_path / "出力"), **values)
    return prepare_strokes.main(settings)


def test_some_kanji_of_each_hand(tmp_path):
    characters = CharacterSet("five", "木口十こい")
    path = tmp_path / "pens.store"
    simulated_store([3, 4], characters, 96, progress=False).save(path)
    found = []
    for seed in range(6):
        folder = tmp_path / str(seed)
        made = prepare(folder, fit=[str(path)], kanji_each=1, seed=seed, points=12)
        store = StrokeStore.open(made)
        tracks = {name: set() for name in store.source_names}
        for label, source in zip(store.labels, store.sources, strict=True):
            tracks[store.source_names[source]].add(store.characters[label])
        for own in tracks.values():
            assert own >= set("こい") and len(own) == 3
        found.append(tracks)
    # The seed draws the kanji, of each hand for itself.
    assert (
        len({"".join(sorted(own)) for tracks in found for own in tracks.values()}) > 1
    )
    assert any(tracks["pen-0003"] != tracks["pen-0004"] for tracks in found)


def test_fits_the_images_of_a_store(tmp_path, images, capsys):
    path = prepare(tmp_path, fit=[str(images)], licence=["pens.store=CC0"], points=12)
    assert "pen-0003: 3 of 3 fits kept." in capsys.readouterr().out
    store = StrokeStore.open(path)
    assert len(store) == 6 and (store.kinds == FITTED).all() and store.points == 12
    assert set(store.licences) == {"CC0"}
    assert store.source_names == ("pen-0003", "pen-0004")
    (index,) = store.find("木", "pen-0004")
    truth = PenWriter(4).track("木", points=12).filling().strokes
    off = np.hypot(*np.moveaxis(store.track(index).filling().strokes - truth, -1, 0))
    assert off.mean() < 0.05
    with Image.open(path.parent / "sheets" / "fitted.png") as sheet:
        assert sheet.mode == "RGB"
    assert (path.parent / "unfitted.txt").read_text("utf-8") == ""


def test_characters_choose_and_folders_are_read(tmp_path, capsys):
    folder = tmp_path / "花子"
    folder.mkdir()
    for character in "木十":
        image = Image.fromarray(PenWriter(1).draw(character, 64))
        image.save(folder / f"{character}.png")
    (tmp_path / "one.txt").write_text("十\n", encoding="utf-8")
    path = prepare(tmp_path, fit=[str(folder)], characters=str(tmp_path / "one.txt"))
    store = StrokeStore.open(path)
    assert len(store) == 1 and store.track(0).character == "十"
    assert "No licence is known of" in capsys.readouterr().out


def test_a_reader_refuses(tmp_path, images, monkeypatch):
    monkeypatch.setattr(parts.fits.hwgen_keras, "load", lambda name: Reader())
    path = prepare(tmp_path, fit=[str(images)], reader="reader")
    store = StrokeStore.open(path)
    # What the reader does not know is kept.
    assert sorted(store.track(i).character for i in range(len(store))) == list(
        "十十木木"
    )
    refused = (path.parent / "unfitted.txt").read_text("utf-8").splitlines()
    assert len(refused) == 2
    assert all("the reader takes it for another" in line for line in refused)


def test_bad_images_are_refused(tmp_path):
    square = PenWriter(1).draw("口", 64)
    pictures = np.stack([square, np.full_like(square, 255), square])
    save(pictures, "口木ﬀ", tmp_path / "a.store")
    path = prepare(tmp_path, fit=[str(tmp_path / "a.store")])
    assert len(StrokeStore.open(path)) == 1
    refused = (path.parent / "unfitted.txt").read_text("utf-8")
    assert "is blank" in refused and "KanjiVG has no strokes for ﬀ" in refused


def test_without_a_fit_the_file_tells_why(tmp_path):
    image = PenWriter(1).draw("口", 64)[None]
    save(image, "語", tmp_path / "a.store")
    with pytest.raises(InputError, match="none of the 1 images .*unfitted.txt"):
        prepare(tmp_path, fit=[str(tmp_path / "a.store")])
    assert not (tmp_path / "出力" / "strokes.store").exists()


def test_resumes_after_an_interruption(tmp_path, images, monkeypatch):
    fit_one, seen = parts.fits.fit_one, []

    def counted(sample, *arguments):
        seen.append(sample.index)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return fit_one(sample, *arguments)

    monkeypatch.setattr(parts.fits, "_IMAGES", 2)
    monkeypatch.setattr(parts.fits, "fit_one", counted)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, fit=[str(images)])
    assert len(StrokeStore.open(prepare(tmp_path, fit=[str(images)]))) == 6
    assert seen == [0, 1, 2, 3, 4, 4, 5]


def test_a_missing_store(tmp_path):
    with pytest.raises(InputError, match="none.store"):
        prepare(tmp_path, fit=["none.store"])


def test_workers_of_dask_fit_the_same(tmp_path, images, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(parts.fits, "_IMAGES", 3)
    found = []
    for engine in ({}, {"engine": "dask", "workers": 2}):
        path = prepare(
            tmp_path / str(len(found)), fit=[str(images)], points=12, **engine
        )
        found.append([path.read_bytes(), (path.parent / "unfitted.txt").read_bytes()])
        assert not (path.parent / "parts").exists()
    assert found[0] == found[1]
