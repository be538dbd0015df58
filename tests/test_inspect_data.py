"""inspect_data: made data, of which everything is known."""

import errno
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from experiments import inspect_data
from hwgen_keras import parallel
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import FONT, HANDWRITING, StoreWriter, inspection
from hwgen_keras.data.duplicates import near_duplicates
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter

pytestmark = pytest.mark.backend_free


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 1)


def inspect(**values):
    values = {name: str(value) for name, value in values.items()}
    return inspect_data.main(inspect_data.Settings(**values))


def drawing(character, seed, size=64):
    return PenWriter(seed).draw(character, image_size=size)


def save(folder, images):
    """Writes {path: image} as PNG files, or bytes as they are."""
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            Image.fromarray(image).save(path)


@pytest.fixture
def faulty(tmp_path):
    """A manifest of い, う and え, with one fault of each kind."""
    first = drawing("い", 1)
    copy = np.asarray(Image.fromarray(first).resize((96, 96)))
    images = {
        "w1/い1.png": first,
        "w1/い2.png": np.full((64, 64), 250, np.uint8),
        "w1/い3.png": drawing("い", 2),
        "w2/う1.png": 255 - drawing("う", 3),
        "w2/え1.png": copy,
        "w2/え2.png": b"no image at all",
    }
    folder = tmp_path / "画像 と 空白"
    save(folder, images)
    entries = {}
    for name in images:
        entries.setdefault(name[3], []).append(name)
    manifest = folder / "list.json"
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    return manifest


def names(found):
    return [name.rpartition("/")[2] for name in found]


class TestReport:
    def test_finds_each_fault(self, faulty, capsys):
        output = faulty.parent / "報告 1"
        report = inspect(
            data=faulty, characters="kana", writer_pattern=r"w\d", output=output
        )
        assert report["images"] == 6 and report["classes"] == 3
        assert report["counts"] == {"う": 1, "え": 2, "い": 3}
        assert report["images_a_class"] == {
            **{"min": 1, "median": 2.0, "max": 3},
            "imbalance": 3.0,
        }
        assert report["counts_of_sources"] == {"w1": 3, "w2": 3}
        assert len(report["missing"]) == 89 and report["outside"] == ""
        assert report["sizes"]["different"] == 2
        assert report["sizes"]["height"] == {"min": 64, "median": 64.0, "max": 96}
        assert names(report["blank"]) == ["い2.png"]
        assert names(report["unreadable"]) == ["え2.png"]
        assert names(report["white_on_black"]) == ["う1.png"]
        (group,) = report["near_duplicates"]
        assert group["characters"] == "いえ"
        assert names(group["images"]) == ["い1.png", "え1.png"]
        assert report["sources_alike"] == [["w1", "w2", 1]]

        assert json.loads((output / "report.json").read_text("utf-8")) == report
        assert sorted(file.name for file in output.glob("*.png")) == [
            *("blank.png", "classes-000.png", "duplicates.png", "white_on_black.png"),
        ]
        printed = capsys.readouterr().out
        assert "6 images of 3 characters" in printed
        assert "missing of kana: 89" in printed
        assert "between: w1 and w2 (1)" in printed
        assert "under different characters: 1 groups (いえ)" in printed

    def test_a_set_without_some_of_the_characters(self, faulty):
        (faulty.parent / "set.txt").write_text("い\n語\n", encoding="utf-8")
        report = inspect(data=faulty, characters=faulty.parent / "set.txt")
        assert report["missing"] == "語" and report["outside"] == "うえ"
        assert report["images_without_a_source"] == 6 and report["sources"] == 0

    def test_reads_a_store_of_scans_and_glyphs(self, tmp_path):
        path = tmp_path / "scans.store"
        kana = CharacterSet("three", "つっへ")
        # っ that fills a smaller part of the square, but is つ otherwise.
        large = drawing("つ", 1)
        small = np.full((64, 64), 255, np.uint8)
        small[30:62, 2:34] = np.asarray(Image.fromarray(large).resize((32, 32)))
        with StoreWriter(path, kana) as writer:
            writer.add(png(large), "つ", "Font", FONT)
            writer.add(png(small), "っ", "Font", FONT)
            writer.add(png(drawing("へ", 5, 80)), "へ", "hand", HANDWRITING)
            writer.add(png(np.full((9, 12), 7, np.uint8)), "へ", "hand", HANDWRITING)
        report = inspect(data=path, characters="kana", output=tmp_path / "report")
        assert report["counts_of_sources"] == {"Font": 2, "hand": 2}
        assert report["near_duplicates"] == []
        assert report["outside"] == "っ"
        assert report["blank"] == [f"{path}#3"]
        assert "classes-000.png" in {f.name for f in (tmp_path / "report").iterdir()}

    def test_a_manifest_of_a_store(self, tmp_path):
        with StoreWriter(tmp_path / "a.store", CharacterSet("a", "い")) as writer:
            writer.add(png(drawing("い", 1)), "い", "w", HANDWRITING)
            writer.add(png(drawing("い", 1)), "い", "w", HANDWRITING)
        manifest = tmp_path / "a.json"
        manifest.write_text(json.dumps({"い": ["a.store#0", "a.store#1"]}))
        (group,) = inspect(data=manifest)["near_duplicates"]
        assert names(group["images"]) == ["a.store#0", "a.store#1"]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({}, "--data is needed"),
            ({"data": "missing.json"}, "missing.json does not exist"),
            ({"data": "missing.store"}, "missing.store cannot be opened"),
            ({"data": "x.json", "output": "."}, r"--output: \. exists already"),
            ({"data": "x.json", "characters": "greek"}, "'greek'"),
        ],
    )
    def test_flags_are_checked(self, values, message):
        with pytest.raises(InputError, match=message):
            inspect(**values)

    def test_a_failure_leaves_no_output(self, faulty, monkeypatch):
        def fail(*arguments):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(inspect_data.inspection, "write_sheets", fail)
        with pytest.raises(InputError, match="out cannot be written .No space left"):
            inspect(data=faulty, output=faulty.parent / "out")
        assert not list(faulty.parent.glob("*out*"))

    def test_labels_without_a_japanese_font(self, faulty, monkeypatch):
        monkeypatch.setattr(
            "hwgen_keras.evaluation.sheets._installed_font", lambda: None
        )
        output = faulty.parent / "out"
        inspect(data=faulty, output=output)
        assert (output / "duplicates.png").exists()


class TestNearDuplicates:
    def test_finds_copies_that_were_changed(self, rng):
        characters = "あいうえおかきくけこさしすせそ"
        images = [drawing(c, seed) for seed in range(4) for c in characters]
        originals = len(images)
        for image in images[:originals:3]:
            file = io.BytesIO()
            smaller = Image.fromarray(image).resize((52, 52), Image.Resampling.BICUBIC)
            smaller.save(file, "JPEG", quality=80)
            images.append(np.asarray(Image.open(file)))
        groups = near_duplicates(thumbnails(images))
        expected = [
            [number, originals + copy]
            for copy, number in enumerate(range(0, originals, 3))
        ]
        found = [group.tolist() for group in groups if group.tolist() in expected]
        assert len(found) >= 0.9 * len(expected)
        # One writer's pages of other characters are no duplicates.
        assert len(groups) <= len(found) + 2

    def test_many_equal_images_are_one_group(self, rng):
        images = rng.integers(0, 256, (500, 16, 16), dtype=np.uint8)
        images[100:400] = images[0]
        (group,) = near_duplicates(images)
        assert group.tolist() == [0, *range(100, 400)]

    @settings(deadline=None, max_examples=25)
    @given(st.lists(st.integers(0, 6), max_size=40))
    def test_groups_are_the_equal_images(self, kinds):
        pictures = np.random.default_rng(0).integers(0, 256, (7, 16, 16), np.uint8)
        groups = near_duplicates(pictures[np.array(kinds, int)])
        expected = [np.flatnonzero(np.array(kinds) == k).tolist() for k in range(7)]
        assert sorted(group.tolist() for group in groups) == sorted(
            numbers for numbers in expected if len(numbers) > 1
        )

    def test_many_images_are_not_compared_each_with_each(self, rng):
        import time

        images = rng.integers(0, 256, (30_000, 16, 16), dtype=np.uint8)
        images[20_000] = images[3]
        start = time.process_time()
        assert [group.tolist() for group in near_duplicates(images)] == [[3, 20_000]]
        assert time.process_time() - start < 20


def test_a_bold_glyph_is_not_inverted():
    glyph = np.full((32, 32), 255, np.uint8)
    glyph[2:30, 0:32] = 0
    glyph[8:26, 5:27] = 255
    assert not inspection.is_inverted(glyph, scan=False)
    assert inspection.is_inverted(255 - drawing("い", 0), scan=False)


def thumbnails(images):
    small = []
    for image in images:
        clean = inspection.clean_image(image, 32, margin=0.0)
        picture = Image.fromarray(clean).resize((16, 16), Image.Resampling.BOX)
        small.append(np.asarray(picture))
    return np.stack(small)


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
