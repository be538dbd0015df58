"""Practice sheets: their layout, their page code, and how they are drawn."""

import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from hwgen_keras.errors import InputError
from hwgen_keras.sources import find_fonts
from hwgen_keras.sources.pages import layout as geometry
from hwgen_keras.sources.pages.folders import character_of
from hwgen_keras.sources.pages.layout import (
    decode_page,
    encode_page,
    make_layout,
    read_layout,
)
from hwgen_keras.sources.pages.sheet import choose_fonts, page_pixels, write_sheet

pytestmark = pytest.mark.backend_free

numbers = strategies.integers(0, 0xFFFF)


class TestLayout:
    @pytest.mark.parametrize("box", [8, 14.0, 25, 40])
    def test_boxes_stand_apart_and_clear_of_marks(self, box):
        layout = make_layout("あ" * 500, box=box)
        cells = layout.cells(1)
        assert len(cells) == layout.columns * layout.rows
        places = np.array([(cell.left, cell.top) for cell in cells])
        assert places[:, 0].min() >= 23 and places[:, 0].max() + box <= 187.001
        assert places[:, 1].min() >= 36 and places[:, 1].max() + box <= 277.001
        for axis, gap in ((0, geometry.GAP), (1, geometry.GAP + geometry.MODEL_HEIGHT)):
            lines = np.unique(places[:, axis].round(6))
            assert len(lines) == 1 or np.diff(lines).min() >= box + gap - 1e-6

    def test_every_character_is_asked_for_as_often_as_wanted(self):
        layout = make_layout("あいう", box=40, count=7)
        assert "".join(layout.pages) == "あいう" * 7
        written = [
            cell.character
            for page in range(1, len(layout.pages) + 1)
            for cell in layout.cells(page)
        ]
        assert "".join(written) == "あいう" * 7

    def test_kana_fit_on_one_page(self):
        from hwgen_keras.characters import character_set

        assert len(make_layout(character_set("kana")).pages) == 1
        assert len(make_layout(character_set("jis1")).pages) == 28

    @hypothesis.given(
        strategies.text(
            strategies.characters(min_codepoint=0x3041, max_codepoint=0x9FFF),
            min_size=1,
        ),
        strategies.floats(8, 40),
    )
    @hypothesis.settings(deadline=None, max_examples=25)
    def test_what_is_saved_is_read_back(self, tmp_path_factory, text, box):
        file = tmp_path_factory.mktemp("配置 図") / "sheet.json"
        layout = make_layout(text, box)
        layout.save(file)
        assert read_layout(file) == layout
        assert read_layout(file).identity == layout.identity

    def test_sheets_that_differ_have_other_identities(self):
        sheets = [make_layout("あい"), make_layout("いあ"), make_layout("あい", box=15)]
        assert len({sheet.identity for sheet in sheets}) == 3

    @pytest.mark.parametrize("box", [7.9, 41, float("nan")])
    def test_a_box_of_no_use(self, box):
        with pytest.raises(InputError, match="--box"):
            make_layout("あ", box=box)

    def test_too_many_pages(self):
        with pytest.raises(InputError, match="--count"):
            make_layout("あ" * 1000, box=40, count=2000)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"format": "other"}, "not the layout"),
            ({"version": 2}, "version 2"),
            ({"box": 15}, "changed"),
            ({"box": "14"}, "damaged"),
            ({"pages": ["いあ"]}, "changed"),
            ({"pages": []}, "damaged"),
            ({"pages": ["\ud800"]}, "changed"),
        ],
    )
    def test_a_layout_that_was_changed(self, tmp_path, change, message):
        file = tmp_path / "sheet.json"
        make_layout("あい").save(file)
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}))
        with pytest.raises(InputError, match=message):
            read_layout(file)

    def test_no_layout(self, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            read_layout(tmp_path / "sheet.json")
        with pytest.raises(InputError, match="not the layout"):
            read_layout(tmp_path)

    @hypothesis.given(
        strategies.one_of(
            strategies.binary(max_size=60),
            strategies.recursive(
                strategies.none() | strategies.floats() | strategies.text(max_size=9),
                lambda inner: (
                    strategies.lists(inner, max_size=3)
                    | strategies.dictionaries(
                        strategies.sampled_from(["format", "version", "box", "pages"]),
                        inner,
                    )
                ),
            ).map(lambda value: json.dumps(value).encode()),
        )
    )
    @hypothesis.settings(deadline=None)
    def test_no_bytes_but_a_layout_are_read(self, tmp_path_factory, data):
        file = tmp_path_factory.getbasetemp() / "any.json"
        file.write_bytes(data)
        with pytest.raises(InputError, match="any.json"):
            read_layout(file)


class TestPageCode:
    @hypothesis.given(numbers, numbers.filter(bool))
    def test_round_trip(self, identity, page):
        assert decode_page(encode_page(identity, page)) == (identity, page)

    @hypothesis.given(numbers, numbers.filter(bool), strategies.data())
    def test_up_to_three_wrong_modules_are_noticed(self, identity, page, data):
        bits = encode_page(identity, page)
        wrong = data.draw(strategies.sets(strategies.integers(0, 47), min_size=1))
        hypothesis.assume(len(wrong) <= 3)
        bits[list(wrong)] ^= True
        assert decode_page(bits) is None

    @pytest.mark.parametrize("colour", [False, True])
    def test_one_colour_is_no_code(self, colour):
        assert decode_page(np.full(48, colour)) is None


@pytest.fixture(scope="module")
def sheet(tiny_font):
    layout = make_layout("あい。", box=20)
    return layout, choose_fonts(find_fonts(tiny_font), "あい。")


class TestSheet:
    def test_the_pdf_has_all_pages_and_embeds_its_fonts(self, sheet, tmp_path):
        file = tmp_path / "練習 帳.pdf"
        layout = make_layout("あ" * 20, box=40)
        write_sheet(file, layout, sheet[1], progress=False)
        data = file.read_bytes()
        assert data.startswith(b"%PDF") and b"/MediaBox [ 0 0 595.2" in data
        assert data.count(b"/Type /Page ") == len(layout.pages) == 2
        assert data.count(b"/FontFile2") == data.count(b"/Type /FontDescriptor")
        assert b"/Image" not in data.split(b"/XObject", 1)[0]
        assert [path.name for path in tmp_path.iterdir()] == [file.name]

    def test_marks_are_black_and_boxes_and_models_light(self, sheet):
        layout, fonts = sheet
        pixels = page_pixels(layout, 1, fonts)
        assert pixels.shape == (2970, 2100)
        for x, y in geometry.MARKS * 10:
            assert pixels[int(y), int(x)] == 0
        for cell in layout.cells(1):
            left, top, side = int(cell.left * 10), int(cell.top * 10), 200
            inside = pixels[top + 3 : top + side - 3, left + 3 : left + side - 3]
            assert inside.min() == 255
            edge = pixels[top + 20 : top + side - 20, left - 2 : left + 3]
            assert 180 < edge.min(axis=1).max() < 210
            # Nothing is printed where the ink of a box may be read.
            above = pixels[top - 12 : top - 3, left : left + side]
            assert above.min() == 255
            model = pixels[top - 62 : top - 12, left : left + side]
            assert 130 < model.min() < 160

    def test_a_character_without_a_glyph(self, tiny_font):
        with pytest.raises(InputError, match="No glyph of 𠮷𩸽?.* in the font IPAex"):
            choose_fonts(find_fonts(tiny_font), "あ𠮷\U0001f600")


@pytest.mark.parametrize(
    ("name", "character"),
    [("語", "語"), ("U+8A9E", "語"), ("8a9e", "語"), ("0x8A9E", "語"), ("7", "7")]
    + [("U+20BB7", "𠮷"), ("か\u3099", "が"), ("0041", "A"), ("0009", None)],
)
def test_names_of_folders(name, character):
    assert character_of(name) == character
