"""prepare_fonts --font_list: names of fonts against the name tables of files."""

import json
import os

import pytest
from built_fonts import SMALL, TALL, write_font
from fontTools.ttLib import TTCollection, TTFont

from experiments import prepare_fonts
from hwgen_keras import parallel
from hwgen_keras.data import ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources.font_files import faces

pytestmark = pytest.mark.backend_free

# Other outlines in each font, or they would be copies.
SHAPES = [{"あ": (0, 0, 300, 100 + 90 * n), "い": TALL} for n in range(6)]


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 1)


@pytest.fixture
def folder(tmp_path):
    """Fonts with names of every kind, one of them a collection of two."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    (tmp_path / "two.txt").write_text("あ\nい", encoding="utf-8")
    japanese = {"en": "Kaisho", "ja": "楷書体"}
    names = {"fullName": "Full Kaisho", "psName": "PSKaisho-R"}
    write_font(folder / "a.ttf", SHAPES[0], japanese, **names)
    write_font(folder / "b.otf", SHAPES[1], "M+ 1c", styleName="black")
    # As a font of a family of nine weights has it, for systems that know four.
    names = {"typographicFamily": "Noto Sans CJK JP", "typographicSubfamily": "Black"}
    write_font(folder / "c.ttf", SHAPES[2], "Noto Sans CJK JP Bl", **names)
    for number, family in ((3, "One"), (4, "Two")):
        write_font(folder / f"{family}.ttf", SHAPES[number], family)
    collection = TTCollection()
    parts = [folder / "One.ttf", folder / "Two.ttf"]
    collection.fonts = [TTFont(part) for part in parts]
    collection.save(folder / "both.ttc")
    for part in parts:
        part.unlink()
    return folder


def prepare(folder, lines, encoding="utf-8", **values):
    file = folder.parent / "list.txt"
    text = lines if isinstance(lines, str) else "\n".join(lines)
    file.write_bytes(text.encode(encoding))
    values = {"fonts": [str(folder)], "font_list": str(file), "image_size": 32} | values
    values |= {"characters": str(folder.parent / "two.txt")}
    values.setdefault("output", str(folder.parent / "out"))
    return prepare_fonts.main(prepare_fonts.Settings(**values))


def report(path):
    return json.loads(path.with_name("font_list.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "font"),
    [
        ("Kaisho Regular", "Kaisho Regular"),
        ("kaisho", "Kaisho Regular"),
        ("楷書体", "Kaisho Regular"),
        ("full kaisho", "Kaisho Regular"),
        ("PSKaisho-R", "Kaisho Regular"),
        ("a.ttf", "Kaisho Regular"),
        ("Kaisho Regular.otf", "Kaisho Regular"),
        (r"C:\Windows\Fonts\KAISHO.TTF", "Kaisho Regular"),
        ("../fonts/Kaisho-Regular.otf", "Kaisho Regular"),
        ("M+ 1c black.otf", "M+ 1c black"),
        ("Noto Sans CJK JP Black", "Noto Sans CJK JP Black"),
        ("NotoSansCJKJP-Black", "Noto Sans CJK JP Black"),
        ("Noto Sans CJK JP Bl", "Noto Sans CJK JP Black"),
        ("One", "One Regular"),
        ("Two Regular.otf", "Two Regular"),
    ],
)
def test_a_font_is_found_by_its_names(folder, line, font):
    path = prepare(folder, [line])
    assert ImageStore.open(path).source_names == (font,)
    (entry,) = report(path)["found"]
    assert [face["name"] for face in entry["faces"]] == [font]
    assert report(path)["missing"] == []


def test_the_face_of_a_collection(folder):
    path = prepare(folder, ["Two"])
    (face,) = report(path)["found"][0]["faces"]
    assert face["file"].endswith("both.ttc") and face["index"] == 1


def test_all_names_of_a_face(folder):
    (face,) = faces(folder / "a.ttf")
    names = "a", "Kaisho Regular", "楷書体 Regular", "Full Kaisho", "PSKaisho-R"
    assert sorted(face.names) == sorted(names)


def test_missing_fonts_are_named_and_the_others_rendered(folder, capsys):
    lines = [
        "\ufeff# Fonts of the paper",
        *("", "  One Regular.otf  ", "One", "M 1c black", "M+ 1c bold", "Noto Sans"),
        *("---", "Noto Sans CJK JP Thin", "Regular"),
    ]
    # Its file's name has nothing that a name could match.
    write_font(folder / "Regular.ttf", SHAPES[5], "Third")
    path = prepare(folder, "\r\n".join(lines))
    assert ImageStore.open(path).source_names == ("One Regular",)
    printed = capsys.readouterr().out
    assert "--font_list: 2 of 8 fonts found." in printed
    assert "Missing: M+ 1c bold (found: black)\n" in printed
    assert "Missing: Noto Sans CJK JP Thin (found: Black)\n" in printed
    assert "Missing: Noto Sans\n" in printed
    missing = {e["name"]: e["styles_found"] for e in report(path)["missing"]}
    assert missing == {
        **{"M 1c black": [], "M+ 1c bold": ["black"], "Noto Sans": [], "---": []},
        **{"Noto Sans CJK JP Thin": ["Black"], "Regular": []},
    }


def test_many_missing_fonts_are_in_the_file(folder, capsys):
    path = prepare(folder, ["One", *(f"Font {n}.otf" for n in range(30))])
    printed = capsys.readouterr().out
    assert printed.count("Missing: Font ") == 20 and "Missing: 10 more, " in printed
    assert len(report(path)["missing"]) == 30


def test_a_listed_font_does_not_give_way_to_a_copy_that_is_not(folder):
    # The copy with more characters would stay.
    write_font(folder / "z.ttf", {**SHAPES[0], "永": SMALL}, "Copy")
    path = prepare(folder, ["Kaisho"])
    assert ImageStore.open(path).source_names == ("Kaisho Regular",)


def test_another_list_is_another_request(folder):
    path = prepare(folder, ["One"])
    # Comments decide nothing.
    assert prepare(folder, ["# again", "One"]) == path
    with pytest.raises(InputError, match="begun with other --font_list; choose"):
        prepare(folder, ["One", "Two"])
    with pytest.raises(InputError, match="begun with other --font_list; choose"):
        prepare(folder, ["One"], font_list=None)


def test_an_output_of_an_earlier_version_is_one_without_a_list(folder):
    path = prepare(folder, "", font_list=None)
    assert len(ImageStore.open(path).source_names) == 5
    assert not path.with_name("font_list.json").exists()
    file = path.with_name("request.json")
    request = json.loads(file.read_text(encoding="utf-8"))
    assert request.pop("--font_list") is None
    file.write_text(json.dumps(request), encoding="utf-8")
    assert prepare(folder, "", font_list=None) == path


class TestMistakes:
    def test_nothing_found(self, folder):
        sentence = r"none of its 2 fonts \(Font 1, …\) is among the 4 font files; give"
        with pytest.raises(InputError, match=sentence):
            prepare(folder, ["Font 1.otf", "Font 2.otf"])
        # The folder may be begun again.
        assert prepare(folder, ["One"]).exists()

    def test_no_usable_glyph(self, folder):
        write_font(folder / "blank.ttf", {"あ": None}, "Blank")
        with pytest.raises(InputError, match="no font has a usable glyph"):
            prepare(folder, ["Blank"])
        assert prepare(folder, ["One"]).exists()

    @pytest.mark.parametrize("text", ["", "\n # nothing\n"])
    def test_an_empty_list(self, folder, text):
        with pytest.raises(InputError, match="list.txt names no font; write a name in"):
            prepare(folder, text)
        assert not os.path.exists(folder.parent / "out")

    def test_no_text(self, folder):
        with pytest.raises(InputError, match="list.txt cannot be read .* in UTF-8 wit"):
            prepare(folder, "楷書体", encoding="utf-16")
        with pytest.raises(InputError, match="--font_list .* cannot be read"):
            prepare(folder, "", font_list=str(folder / "none.txt"))
