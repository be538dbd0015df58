"""prepare_fonts: what it renders, what it leaves out and why, and resuming."""

import csv
import errno
import json
import pathlib
import shutil

import numpy as np
import pytest
from built_fonts import FULL, SMALL, TALL, TOFU, build_font, write_font
from PIL import Image

from experiments import prepare_fonts
from hwgen_keras import parallel
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import FONT, ImageStore
from hwgen_keras.data.faces import render_face
from hwgen_keras.data.png import encode_glyph
from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder
from hwgen_keras.sources import Font, find_fonts

pytestmark = pytest.mark.backend_free

KANA = "あいうえおっ"
BOXES = {c: (50 * n, 0, 50 * n + 300, 120 * n + 120) for n, c in enumerate(KANA)}


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 1)


@pytest.fixture
def folder(tmp_path):
    """A folder of fonts and a text file of characters, in a path with a space."""
    folder = tmp_path / "手書き フォント"
    folder.mkdir()
    (tmp_path / "かな.txt").write_text("\n".join(KANA), encoding="utf-8")
    return folder


def prepare(folder, image_size=32, fonts=None, output="出力 1"):
    settings = prepare_fonts.Settings(
        fonts=fonts or [str(folder)],
        characters=str(folder.parent / "かな.txt"),
        image_size=image_size,
        output=str(folder.parent / output),
    )
    return prepare_fonts.main(settings)


def coverage(path):
    return json.loads((path.parent / "coverage.json").read_text(encoding="utf-8"))


class TestRenderFace:
    def test_sorts_glyphs_by_their_fault(self, tmp_path):
        (font,) = find_fonts(build_font(tmp_path / "tiny.ttf"))
        characters = CharacterSet("six", "あいうえおっ")
        path = tmp_path / "part.store"
        found = render_face(font, characters, 32, path)
        assert found == {
            None: ["い", "っ"],
            "notdef": ["う"],
            "blank": ["え"],
            "full": ["お"],
        }
        store = ImageStore.open(path)
        assert [store.characters[label] for label in store.labels] == ["い", "っ"]
        assert store.kinds.tolist() == [FONT, FONT]
        assert store.source_names == ("Tiny Regular",)
        np.testing.assert_array_equal(store.decode_one(1), font.render("っ", 32, 0.0))

    @pytest.mark.parametrize("count", [3, 4])
    def test_an_outline_of_many_characters_is_a_stand_in(self, tmp_path, count):
        many = "一二三四"[:count]
        shapes = {**dict.fromkeys(many, SMALL), "永": TALL}
        (font,) = find_fonts(write_font(tmp_path / "a.ttf", shapes))
        characters = CharacterSet("kanji", many + "永")
        for rendered, others in ((characters, ()), (CharacterSet("一", "永"), many)):
            found = render_face(font, rendered, 32, tmp_path / "a.store", others)
            assert found.get("shared", []) == (list(many) if count > 3 else [])

    def test_a_damaged_glyph_is_left_out(self, tmp_path, monkeypatch):
        (font,) = find_fonts(write_font(tmp_path / "a.ttf", BOXES))
        draw = Font.draw

        def damaged(self, character, pixels):
            if character == "う":
                raise InputError("damaged")
            return draw(self, character, pixels)

        monkeypatch.setattr(Font, "draw", damaged)
        found = render_face(
            font, CharacterSet("six", KANA[:3]), 32, tmp_path / "a.store", KANA[3:]
        )
        assert found == {None: list("あいえおっ"), "damaged": ["う"]}

    def test_without_a_usable_glyph_there_is_no_file(self, tmp_path):
        (font,) = find_fonts(write_font(tmp_path / "a.ttf", {"あ": TOFU, "い": FULL}))
        found = render_face(font, CharacterSet("a", "あい"), 32, tmp_path / "a.store")
        assert found[None] == []
        assert not (tmp_path / "a.store").exists()

    def test_the_coding_loses_nothing(self, rng):
        import io

        image = rng.integers(0, 256, (20, 30), dtype=np.uint8)
        decoded = Image.open(io.BytesIO(encode_glyph(image)))
        np.testing.assert_array_equal(np.asarray(decoded), image)


class TestPrepareFonts:
    def test_renders_and_reports(self, folder, capsys):
        build_font(folder / "tiny.ttf")
        names = {"licenseDescription": "Free, for all.", "licenseInfoURL": "a.example"}
        write_font(folder / "boxes.otf", BOXES, "Boxes", **names)
        path = prepare(folder)
        store = ImageStore.open(path)
        assert store.image_size == 32 and len(store) == 8
        assert store.source_names == ("Boxes Regular", "Tiny Regular")
        boxes, tiny = coverage(path)["fonts"]
        assert boxes["licence"] == "Free, for all." and boxes["weight"] == 300
        assert boxes["covered"]["kana"] == 5 and boxes["rendered"] == 6
        assert tiny["faults"] == {"notdef": "う", "blank": "え", "full": "お"}
        with open(path.with_name("coverage.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["name"] for row in rows] == ["Boxes Regular", "Tiny Regular"]
        assert rows[1]["blank"] == "1" and rows[0]["licence_url"] == "a.example"
        with Image.open(path.with_name("sheets") / "fonts-000.png") as sheet:
            assert sheet.height > 2 * 64
        printed = capsys.readouterr().out
        assert "かな (6)" in printed and "Free, for all." in printed
        assert "8 glyphs of 2 fonts" in printed

    def test_names_what_is_left_out(self, folder, tiny_font, capsys):
        import matplotlib

        write_font(folder / "good.ttf", BOXES)
        (folder / "text.ttf").write_text("This is no font at all.")
        (folder / "empty.otf").touch()
        (folder / "short.ttf").write_bytes(tiny_font.read_bytes()[:100_000])
        (folder / "self.ttc").symlink_to(folder / "self.ttc")
        (folder / "round").symlink_to(folder, target_is_directory=True)
        latin = pathlib.Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
        shutil.copy(latin, folder)
        path = prepare(folder)
        assert ImageStore.open(path).source_names == ("Tiny Regular",)
        left_out = {
            pathlib.Path(entry["file"]).name: entry["reason"]
            for entry in coverage(path)["left_out"]
        }
        expected = {
            "text.ttf": "not a readable font",
            "empty.otf": "empty",
            "short.ttf": "cut short",
            "self.ttc": "not a file",
            "DejaVuSans.ttf": "no character of かな",
        }
        assert set(left_out) == set(expected)
        printed = capsys.readouterr().out
        for name, reason in expected.items():
            assert reason in left_out[name]
            assert left_out[name] in printed

    def test_copies_are_left_out(self, folder):
        write_font(folder / "a.ttf", BOXES)
        shutil.copy(folder / "a.ttf", folder / "b.ttf")
        (folder / "c.ttf").symlink_to(folder / "a.ttf")
        write_font(folder / "d.ttf", BOXES, "Another name", "Version 7")
        write_font(folder / "e.ttf", {**BOXES, "永": TALL}, "大きい")
        write_font(folder / "f.ttf", {**BOXES, "あ": TALL}, "Different")
        path = prepare(folder)
        names = ("大きい Regular", "Different Regular")
        assert ImageStore.open(path).source_names == names
        reasons = [entry["reason"] for entry in coverage(path)["left_out"]]
        assert len(reasons) == 4
        assert sum("is a copy of" in reason for reason in reasons) == 3
        assert sum("is a link to" in reason for reason in reasons) == 1

    def test_without_a_usable_font_it_is_an_error(self, folder):
        (folder / "text.ttf").write_text("no font")
        write_font(folder / "tofu.ttf", {"あ": TOFU})
        write_font(folder / "full.ttf", {"い": FULL}, "Full")
        with pytest.raises(InputError, match="no font has a usable glyph of かな"):
            prepare(folder)
        write_font(folder / "good.ttf", BOXES)
        assert len(ImageStore.open(prepare(folder))) == 6

    def test_resumes_where_it_stopped(self, folder, monkeypatch, capsys):
        write_font(folder / "a.ttf", BOXES)
        write_font(folder / "b.ttf", {**BOXES, "あ": TALL}, "Second")

        def stop(*arguments):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(prepare_fonts.data, "concatenate_stores", stop)
            with pytest.raises(KeyboardInterrupt):
                prepare(folder)
        output = folder.parent / "出力 1"
        (output / "parts" / "00001.json").unlink()
        (output / "parts" / ".partial-7-00001.store").touch()
        path = prepare(folder)
        assert "1 of 2 fonts are rendered already" in capsys.readouterr().out
        assert len(ImageStore.open(path)) == 12
        assert sorted(file.name for file in output.iterdir()) == [
            *(".lock", "coverage.csv", "coverage.json", "fonts.store"),
            *("request.json", "sheets"),
        ]

        assert prepare(folder) == path
        assert "is complete" in capsys.readouterr().out

    def test_another_request_is_refused(self, folder):
        write_font(folder / "a.ttf", BOXES)
        prepare(folder)
        with pytest.raises(InputError, match="1 was begun with other --image_size"):
            prepare(folder, image_size=48)
        write_font(folder / "b.ttf", BOXES, "Second")
        with pytest.raises(InputError, match="begun with other --fonts"):
            prepare(folder)

    def test_a_folder_of_other_things_is_refused(self, folder):
        write_font(folder / "a.ttf", BOXES)
        with pytest.raises(InputError, match="holds other files"):
            prepare(folder, output=folder.name)

    def test_a_second_process_is_refused(self, folder):
        write_font(folder / "a.ttf", BOXES)
        with locked_folder(folder.parent / "出力 1", "--output"):
            with pytest.raises(InputError, match="in use by another process"):
                prepare(folder)

    def test_a_full_disk_is_told(self, folder, monkeypatch):
        def fail(*arguments):
            raise OSError(errno.ENOSPC, "No space left on device")

        write_font(folder / "a.ttf", BOXES)
        monkeypatch.setattr(prepare_fonts.data, "concatenate_stores", fail)
        with pytest.raises(InputError, match="cannot be written .No space left"):
            prepare(folder)

    def test_a_name_that_is_too_long_is_told(self, folder):
        write_font(folder / "a.ttf", BOXES)
        with pytest.raises(InputError, match="--output .* cannot be written"):
            prepare(folder, output="長" * 200)
        assert prepare(folder, output=f"{'深' * 60}/{'い' * 60}").exists()

    def test_installed_fonts_are_added(self, folder, tmp_path, monkeypatch):
        write_font(folder / "a.ttf", BOXES)
        write_font(tmp_path / "b.ttf", {"あ": BOXES["え"]}, family="B")
        found = "hwgen_keras.sources.font_files.installed_files"
        monkeypatch.setattr(found, lambda: [tmp_path / "b.ttf"])
        settings = prepare_fonts.Settings(
            fonts=[str(folder)],
            system=True,
            characters=str(tmp_path / "かな.txt"),
            image_size=32,
            output=str(tmp_path / "out"),
        )
        assert len(ImageStore.open(prepare_fonts.main(settings)).source_names) == 2

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"output": "x"}, "--fonts or --system is needed"),
            ({"fonts": ["x"]}, "--output is needed"),
            ({"fonts": ["x"], "output": "x", "image_size": 4}, "--image_size is 4"),
            ({"fonts": ["no such"], "output": "x"}, "no such does not exist"),
        ],
    )
    def test_flags_are_checked(self, values, message):
        with pytest.raises(InputError, match=message):
            prepare_fonts.main(prepare_fonts.Settings(**values))


class TestParallel:
    def test_processes_share_the_work(self):
        results = dict(
            parallel.each(divmod, [(7, 2), (9, 4), (8, 3)], "pair", "", workers=2)
        )
        assert results == {0: (3, 1), 1: (2, 1), 2: (2, 2)}

    def test_an_error_reaches_the_caller(self):
        with pytest.raises(ZeroDivisionError):
            list(parallel.each(divmod, [(1, 1), (1, 0)], "pair", "", workers=2))

    def test_a_killed_process_is_told(self):
        import os

        with pytest.raises(InputError, match="was killed"):
            list(parallel.each(os._exit, [(1,), (1,)], "exit", "", workers=2))
