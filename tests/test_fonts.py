"""Fonts: finding faces, telling real glyphs from stand-ins, drawing them."""

import io
import pathlib
import pickle
import shutil
import stat
import sys

import hypothesis
import numpy as np
import pytest
from built_fonts import build_font
from fontTools.ttLib import TTCollection, TTFont
from hypothesis import strategies
from PIL import ImageFont

from hwgen_keras.errors import InputError
from hwgen_keras.sources import find_fonts, system_fonts
from hwgen_keras.sources.font_files import HIRAGANA

pytestmark = pytest.mark.backend_free


@pytest.fixture
def built(tmp_path):
    return find_fonts(build_font(tmp_path / "tiny.ttf"))[0]


@pytest.fixture(scope="module")
def gothic(tiny_font):
    return find_fonts(tiny_font)[0]


def ink_box(image):
    rows, columns = np.nonzero(image < 128)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


class TestFinding:
    def test_searches_folders_and_names_faces(self, tmp_path, tiny_font):
        deep = tmp_path / "a" / "b"
        deep.mkdir(parents=True)
        shutil.copy(tiny_font, deep / "gothic.TTF")
        build_font(tmp_path / "tiny.ttf")
        (tmp_path / "notes.txt").write_text("no font")
        (tmp_path / "._tiny.ttf").write_bytes(b"left by macOS")
        found = find_fonts(tmp_path)
        assert [font.name for font in found] == ["IPAexGothic Regular", "Tiny Regular"]
        assert found == find_fonts([str(tmp_path)])

    def test_keeps_one_of_two_copies(self, tmp_path):
        first = build_font(tmp_path / "a.ttf")
        shutil.copy(first, tmp_path / "b.ttf")
        assert [font.path for font in find_fonts(tmp_path)] == [str(first)]
        assert len(find_fonts([first, tmp_path])) == 1

    def test_two_versions_have_two_names(self, tmp_path):
        build_font(tmp_path / "a.ttf")
        build_font(tmp_path / "b.ttf", version="Version 2.000")
        names = [font.name for font in find_fonts(tmp_path)]
        assert names == ["Tiny Regular", "Tiny Regular Version 2.000"]

    def test_gives_all_faces_of_a_collection(self, tmp_path):
        collection = TTCollection()
        for family in ("One", "Two"):
            file = io.BytesIO()
            build_font(file, family)
            collection.fonts.append(TTFont(file))
        collection.save(tmp_path / "both.ttc")
        found = find_fonts(tmp_path)
        assert [(f.name, f.index) for f in found] == [
            ("One Regular", 0),
            ("Two Regular", 1),
        ]
        assert all(font.covers("い") for font in found)

    @pytest.mark.parametrize("named", [True, False], ids=["named", "in a folder"])
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"This is plain text, not a font at all.",
            b"ttcf" + bytes(20),
            b"ttcf" + b"\xff" * 40,
            b"\x00\x01\x00\x00" + b"\xff" * 40,
        ],
        ids=["empty", "text", "no face", "many faces", "no tables"],
    )
    def test_names_a_file_that_is_no_font(self, tmp_path, content, named):
        file = tmp_path / "broken.ttf"
        file.write_bytes(content)
        with pytest.raises(InputError, match="broken.ttf"):
            find_fonts(file if named else tmp_path)

    @pytest.mark.parametrize("flavour", ["woff", "woff2"])
    def test_reads_fonts_of_the_web(self, tmp_path, flavour):
        with TTFont(build_font(tmp_path / "tiny.ttf")) as font:
            font.flavor = flavour
            font.save(tmp_path / f"tiny.{flavour}")
        plain = find_fonts(tmp_path / "tiny.ttf")[0]
        (font,) = find_fonts(tmp_path / f"tiny.{flavour}")
        np.testing.assert_array_equal(font.render("い", 32), plain.render("い", 32))

    def test_unpacks_what_freetype_cannot(self, tmp_path, monkeypatch):
        with TTFont(build_font(tmp_path / "tiny.ttf")) as font:
            font.flavor = "woff2"
            font.save(tmp_path / "packed.woff2")
        truetype = ImageFont.truetype

        def without_brotli(font, *arguments, **options):
            if str(font).endswith("woff2"):
                raise OSError("unknown file format")
            return truetype(font, *arguments, **options)

        monkeypatch.setattr(ImageFont, "truetype", without_brotli)
        (font,) = find_fonts(tmp_path / "packed.woff2")
        assert font.render("い", 32).min() == 0

    @pytest.mark.parametrize("flavour", ["woff", "woff2"])
    def test_names_a_web_font_cut_short(self, tmp_path, flavour):
        file = tmp_path / f"short.{flavour}"
        with TTFont(build_font(tmp_path / "tiny.ttf")) as font:
            font.flavor = flavour
            font.save(file)
        file.write_bytes(file.read_bytes()[:-200])
        with pytest.raises(InputError, match="short.woff"):
            find_fonts(file)

    def test_links_in_a_circle_are_followed_once(self, tmp_path):
        folder = tmp_path / "手書き フォント"
        folder.mkdir()
        build_font(folder / "小さい.ttf")
        (folder / "round").symlink_to(tmp_path, target_is_directory=True)
        assert [f.path for f in find_fonts(tmp_path)] == [str(folder / "小さい.ttf")]
        (tmp_path / "self.ttf").symlink_to(tmp_path / "self.ttf")
        with pytest.raises(InputError, match="self.ttf is not a file"):
            find_fonts(tmp_path)

    def test_names_a_font_cut_short(self, tmp_path, tiny_font):
        file = tmp_path / "short.ttf"
        file.write_bytes(tiny_font.read_bytes()[:100_000])
        with pytest.raises(InputError, match="short.ttf.*cut short"):
            find_fonts(tmp_path)

    def test_names_what_does_not_exist_or_holds_nothing(self, tmp_path):
        with pytest.raises(InputError, match="missing.ttf does not exist"):
            find_fonts(tmp_path / "missing.ttf")
        with pytest.raises(InputError, match=f"{tmp_path.name} holds no font"):
            find_fonts(tmp_path)

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(data=strategies.data())
    def test_a_damaged_font_is_drawn_or_refused(self, tmp_path_factory, data):
        folder = tmp_path_factory.getbasetemp() / "damaged"
        folder.mkdir(exist_ok=True)
        content = bytearray(build_font(folder / "whole.ttf").read_bytes())
        places = strategies.integers(0, len(content) - 1)
        damages = strategies.tuples(places, strategies.integers(0, 255))
        for place, byte in data.draw(strategies.lists(damages, max_size=12)):
            content[place] = byte
        # A name of its own, because an open font file stays in the cache.
        file = folder / f"{hash(bytes(content))}.ttf"
        file.write_bytes(content)
        try:
            image = find_fonts(file)[0].render("い", 16)
        except InputError as error:
            assert file.name in str(error)
        else:
            assert image.shape == (16, 16)
        finally:
            file.unlink()


class TestSystemFonts:
    def test_asks_fontconfig(self, tmp_path, tiny_font, monkeypatch):
        broken = tmp_path / "broken.ttf"
        broken.write_text("no font")
        latin_only = build_font(tmp_path / "tiny.ttf")
        program = tmp_path / "fc-list"
        program.write_text(f"#!/bin/sh\nprintf '{tiny_font}\n{broken}\n{latin_only}\n'")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.warns(UserWarning, match="broken.ttf is not a readable font"):
            found = system_fonts()
        assert [font.name for font in found] == ["IPAexGothic Regular"]

    def test_leaves_out_what_cannot_draw(self, tmp_path, tiny_font, monkeypatch):
        # A program of the font that is no program, as some installed fonts have.
        with TTFont(tiny_font) as font:
            font["fpgm"].program.fromBytecode(b"\x9f")
            font.save(tmp_path / "damaged.ttf")
        monkeypatch.setattr(
            "hwgen_keras.sources.font_files.installed_files",
            lambda: [tmp_path / "damaged.ttf"],
        )
        with pytest.warns(UserWarning, match="damaged.ttf is damaged at the character"):
            assert system_fonts() == []

    def test_looks_in_the_usual_folders(self, tmp_path, tiny_font, monkeypatch):
        folder = tmp_path / "Library" / "Fonts"
        folder.mkdir(parents=True)
        shutil.copy(tiny_font, folder)
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(sys, "platform", "darwin")
        assert str(folder / tiny_font.name) in [font.path for font in system_fonts()]


class TestCoverage:
    def test_a_stand_in_or_blank_glyph_is_not_covered(self, built):
        assert [c for c in "あいうえおっ" if built.covers(c)] == ["い", "お", "っ"]

    def test_a_font_without_japanese(self):
        import matplotlib

        file = pathlib.Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
        font = find_fonts(file)[0]
        assert font.covers("A")
        assert not any(map(font.covers, HIRAGANA))
        with pytest.raises(InputError, match="DejaVuSans.*lacks the character 'あ'"):
            font.render("あ", 32)

    def test_a_japanese_font(self, gothic):
        assert all(map(gothic.covers, HIRAGANA + tuple("永鬱ー。")))
        assert not gothic.covers("\U0001f600")
        assert not gothic.covers(" ")
        assert not gothic.covers("あい")


class TestRendering:
    @pytest.mark.parametrize("image_size", [16, 48, 65])
    @pytest.mark.parametrize("margin", [0.0, 0.2])
    def test_fills_the_square_up_to_the_margin(self, gothic, image_size, margin):
        image = gothic.render("永", image_size, margin)
        assert image.shape == (image_size, image_size)
        assert image.dtype == np.uint8
        top, bottom, left, right = ink_box(image)
        room = image_size * margin
        assert max(bottom - top, right - left) == pytest.approx(
            image_size - 2 * room, abs=2
        )
        assert (top + bottom) / 2 == pytest.approx(image_size / 2, abs=1.5)
        assert (left + right) / 2 == pytest.approx(image_size / 2, abs=1.5)

    def test_keeps_the_aspect_ratio(self, built):
        top, bottom, left, right = ink_box(built.render("い", 100, 0.1))
        assert (top, bottom, left, right) == (10, 90, 42, 58)

    def test_is_antialiased(self, gothic):
        image = gothic.render("の", 32)
        assert ((image > 30) & (image < 225)).sum() > 40

    def test_a_small_kana_keeps_its_place(self, built, gothic):
        # From (100, -20) to (500, 280) in an em box from (0, -120) to (1000, 880).
        assert ink_box(built.render("っ", 100, 0.0)) == (60, 90, 10, 50)
        small, large = (ink_box(gothic.render(c, 64)) for c in "っつ")
        assert small[3] - small[2] < 0.85 * (large[3] - large[2])
        stop = ink_box(gothic.render("。", 64))
        assert stop[0] > 32 and stop[3] < 32

    def test_refuses_a_box_and_what_it_lacks(self, built):
        with pytest.raises(InputError, match="tiny.ttf.*'お'.*full box"):
            built.render("お", 32)
        for character in "うえ永":
            with pytest.raises(InputError, match=f"tiny.ttf.*lacks.*{character}"):
                built.render(character, 32)

    @pytest.mark.parametrize(
        ("image_size", "margin", "message"),
        [(4, 0.1, "image_size is 4"), (32, 0.5, "margin is 0.5"), (8.5, 0, "8.5")],
    )
    def test_refuses_an_impossible_layout(self, gothic, image_size, margin, message):
        with pytest.raises(InputError, match=message):
            gothic.render("あ", image_size, margin)

    def test_draws_the_same_after_pickling(self, gothic):
        copy = pickle.loads(pickle.dumps(gothic))
        assert copy == gothic
        np.testing.assert_array_equal(copy.render("あ", 40), gothic.render("あ", 40))
