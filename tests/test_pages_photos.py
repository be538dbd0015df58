"""Photos of filled practice sheets → labelled images."""

import hypothesis
import numpy as np
import pages
import pytest
from hypothesis import strategies
from PIL import Image, ImageDraw

from hwgen_keras.errors import InputError
from hwgen_keras.sources import find_fonts
from hwgen_keras.sources.cleaning.stroke_width import with_stroke_width
from hwgen_keras.sources.pages import cells as reasons
from hwgen_keras.sources.pages import layout as geometry
from hwgen_keras.sources.pages.cells import read_cells
from hwgen_keras.sources.pages.layout import make_layout
from hwgen_keras.sources.pages.rectify import flatten_page
from hwgen_keras.sources.pages.sheet import choose_fonts

pytestmark = pytest.mark.backend_free

TEXT = "あいうかきくネムメロヘん"
EMPTY = (2, 17)
# Correlation of what is recovered with what was written.
ALIKE = 0.75
HEIGHT = 1300  # of the page in most photos, pixels


@pytest.fixture(scope="module")
def sheet(tiny_font):
    """(layout, filled page, what was written by position)."""
    layout = make_layout(TEXT, count=2)
    fonts = choose_fonts(find_fonts(tiny_font), TEXT)
    return layout, *pages.fill_page(layout, 1, fonts, seed=2, empty=EMPTY)


def check(layout, truth, photo, alike=ALIKE, stroke_width=0.0):
    """Reads a photo and compares everything with what was written."""
    flat = flatten_page(photo)
    assert (flat.identity, flat.page) == (layout.identity, 1)
    written = read_cells(flat, layout, 64, stroke_width=stroke_width)
    assert [one.cell.character for one in written] == list(TEXT * 2)
    found = {place for place, one in enumerate(written) if one.image is not None}
    assert found == set(truth)
    for place, drawing in truth.items():
        image = written[place].image
        assert image.shape == (64, 64) and image.dtype == np.uint8
        assert pages.written_share(image, drawing) > alike, written[place].cell
    return flat, written


class TestSpoiledPhotos:
    @pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
    def test_any_rotation(self, sheet, quarter_turns):
        layout, page, truth = sheet
        turn = (-8, 8)[quarter_turns % 2]
        check(layout, truth, pages.photograph(page, HEIGHT, turn, quarter_turns))

    @pytest.mark.parametrize(
        "spoiled",
        [
            {"tilt": 0.3},
            {"bulge": 0.05},
            {"curl": 0.015},
            {"shadow": 0.8},
            {"shadow": 0.6, "shadow_edge": 0.01},
            {"blur": 1.5},
            {"noise": 16},
            {"quality": 10},
            {"paper": 90, "desk": 60},
            {"height": 1200, "blur": 0.7, "noise": 4, "quality": 60},
            {"height": 3000},
        ],
        ids=str,
    )
    def test_what_cameras_do(self, sheet, spoiled):
        layout, page, truth = sheet
        photo = pages.photograph(page, **{"height": HEIGHT, **spoiled})
        _, written = check(layout, truth, photo)
        assert sum(bool(one.reasons) for one in written) <= 2

    def test_all_at_once(self, sheet):
        layout, page, truth = sheet
        photo = pages.photograph(
            page,
            1700,
            turn=-6,
            quarter_turns=3,
            tilt=0.15,
            bulge=0.02,
            curl=0.006,
            shadow=0.5,
            blur=1.2,
            noise=6,
            quality=50,
        )
        check(layout, truth, photo)

    @hypothesis.given(
        turn=strategies.floats(-40, 40),
        quarter_turns=strategies.integers(0, 3),
        tilt=strategies.floats(0, 0.25),
        shadow=strategies.floats(0, 0.7),
    )
    @hypothesis.settings(deadline=None, max_examples=3, derandomize=True)
    def test_any_view(self, sheet, turn, quarter_turns, tilt, shadow):
        layout, page, truth = sheet
        photo = pages.photograph(
            page, HEIGHT, turn, quarter_turns, tilt, shadow=shadow, noise=3
        )
        check(layout, truth, photo)

    def test_a_negative_and_white_ink_on_black_paper(self, sheet):
        layout, page, truth = sheet
        check(layout, truth, 255 - pages.photograph(page, HEIGHT))

    def test_blur_is_measured(self, sheet):
        page = sheet[1]
        sharp = flatten_page(pages.photograph(page, 2000, blur=0.5)).blur
        blurred = flatten_page(pages.photograph(page, 2000, blur=3)).blur
        assert sharp < 0.15
        assert blurred == pytest.approx(3 / (2000 / 297), rel=0.25)


ODD = {
    "over the border": (((70, 70, 170, 70),), (), reasons.BORDER),
    "a neighbour's": (
        ((70, 30, 70, 110), (20, 148, 130, 148)),
        (),
        reasons.BESIDE,
    ),
    "a dot": ((), ((65, 65, 80, 80),), reasons.LITTLE),
    "a blot": ((), ((5, 5, 135, 135),), reasons.MUCH),
    "a stray mark": (
        ((70, 20, 70, 80), (40, 50, 110, 30)),
        ((8, 124, 16, 132),),
        reasons.APART,
    ),
}
FAINT = "faint"


@pytest.fixture(scope="module")
def odd(tiny_font):
    """What is read of cells in which something odd is drawn, by its name."""
    names = [*ODD, FAINT, "clean"]
    layout = make_layout("十" * len(names))
    fonts = choose_fonts(find_fonts(tiny_font), "十")
    page, _ = pages.fill_page(layout, 1, fonts, empty=range(len(names) - 1))
    page = Image.fromarray(page)
    pen = ImageDraw.Draw(page)
    for name, cell in zip(names, layout.cells(1), strict=True):
        corner = np.array([cell.left, cell.top, cell.left, cell.top]) * 10
        lines, boxes, _ = ODD.get(name, ((), (), None))
        for line in lines:
            pen.line(tuple(corner + line), fill=20, width=6)
        for box in boxes:
            pen.rectangle(tuple(corner + box), fill=20)
        if name == FAINT:
            pen.ellipse(tuple(corner + (30, 30, 110, 110)), outline=190, width=6)
    flat = flatten_page(pages.photograph(np.array(page), 1800))
    return dict(zip(names, read_cells(flat, layout, 64), strict=True))


class TestWhatIsOdd:
    @pytest.mark.parametrize("name", ODD)
    def test_it_is_told(self, odd, name):
        assert ODD[name][2] in odd[name].reasons

    def test_clean_writing_is_not_suspicious(self, odd):
        assert odd["clean"].reasons == ()

    def test_faint_ink(self, odd):
        assert odd[FAINT].reasons == (reasons.FAINT,)
        assert (odd[FAINT].image < 128).mean() > 0.1

    def test_ink_of_a_neighbour_is_left_out(self, odd):
        read = odd["a neighbour's"]
        assert read.reasons == (reasons.BESIDE,)
        rows, columns = np.nonzero(read.image < 128)
        assert np.ptp(columns) < 10 < 40 < np.ptp(rows)

    def test_a_blot_is_not_taken_for_a_shadow(self, odd):
        assert (odd["a blot"].image < 128).mean() > 0.4

    def test_a_blurred_photo(self, sheet):
        layout, page, _ = sheet
        flat = flatten_page(pages.photograph(page, HEIGHT, blur=3))
        written = [o for o in read_cells(flat, layout, 64) if o.image is not None]
        blurred = [reasons.BLURRED in one.reasons for one in written]
        assert np.mean(blurred) > 0.8

    def test_small_characters_keep_size_and_place(self, tiny_font):
        layout = make_layout("っつ")
        fonts = choose_fonts(find_fonts(tiny_font), "っつ")
        page, _ = pages.fill_page(layout, 1, fonts, seed=1)
        flat = flatten_page(pages.photograph(page, HEIGHT))
        small, large = read_cells(flat, layout, 64)
        spans = [np.ptp(np.nonzero(o.image < 128)[1]) for o in (small, large)]
        assert spans[0] < 0.65 * spans[1]
        assert small.reasons == large.reasons == ()


class TestStrokeWidth:
    @pytest.mark.parametrize("width", [4, 9, 20])
    @pytest.mark.parametrize("wanted", [6.0, 12.0])
    def test_a_line_gets_the_width(self, width, wanted):
        ink = np.zeros((120, 200), bool)
        ink[40 : 40 + width, 30:170] = True
        drawn = 1 - with_stroke_width(ink, wanted)[:, 100] / 255
        assert drawn.sum() == pytest.approx(wanted, abs=1.5)

    def test_pressure_is_kept(self):
        ink = np.zeros((120, 200), bool)
        ink[40:44, 20:100] = True
        ink[36:48, 100:180] = True
        drawn = 1 - with_stroke_width(ink, 12.0) / 255.0
        thin, thick = drawn[:, 60].sum(), drawn[:, 140].sum()
        assert thick - thin == pytest.approx(8, abs=1.5)

    def test_no_ink(self):
        assert with_stroke_width(np.zeros((9, 9), bool), 3.0).min() == 255


class TestUselessPhotos:
    def erase(self, page, *corners):
        page = page.copy()
        for x, y in geometry.MARKS[list(corners)].astype(int) * 10:
            page[y - 60 : y + 60, x - 60 : x + 60] = 255
        return page

    @pytest.mark.parametrize(
        ("corners", "found"), [((1,), "only three"), ((0, 2), "only two")]
    )
    def test_marks_are_missing(self, sheet, corners, found):
        page = self.erase(sheet[1], *corners)
        with pytest.raises(InputError, match=f"^a.jpg shows {found} of the four"):
            flatten_page(pages.photograph(page, HEIGHT, noise=4), name="a.jpg")

    def test_another_picture(self, rng):
        scene = rng.integers(0, 256, (30, 40), np.uint8)
        scene = np.array(Image.fromarray(scene).resize((1600, 1200)))
        with pytest.raises(InputError, match="shows none of the four corner marks"):
            flatten_page(scene)

    @pytest.mark.parametrize("grey", [0, 128, 255])
    def test_a_blank_picture(self, grey):
        with pytest.raises(InputError, match="is blank"):
            flatten_page(np.full((600, 400), grey, np.uint8))

    def test_the_code_is_covered(self, sheet):
        page = sheet[1].copy()
        page[110:170, 330:1200] = 255
        with pytest.raises(InputError, match="page code"):
            flatten_page(pages.photograph(page, HEIGHT))

    def test_a_bent_page(self, sheet):
        with pytest.raises(InputError, match="bent or covered"):
            flatten_page(pages.photograph(sheet[1], HEIGHT, curl=0.022))

    @pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 40)])
    def test_a_tiny_picture(self, rng, shape):
        with pytest.raises(InputError):
            flatten_page(rng.integers(0, 256, shape, np.uint8))
