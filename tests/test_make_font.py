"""A font of a hand: its tables, its features, and the script that makes it."""

import shutil
import subprocess

import numpy as np
import ots
import pytest
import uharfbuzz
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from hand_folder import characters_file
from PIL import Image
from sentences import sentence

import hwgen_keras as hw
from experiments import make_font
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

KANA, OTHERS = "あっの", "一私、「ーAg?"
NAMES = hw.FontNames(
    family="花子の字",
    designer="Hanako",
    copyright="2026 Hanako",
    licence="SIL Open Font License 1.1",
    licence_url="https://openfontlicense.org",
    version="1.002",
)
HAND = hw.PenWriter(4)


def bar(left, top, right, bottom):
    """An outline that is a rectangle."""
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    sides = np.roll(corners, -1, axis=0) - corners
    return hw.Outline((corners[:, None] + sides[:, None] * np.arange(4)[:, None] / 3,))


@pytest.fixture(scope="module")
def glyphs():
    shapes = {c: [bar(0.1, 0.1, 0.7 + k / 10, 0.8) for k in range(3)] for c in KANA}
    return shapes | {c: [bar(0.2, 0.35, 0.5, 0.85)] for c in OTHERS}


@pytest.fixture(scope="module")
def path(glyphs, tmp_path_factory):
    file = tmp_path_factory.mktemp("font") / "font.otf"
    hw.build_font(glyphs, NAMES).save(file)
    return file


@pytest.fixture(scope="module")
def font(path):
    return TTFont(path)


def shape(path, text, direction="ltr"):
    """The glyphs of a text, as browsers choose them."""
    font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path))))
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = direction
    uharfbuzz.shape(font, buffer)
    return [font.glyph_to_string(info.codepoint) for info in buffer.glyph_infos]


class TestTables:
    def test_the_sanitizer_passes(self, path):
        ots.sanitize(str(path), check=True, capture_output=True)

    def test_fonttools_reads_every_table_and_glyph(self, font):
        assert all(font[tag] is not None for tag in font.keys())
        drawn = font.getGlyphSet()
        for name in set(font.getGlyphOrder()) - {"uni0020", "uni3000"}:
            pen = RecordingPen()
            drawn[name].draw(pen)
            assert pen.value[-1][0] == "closePath", name

    def test_the_box_is_the_em(self, font):
        assert font["head"].unitsPerEm == 1000
        assert font["hmtx"]["uni4E00"] == (1000, 200)
        # 0.35 below the upper edge, which is 880 above the baseline.
        assert font["vmtx"]["uni4E00"] == (1000, 350)
        assert font["VORG"]["uni4E00"] == 880
        assert font["hhea"].ascent - font["hhea"].descent == 1000
        assert font["vhea"].advanceHeightMax == 1000

    def test_letters_are_as_wide_as_their_ink_and_stand_on_the_baseline(self, font):
        assert font["hmtx"]["uni0041"] == (420, 60)
        # From 0.35 to 0.85 of the box, where letters stand.
        assert font["vmtx"]["uni0041"] == (1000, 880 - 500)
        assert font["OS/2"].sCapHeight == 0  # There is no H.

    def test_names(self, font):
        names = font["name"]
        texts = [names.getDebugName(k) for k in (0, 1, 5, 6, 9, 13, 14)]
        assert texts == [
            *("2026 Hanako", "花子の字", "Version 1.002", "Handwriting-Regular"),
            *("Hanako", "SIL Open Font License 1.1", "https://openfontlicense.org"),
        ]
        assert names.getName(1, 3, 1, 0x411).toUnicode() == "花子の字"

    def test_what_it_is_for(self, font):
        table = font["OS/2"]
        # Hiragana, kanji, Basic Latin; the code pages Latin 1 and Shift JIS.
        ranges = table.getUnicodeRanges()
        assert {0, 49, 59} <= ranges
        assert table.ulCodePageRange1 & 1 << 17
        assert table.fsType == 0 and table.version == 4

    def test_the_same_outlines_give_the_same_bytes(self, path, glyphs, tmp_path):
        hw.build_font(glyphs, NAMES).save(tmp_path / "again.otf")
        assert (tmp_path / "again.otf").read_bytes() == path.read_bytes()

    def test_spaces_and_the_missing_character(self, font):
        widths = [font["hmtx"][name][0] for name in ("uni0020", "uni3000", ".notdef")]
        assert widths == [300, 1000, 500]


class TestFeatures:
    def test_kana_take_turns(self, path):
        a = ["uni3042", "uni3042.alt1", "uni3042.alt2"]
        assert shape(path, "ああああ") == [*a, a[0]]
        # Beyond kanji and marks, too.
        assert shape(path, "の私の、の")[::2] == [
            *("uni306E", "uni306E.alt1", "uni306E.alt2")
        ]
        assert shape(path, "あ一一一一あ")[-1] == "uni3042"

    def test_vertical_text(self, path):
        assert shape(path, "ああっ、「ー一", "ttb") == [
            *("uni3042", "uni3042.alt1", "uni3063.alt2.vert", "uni3001.vert"),
            *("uni300C.vert", "uni30FC.vert", "uni4E00"),
        ]

    def test_a_font_without_either_has_none(self):
        assert "GSUB" not in hw.build_font({"一": [bar(0, 0, 1, 1)]}, NAMES)
        one = hw.build_font({"あ": [bar(0, 0, 1, 1), bar(0, 0, 1, 0.5)]}, NAMES)
        tags = [r.FeatureTag for r in one["GSUB"].table.FeatureList.FeatureRecord]
        assert set(tags) == {"calt", "vert"}


class TestMistakes:
    def test_of_the_arguments(self):
        one = [bar(0, 0, 1, 1)]
        assert sentence(hw.build_font, {}, NAMES).startswith("A font needs at least")
        assert "ab" in sentence(hw.build_font, {"ab": one}, NAMES)
        assert "あ has no outline" in sentence(hw.build_font, {"あ": []}, NAMES)
        uneven = {"あ": one * 2, "い": one * 3}
        assert "2 and 3 variants" in sentence(hw.build_font, uneven, NAMES)
        assert "no name" in sentence(hw.FontNames, family=" ")
        assert "1.000" in sentence(hw.FontNames, family="a", version="two")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three samples of each kana, two of い, one of all else, by two writers."""
    samples = [(c, k) for c in KANA for k in range(3)]
    samples += [("い", 0), ("い", 1)] + [(c, 0) for c in "一私、A"]
    tracks = [HAND.track(c, k) for c, k in samples]
    tracks.append(hw.PenWriter(5).track("あ"))
    writers = ["hanako"] * (len(tracks) - 1) + ["taro"]
    file = tmp_path_factory.mktemp("store") / "hands.store"
    licences = {"hanako": "CC0"}
    hw.StrokeStore.of_tracks(tracks, writers, hw.SIMULATED, licences).save(file)
    return str(file)


def make(folder, **given):
    values = {"output": str(folder / "hand.otf"), **given}
    return make_font.main(make_font.Settings(**values))


@pytest.fixture(scope="module")
def made(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "new"
    characters = tmp_path_factory.mktemp("set")
    characters = characters_file(characters, "一私国")
    return make(folder, strokes=store, writer="hanako", characters=characters)


class TestScript:
    def test_makes_a_font_of_a_store(self, made):
        ots.sanitize(str(made), check=True, capture_output=True)
        font = TTFont(made)
        characters = "".join(map(chr, sorted(font.getBestCmap())))
        # A is written full-width, too.
        assert characters == " A\u3000、あいっの一私Ａ"
        names = [font["name"].getDebugName(k) for k in (1, 9, 13)]
        assert names == ["hand", "hanako", "CC0"]
        assert shape(made, "ああいい") == [
            *("uni3042", "uni3042.alt1", "uni3044", "uni3044")
        ]
        assert [file.name for file in made.parent.iterdir()] == ["hand.otf"]

    def test_says_what_it_has_and_lacks(self, made, store, tmp_path, capsys):
        make(
            *(tmp_path,),
            strokes=store,
            writer="hanako",
            characters=characters_file(tmp_path, "一私国"),
        )
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("Left out, since hanako does not write them: ")
        assert lines[1] == "With too few samples to take turns: い"
        assert lines[2].startswith("2 of the 3 characters of characters and 7 others")
        assert lines[2].endswith(f"Saved {tmp_path / 'hand.otf'}")

    def test_of_a_simulated_writer(self, tmp_path, monkeypatch):
        monkeypatch.setattr(hw.PenWriter, "covers", lambda self, c: c in "あ一a")
        characters = characters_file(tmp_path, "一")
        made = make(
            *(tmp_path,),
            simulated_writer=2,
            characters=characters,
            family="Pen Two",
            licence="Mine alone",
            licence_url="https://example.org/licence",
            variants=2,
        )
        font = TTFont(made)
        names = [font["name"].getDebugName(k) for k in (1, 6, 9, 13, 14)]
        assert names == [
            *("Pen Two", "PenTwo-Regular", "pen-0002", "Mine alone"),
            "https://example.org/licence",
        ]
        assert "KanjiVG" in font["name"].getDebugName(10)
        # The outlines are those of the writer's track.
        outline = hw.outline(hw.PenWriter(2).track("一", points=48))
        side = 1000 * outline.bounds[0]
        assert font["hmtx"]["uni4E00"][1] == pytest.approx(side, abs=1)
        assert "uni3042.alt1" in font.getGlyphOrder()

    @pytest.mark.parametrize(
        "given, words",
        [
            ({}, "Give one of --simulated_writer, --strokes and"),
            ({"simulated_writer": 1, "strokes": "a.store"}, "Give one of"),
            ({"simulated_writer": 1, "output": "hand.ttf"}, "must end in .otf"),
            ({"simulated_writer": 1, "writer": "a"}, "--writer names"),
            ({"simulated_writer": 1, "licence": ""}, "--licence is empty"),
            (
                {"simulated_writer": 1, "licence_url": "https://a"},
                "--licence_url is given without --licence",
            ),
            (
                {"simulated_writer": 1, "licence": "a", "licence_url": "a.org"},
                "must begin with https://",
            ),
            ({"strokes": "none.store"}, "none.store"),
            ({"simulated_writer": 1, "font_version": "new"}, "write it as 1.000"),
        ],
    )
    def test_mistakes(self, tmp_path, given, words):
        assert words in sentence(make, tmp_path, **given)
        assert not list(tmp_path.iterdir())

    def test_mistakes_of_a_store(self, store, tmp_path):
        assert "by 2 writers" in sentence(make, tmp_path, strokes=store)
        text = sentence(make, tmp_path, strokes=store, writer="jiro")
        assert "no writer 'jiro'" in text
        (tmp_path / "other").mkdir()
        characters = characters_file(tmp_path / "other", "国")
        given = {"strokes": store, "writer": "taro", "characters": characters}
        text = sentence(make, tmp_path, **given)
        assert text.startswith("taro writes no character of characters")
        assert not (tmp_path / "hand.otf").exists()

    def test_nothing_half_written(self, store, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        folder = tmp_path / "file" / "below"
        characters = characters_file(tmp_path, "一")
        given = {"strokes": store, "writer": "hanako", "characters": characters}
        assert "--output" in sentence(make, folder, **given)

        def fail(self, file):
            file.write_bytes(b"half")
            raise InputError("It stops.")

        monkeypatch.setattr(TTFont, "save", fail)
        assert sentence(make, tmp_path, **given) == "It stops."
        assert {p.name for p in tmp_path.iterdir()} == {"file", "characters.txt"}


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium")
@pytest.mark.parametrize("mode", ["horizontal-tb", "vertical-rl"])
def test_chromium_sets_text(path, tmp_path, mode):
    """あ takes its three forms, bars of different width, and 一 another shape."""
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(
        "<meta charset=utf-8><style>@font-face{font-family:F;src:url(font.otf)}"
        f"body{{margin:0;font:100px/100px F;writing-mode:{mode}}}"
        "</style>ああああ一",
        "utf-8",
    )
    shutil.copy(path, tmp_path / "font.otf")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--hide-scrollbars"]
    command += ["--window-size=600,600", f"--screenshot={picture}"]
    command.append(page.as_uri())
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    ink = np.asarray(Image.open(picture).convert("L")) < 128
    if mode == "vertical-rl":
        cells = [ink[100 * k : 100 * k + 100, 500:600] for k in range(5)]
    else:
        cells = [ink[:100, 100 * k : 100 * k + 100] for k in range(5)]
    widths = [np.ptp(np.flatnonzero(cell.any(0))) + 1 for cell in cells]
    assert widths == pytest.approx([60, 70, 80, 60, 30], abs=1)
