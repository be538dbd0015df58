"""Photos of practice sheets to labelled images: JavaScript beside Python."""

import numpy as np
import pages
import pytest
import web_code

from hwgen_keras.characters import character_set
from hwgen_keras.errors import InputError
from hwgen_keras.sources import find_fonts
from hwgen_keras.sources.pages.cells import read_cells
from hwgen_keras.sources.pages.layout import Layout, make_layout
from hwgen_keras.sources.pages.rectify import flatten_page
from hwgen_keras.sources.pages.sheet import choose_fonts

pytestmark = pytest.mark.backend_free


def coloured(grey):
    """Greys as the pixels of a canvas."""
    return np.dstack([grey] * 3 + [np.full_like(grey, 255)])


SPOILED = (
    {"turn": -8, "quarter_turns": 1},
    {"quality": 30, "shadow": 0.6, "noise": 4, "tilt": 0.15, "curl": 0.006},
)
TEXT = "あいうかきくネムメロヘっ"


@pytest.fixture(scope="module")
def sheet(tiny_font):
    """(layout, filled page)."""
    layout = make_layout(TEXT, count=2)
    fonts = choose_fonts(find_fonts(tiny_font), TEXT)
    page, _ = pages.fill_page(layout, 1, fonts, seed=2, empty=(2, 17))
    left, top = (
        round(edge * pages.PIXELS_PER_MM)
        for edge in (layout.cells(1)[4].left, layout.cells(1)[4].top)
    )
    # Ink of a neighbour below the box, and a stroke that leaves it.
    page[top + 145 : top + 151, left + 20 : left + 110] = 20
    page[top + 110 : top + 150, left + 125 : left + 131] = 20
    return layout, page


@pytest.fixture(scope="module")
def read(sheet, tmp_path_factory):
    """(layout, photo, what was read of it) of each photo."""
    layout, page = sheet
    photos = [pages.photograph(page, 1300, **spoiled) for spoiled in SPOILED]
    # A negative, whose layout is given.
    photos.append(255 - photos[0])
    known = [TEXT, TEXT, {"box": layout.box, "pages": list(layout.pages)}]
    calls = [
        ("sheet.js", "readSheet", [coloured(p), *web_code.picture(p)[1:], characters])
        for p, characters in zip(photos, known, strict=True)
    ]
    results = web_code.call(tmp_path_factory.mktemp("sheets"), calls)
    return [(layout, p, r) for p, r in zip(photos, results, strict=True)]


class TestSheets:
    @pytest.mark.parametrize("number", range(3))
    def test_the_cells_are_those_of_python(self, read, number):
        layout, photo, result = read[number]
        cells = read_cells(flatten_page(photo), layout, 128)
        expected = [cell for cell in cells if cell.image is not None]
        assert len(expected) == 2 * len(TEXT) - 2
        found = [cell["character"] for cell in result["result"]]
        assert found == [cell.cell.character for cell in expected]
        apart = []
        for cell, other in zip(result["result"], expected, strict=True):
            assert (cell["width"], cell["height"]) == (128, 128)
            made = np.reshape(cell["grey"], (128, 128))
            apart.append(np.abs(made - other.image.astype(int)))
        assert (np.array(apart) <= 1).mean() > 0.998
        # Rounding may let a pixel at the edge of the ink be ink or paper.
        assert (np.array(apart).max((1, 2)) <= 1).mean() > 0.85

    def test_useless_photos_get_the_sentence_of_python(self, sheet, tmp_path):
        page = sheet[1].copy()
        page[80:200, 1900:2020] = 255
        no_code = sheet[1].copy()
        no_code[110:170, 320:900] = 0
        photos = [
            np.full((60, 40), 200, np.uint8),
            pages.photograph(page, 1300),
            pages.photograph(no_code, 1300),
            pages.photograph(sheet[1], 1300, curl=0.022),
            np.tile(np.arange(200, dtype=np.uint8), (90, 1)),
        ]
        calls = [
            ("sheet.js", "readSheet", [coloured(p), *web_code.picture(p)[1:], TEXT])
            for p in photos
        ]
        results = web_code.call(tmp_path, calls)
        sentences = []
        for photo, result in zip(photos, results, strict=True):
            with pytest.raises(InputError) as error:
                flatten_page(photo)
            sentences.append(str(error.value))
            assert result == {"error": sentences[-1]}
        assert len(set(sentences)) == 5

    def test_another_sheet_and_a_wrong_size(self, sheet, tmp_path):
        layout, page = sheet
        photo = pages.photograph(page, 1300)
        calls = [
            ("sheet.js", "readSheet", [coloured(photo), *web_code.picture(photo)[1:]]),
            ("sheet.js", "readSheet", [photo, *web_code.picture(photo)[1:]]),
        ]
        other, wrong = web_code.call(tmp_path, calls)
        number = f"page 1 of the sheet {layout.identity:04x}, which asks for other"
        assert number in other["error"]
        assert wrong["error"].startswith(
            f"The photo has {photo.size} numbers and not 4"
        )

    def test_layouts(self, tmp_path):
        kana = "".join(character_set("kana"))
        layouts = [
            make_layout(kana),
            make_layout(kana, count=3),
            make_layout('春"夏\\𠮟', box=20),
            Layout(8.5, ("あ" * 40, "い")),
        ]
        given = [{"box": one.box, "pages": list(one.pages)} for one in layouts]
        calls = [("layout.js", "identityOf", [one]) for one in given]
        calls += [("layout.js", "cellsOf", [one, 1]) for one in given]
        calls.append(("layout.js", "layoutsOf", [kana]))
        results = [result["result"] for result in web_code.call(tmp_path, calls)]
        for layout, identity, cells in zip(
            layouts, results, results[4:8], strict=False
        ):
            assert identity == layout.identity
            for cell, expected in zip(cells, layout.cells(1), strict=True):
                assert cell["character"] == expected.character
                assert cell["left"] == pytest.approx(expected.left)
                assert cell["top"] == pytest.approx(expected.top)
        pages_of = [one["pages"] for one in results[-1]]
        assert pages_of[0] == list(layouts[0].pages)
        assert pages_of[2] == list(layouts[1].pages)

    def test_the_kana_are_what_a_sheet_asks_for(self):
        source = (web_code.SOURCE / "layout.js").read_text("utf-8")
        kana = "".join(character_set("kana"))
        assert f'"{kana[:46]}" +\n  "{kana[46:]}"' in source
