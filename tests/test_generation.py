"""A generated set: its forms, its provenance, and that a kill changes nothing."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from scribe import CHARACTERS, Scribe, sampler, write
from stores import small_store

from hwgen_keras.data import GENERATED, ImageStore, read_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.generation import (
    Gate,
    GenerationSampler,
    assembly,
    formats,
    generate,
    row_noise,
    to_uint8,
)
from hwgen_keras.generation.rows import parts_of
from hwgen_keras.sources import Look

pytestmark = pytest.mark.backend_free

FORMS = ("png", "store", "tfrecord")


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def images_of(folder):
    """The files but generation.json, which tells the batch size, too."""
    files = files_of(folder)
    del files["generation.json"]
    return files


def provenance(folder):
    with open(folder / "provenance.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_set_is_the_same_whatever_batches_and_threads(tmp_path):
    generator = Scribe()
    write(tmp_path / "whole", generator, batch_size=64)
    assert set(generator.sizes) == {64}
    whole = images_of(tmp_path / "whole")
    assert len([name for name in whole if name.endswith(".png")]) == 18
    for batch_size, threads in ((5, 1), (1, 3)):
        folder = tmp_path / f"{batch_size}"
        generator = Scribe()
        write(folder, generator, batch_size=batch_size, threads=threads)
        # No batch of another size, which would be compiled for itself.
        assert set(generator.sizes) == {batch_size}
        assert images_of(folder) == whole
    # Nor do parts matter where images are not compared.
    write(tmp_path / "one", part_rows=1000)
    assert images_of(tmp_path / "one") == whole


def test_the_forms_agree_image_for_image(tmp_path):
    paths = {form: write(tmp_path / form, form=form) for form in FORMS}
    tables = {form: provenance(tmp_path / form) for form in FORMS}
    for table in tables.values():
        assert len(table) == 18
        for row, first in zip(table, tables["png"], strict=True):
            assert {**row, "path": ""} == {**first, "path": ""}
    png = [(tmp_path / "png" / row["path"]).read_bytes() for row in tables["png"]]

    assert paths["store"] == tmp_path / "store" / "images.store"
    store = ImageStore.open(paths["store"])
    assert [row["path"] for row in tables["store"]] == [
        f"images.store#{number}" for number in range(18)
    ]
    assert [store.png(number) for number in range(18)] == png
    assert (store.kinds == GENERATED).all() and store.image_size == 24

    import tensorflow as tf

    from hwgen_keras.data.tfrecords import features

    found = []
    for row in tables["tfrecord"]:
        name, number = row["path"].split("#")
        records = list(tf.data.TFRecordDataset(str(tmp_path / "tfrecord" / name)))
        found.append(tf.io.parse_single_example(records[int(number)], features()))
    assert [record["image"].numpy() for record in found] == png
    assert [int(record["row"]) for record in found] == list(range(18))
    for record, row in zip(found, tables["tfrecord"], strict=True):
        assert record["character"].numpy().decode() == row["character"]
        assert record["writer"].numpy().decode() == row["writer"]
        assert CHARACTERS[int(record["label"])] == row["character"]

    # In one order, so that another process writes the same bytes.
    names = [b"character", b"image", b"label", b"row", b"writer"]
    places = [[record.numpy().index(name) for name in names] for record in records]
    assert places == [sorted(row) for row in places]

    manifests = [read_manifest(tmp_path / f / "manifest.json") for f in FORMS]
    for samples, form in zip(manifests, FORMS, strict=True):
        for sample, row in zip(samples, tables[form], strict=True):
            assert sample.character == row["character"]
            assert sample.writer == row["writer"]
            assert sample.name == str(tmp_path / form / row["path"])
    names = {path.name for path in (tmp_path / "tfrecord").iterdir()}
    assert "images-00002-of-00003.tfrecord" in names


def test_the_provenance_makes_the_image_again(tmp_path):
    write(tmp_path / "set", form="store")
    rows, drawn = provenance(tmp_path / "set"), sampler()
    store = ImageStore.open(tmp_path / "set" / "images.store")
    table = drawn.draw(np.arange(18))
    assert [int(row["row"]) for row in rows] == list(range(18))
    for number, row in enumerate(rows):
        assert (row["seed"], row["attempt"], row["score"]) == ("0", "0", "")
        assert len(row["model"]) == 64
        character, place = row["style"].split("/")
        style = drawn.store.find(character, row["writer"])[int(place)]
        content = drawn.store.find(row["character"], row["font"])[0]
        assert (style, content) == (table["style"][number], table["content"][number])
        assert row["character"] == CHARACTERS[store.labels[number]]
        assert row["writer"] == store.source_names[store.sources[number]]


def test_accepted_images_are_scanned(tmp_path):
    seen = []

    def reads(images, labels):
        seen.extend(images)
        return np.ones(len(images), np.float32)

    def decoded(name, look, **arguments):
        folder = tmp_path / name
        path = generate(
            *(Scribe(), sampler(look=look), folder),
            **{"form": "store", "progress": False, "part_rows": 6, **arguments},
        )
        return ImageStore.open(path).decode(range(18))

    clean = decoded("clean", "clean")
    scanned = decoded("scan", "scan", gate=Gate(reads), batch_size=4)
    # The reader saw them before.
    np.testing.assert_array_equal(np.stack(seen), clean)
    job = json.loads((tmp_path / "scan" / "generation.json").read_text("utf-8"))["job"]
    assert job["rows"]["look"] == "scan"
    look, store = Look("scan", 0), ImageStore.open(tmp_path / "scan" / "images.store")
    for row, (image, source) in enumerate(zip(clean, store.sources, strict=True)):
        hand = store.source_names[source]
        np.testing.assert_array_equal(look.scan(image, hand, row, 0), scanned[row])
        assert (scanned[row] != image).any()
    again = decoded("again", "scan", batch_size=7, threads=1, part_rows=100)
    np.testing.assert_array_equal(again, scanned)
    with pytest.raises(InputError, match="exists already and holds another set"):
        decoded("scan", "clean", gate=Gate(reads))
    with pytest.raises(InputError, match="look is 'pen', and pens write strokes"):
        sampler(look="pen")
    with pytest.raises(InputError, match="look is 'fax'; use clean, pen, scan"):
        sampler(look="fax")


@pytest.mark.parametrize("form", formats.FORMATS)
def test_a_run_that_breaks_off_resumes(form, tmp_path, monkeypatch):
    write(tmp_path / "whole", form=form)
    kind = formats.FORMATS[form]
    original = kind.write

    def break_off(self, number, rows, images):
        original(self, number, rows, images)
        if number == 1:  # its files are there, and nothing says that it is complete
            raise KeyboardInterrupt

    monkeypatch.setattr(kind, "write", break_off)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "parts", form=form)
    assert not (tmp_path / "parts").exists()
    monkeypatch.setattr(kind, "write", original)
    done = len(list((tmp_path / "parts.partial" / "parts").glob("*.json")))
    assert 1 <= done < 3
    with pytest.raises(InputError, match="parts.partial holds a part of another job"):
        write(tmp_path / "parts", form=form, count=4)
    generator = Scribe()
    write(tmp_path / "parts", generator, form=form)
    assert len(generator.sizes) == 2 * (3 - done)
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    assert not (tmp_path / "parts.partial").exists()
    # Once more: all is there. But not for another request.
    generator = Scribe()
    write(tmp_path / "parts", generator, form=form)
    assert not generator.sizes
    with pytest.raises(InputError, match="exists already and holds another set"):
        write(tmp_path / "parts", form=form, count=4)


def test_a_run_that_is_killed_resumes(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    here = pathlib.Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent)])
    killed = subprocess.run(
        [sys.executable, str(here / "scribe.py"), str(parts), "5", "store"],
        env=os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    # What it was writing.
    (tmp_path / "parts.partial/set/.partial-1-images.store").write_bytes(b"half")
    write(parts, form="store")
    write(whole, form="store")
    assert files_of(parts) == files_of(whole)


def test_what_cannot_be_written_is_reported(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="The form is 'jpg'; use png, store, tfrec"):
        write(tmp_path / "set", form="jpg")
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="other exists already; choose another"):
        write(tmp_path / "other")

    def full(*arguments):
        raise InputError("The disk is full")

    monkeypatch.setattr(assembly, "write_text", full)
    with pytest.raises(InputError, match="The disk is full"):
        write(tmp_path / "set")


def test_rows_follow_from_their_number_and_attempt():
    drawn = sampler(style_images=3)
    whole = drawn.epoch(0)
    rows = np.array([7, 2, 17])
    for name, column in drawn.draw(rows).items():
        np.testing.assert_array_equal(column, whole[name][rows])
    for name in ("content", "style"):  # however many images are shown
        np.testing.assert_array_equal(sampler().epoch(0)[name], whole[name])
        assert (drawn.epoch(1)[name] != whole[name]).any()
    styles = np.stack([whole[name] for name in ("style", "style_1", "style_2")])
    assert all(len(set(row)) == 3 for row in styles.T)
    sources = drawn.store.sources[styles]
    assert (sources == sources[0]).all() and len(set(sources[0])) == 2
    assert {drawn.store.source_names[s] for s in sources[0]} == {"writer-0", "writer-1"}
    same = sampler(style_from="same_character").epoch(0)
    np.testing.assert_array_equal(drawn.store.labels[same["style"]], same["label"])


def test_every_glyph_and_style_image_is_drawn_alike():
    drawn = sampler(200, style_images=2)
    table = drawn.epoch(0)
    expectations = ("content", 0, 1200 / 18), ("style", 1, 100), ("style_1", 1, 100)
    for name, kind, expected in expectations:
        used, counts = np.unique(table[name], return_counts=True)
        np.testing.assert_array_equal(used, np.flatnonzero(drawn.store.kinds == kind))
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_counts_of_each_character(tmp_path):
    drawn = sampler({"か": 2, "あ": 5, "う": 0})
    assert drawn.rows_per_epoch == 7
    labels, numbers = drawn.label_of(np.arange(7))
    assert [CHARACTERS[label] for label in labels] == list("あああああかか")
    assert numbers.tolist() == [0, 1, 2, 3, 4, 0, 1]
    np.testing.assert_array_equal(drawn.epoch(0)["label"], labels)
    write(tmp_path / "set", count={"か": 2, "あ": 5})
    assert [row["character"] for row in provenance(tmp_path / "set")] == list(
        "あああああかか"
    )


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ({"け": 1}, "'け' is not in the character set"),
        ({"あ": -1}, "fewer than none"),
        ({"あ": 0}, "no image"),
        (0, "0 images of a character"),
    ],
)
def test_counts_that_cannot_be_are_reported(count, message):
    with pytest.raises(InputError, match=message):
        sampler(count)


def test_a_character_without_a_glyph_is_reported():
    names = [(f"font-{number}", "う") for number in range(3)]
    store = small_store(CHARACTERS, without=names)
    with pytest.raises(InputError, match="No font has a glyph of う, of which"):
        GenerationSampler(store, {"う": 1, "あ": 1})
    assert GenerationSampler(store, 2).rows_per_epoch == 10


@pytest.mark.parametrize(
    ("counts", "most", "expected"),
    [
        ([2, 2, 2], 4, [4, 2]),
        ([3, 3], 4, [3, 3]),
        ([10, 1], 4, [4, 4, 3]),
        ([1, 10, 1], 4, [1, 4, 4, 3]),
        ([1], 100, [1]),
    ],
)
def test_parts_are_whole_characters(counts, most, expected):
    parts = parts_of(counts, most)
    assert [len(part) for part in parts] == expected
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(sum(counts)))


def test_attempts_have_noise_of_their_own():
    noise = np.stack([row_noise(1, [4], 16, attempt) for attempt in (0, 1)])
    assert abs(np.corrcoef(noise.reshape(2, -1))[0, 1]) < 0.3


def test_what_is_no_number_is_paper():
    images = np.array([np.nan, -3.0, np.inf, 0.0], "float32").reshape(1, 2, 2, 1)
    assert to_uint8(images).ravel().tolist() == [255, 0, 255, 128]
