"""A page of a text in somebody's hand."""

import re

import keras
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import BACKEND, diffusion_generator, draw_weights
from PIL import Image

from experiments import specimen
from experiments.specimens import page as specimen_page
from experiments.specimens.page import Grid, draw_pages, lay_out
from hwgen_keras.errors import InputError
from hwgen_keras.layers import EmbeddingCondition
from hwgen_keras.models import AdaINGenerator

SIZE = 32
# One backend is enough for what a script does beside its model: the inputs it gives
# a generator are compared on all of them in test_strength.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
two_backends = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")


def cells(text, grid):
    return [(p.index, p.page, p.line, p.position) for p in lay_out(text, grid)]


@pytest.mark.backend_free
class TestLayout:
    # Room for 4 cells in a line, and 3 lines of 1.3 cells on a page.
    grid = Grid(10.0, margin=5.0, dpi=100, page=(52.0, 47.0))

    def test_the_page_has_room_for_so_many(self):
        assert (self.grid.length, self.grid.lines) == (4, 3)
        turned = Grid(10.0, 5.0, 100, vertical=True, page=(47.0, 52.0))
        assert (turned.length, turned.lines) == (4, 3)
        a4 = Grid(12.0)
        assert (a4.length, a4.lines) == (14, 16)
        assert a4.size == (2480, 3508)
        assert Grid(300.0).length == 0

    def test_spaces_and_line_breaks_are_kept(self):
        assert cells("あ い\n\nう", self.grid) == [
            (0, 0, 0, 0),
            (2, 0, 0, 2),
            (5, 0, 2, 0),
        ]

    def test_full_lines_go_on_and_pages_follow(self):
        found = cells("あ" * 13, self.grid)
        assert found[4] == (4, 0, 1, 0)
        assert found[12] == (12, 1, 0, 0)

    def test_closing_marks_hang_where_there_is_room(self):
        # The margin is smaller than a cell.
        assert cells("ああああ。", self.grid)[4] == (4, 0, 1, 0)
        wide = Grid(10.0, 10.0, 100, page=(62.0, 57.0))
        assert cells("ああああ。あ", wide)[4:] == [(4, 0, 0, 4), (5, 0, 1, 0)]
        assert cells("ああああ。」", wide)[5] == (5, 0, 1, 0)

    def test_lines_follow_to_the_bottom_or_to_the_left(self):
        across = Grid(10.0, 5.0, page=(52.0, 47.0))
        down = Grid(10.0, 5.0, vertical=True, page=(47.0, 52.0))
        assert across.centre(0, 0) == (10.0, 10.0)
        assert across.centre(1, 2) == pytest.approx((30.0, 23.0))
        assert down.centre(0, 0) == (37.0, 10.0)
        assert down.centre(1, 2) == pytest.approx((24.0, 30.0))

    @staticmethod
    def ink_box(grid, text, image, **settings):
        """Left, top, right and bottom of the ink of one character, in cells."""
        (page,) = draw_pages(
            grid, text, lay_out(text, grid), {0: image}, jitter=0, **settings
        )
        rows, columns = np.nonzero(np.asarray(page) < 128)
        x, y = grid.centre(0, 0)
        edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        corner = np.array([x, y, x, y]) / grid.cell - 0.5
        return np.array(edges) / grid.pixels(grid.cell) - corner

    @pytest.mark.parametrize("vertical", [False, True])
    def test_a_character_stands_in_the_middle_of_its_cell(self, vertical):
        grid = Grid(12.0, dpi=150, vertical=vertical)
        image = np.full((40, 40), 255, np.uint8)
        image[10:30, 10:30] = 0
        box = self.ink_box(grid, "あ", image)
        np.testing.assert_allclose(box, [0.24, 0.24, 0.76, 0.76], atol=0.02)

    @pytest.mark.parametrize("enlarged", ["っ", ""])
    def test_small_kana_are_small_and_low_or_to_the_right(self, enlarged):
        image = np.full((40, 40), 255, np.uint8)
        if enlarged:
            image[4:36, 4:36] = 0
        else:
            image[14:36, 8:30] = 0
        grids = [Grid(12.0, dpi=150, vertical=vertical) for vertical in (False, True)]
        across, down = (
            self.ink_box(grid, "っ", image, enlarged=enlarged) for grid in grids
        )
        for box in (across, down):
            assert 0.5 < box[2] - box[0] < 0.65
            assert 0.5 < box[3] - box[1] < 0.65
        assert across[3] > 0.9 and across[0] + across[2] < 1
        assert down[2] > 0.9 and down[1] < 0.15

    def test_marks_go_into_their_corner(self):
        image = np.full((40, 40), 255, np.uint8)
        image[28:36, 4:12] = 0
        across = self.ink_box(Grid(12.0, dpi=150), "、", image)
        assert across[2] < 0.4 and across[1] > 0.6
        down = self.ink_box(Grid(12.0, dpi=150, vertical=True), "、", image)
        assert down[0] > 0.6 and down[3] < 0.4

    def test_long_marks_are_turned_in_vertical_writing(self):
        image = np.full((40, 40), 255, np.uint8)
        image[18:22, 4:36] = 0
        for character in "ー…〜":
            box = self.ink_box(Grid(12.0, vertical=True), character, image)
            assert box[3] - box[1] > 3 * (box[2] - box[0])

    def test_a_bracket_is_turned_clockwise(self):
        image = np.full((40, 40), 255, np.uint8)
        image[4:20, 20:23] = 0  # 「, its upright
        image[4:7, 20:34] = 0
        box = self.ink_box(Grid(12.0, dpi=150, vertical=True), "「", image)
        # ﹁: its corner is at the upper right, below the middle.
        assert box[2] > 0.8 and box[1] > 0.45

    def test_jitter_moves_each_in_its_own_way_and_always_the_same(self):
        grid = Grid(12.0, dpi=75)
        image = np.full((40, 40), 255, np.uint8)
        image[10:30, 10:30] = 0
        places = lay_out("あああ", grid)

        def draw(seed):
            (page,) = draw_pages(
                grid, "あああ", places, {i: image for i in range(3)}, seed
            )
            return np.asarray(page)

        np.testing.assert_array_equal(draw(0), draw(0))
        assert (draw(0) != draw(1)).any()
        side = round(grid.pixels(grid.cell))
        top = round(grid.pixels(grid.margin))
        first, second = (
            draw(0)[top : top + side, top + i * side : top + (i + 1) * side]
            for i in range(2)
        )
        assert (first != second).any()


@pytest.mark.backend_free
@pytest.mark.parametrize("count", [1, 3])
def test_a_pdf_has_a4_pages(tmp_path, count):
    pages = [Image.new("L", Grid(12.0, dpi=72).size, 255) for _ in range(count)]
    path = tmp_path / "頁.pdf"
    specimen_page.save_pages(path, pages, 72)
    boxes = re.findall(rb"/MediaBox \[([^\]]+)\]", path.read_bytes())
    assert len(boxes) == count
    for box in boxes:
        points = [float(number) for number in box.split()]
        assert points == pytest.approx([0, 0, 210 / 25.4 * 72, 297 / 25.4 * 72], abs=1)
    specimen_page.save_pages(tmp_path / "again.pdf", pages, 72)
    assert (tmp_path / "again.pdf").read_bytes() == path.read_bytes()


@pytest.fixture(scope="module")
def given(tmp_path_factory, tiny_font, characters):
    """Flags, with an untrained generator of six characters and two hands."""
    folder = tmp_path_factory.mktemp("specimen")
    keras.utils.set_random_seed(0)
    model = AdaINGenerator(
        width=8,
        # To trace more levels takes TensorFlow longer.
        multipliers=(1, 2) if BACKEND == "torch" else (1,),
        condition=EmbeddingCondition(6, 16, 8),
        attention={"heads": 2, "head_width": 4},
    )
    model.build()
    draw_weights(model)
    model.save(folder / "generator.keras")
    diffusion = folder / "diffusion"
    diffusion.mkdir()
    diffusion_generator(None, steps=2).save(diffusion / "generator.keras")
    return {
        "generator_weights": str(folder),
        "fonts": [str(tiny_font)],
        "handwriting": [str(hand_folder(folder / "first"))],
        "hand_2": str(hand_folder(folder / "second", seed=5)),
        "characters": characters_file(folder, characters),
        "image_size": SIZE,
        "dpi": 60,
        "jitter": 0.0,
    }


def call(given, output, **values):
    settings = {**given, "output": str(output), "hand_2": None, "cache": "", **values}
    return specimen.main(specimen.Settings(**settings))


def page(given, output, **values):
    with Image.open(call(given, output, **values)) as image:
        return np.asarray(image), image.info["dpi"]


@two_backends
def test_a_page_of_kana_small_kana_marks_and_strange_characters(
    given, tmp_path, capsys
):
    file = tmp_path / "text.txt"
    file.write_text("\ufeffあい っく、\r\n語が。\n", encoding="utf-8")
    image, dpi = page(given, tmp_path / "page.png", text_file=str(file))
    assert image.shape == (702, 496) and dpi == pytest.approx((60, 60), abs=0.1)
    printed = capsys.readouterr().out
    assert (
        "6 characters in the hand of first, 2 from the font (、。), 1 page." in printed
    )


@one_backend
def test_pages_are_scanned(given, tmp_path):
    clean, scan, again = (
        page(given, tmp_path / f"{number}.png", text="あい", look=look)[0]
        for number, look in enumerate(["clean", "scan", "scan"])
    )
    np.testing.assert_array_equal(scan, again)
    assert scan.shape == clean.shape and (scan != clean).any()
    assert call(given, tmp_path / "page.pdf", text="あい", look="scan").exists()


@one_backend
def test_a_set_with_small_kana_and_marks_has_them_written(
    given, tmp_path, capsys, tiny_font
):
    without = {**given, "generator_weights": str(tmp_path)}
    model = AdaINGenerator(width=8, multipliers=(1, 2), attention=None)
    model.build()
    model.save(tmp_path / "generator.keras")
    known = tmp_path / "set.txt"
    known.write_text("あ\nっ\n、\n", encoding="utf-8")
    page(without, tmp_path / "a.png", text="あっ､。", characters=str(known))
    assert "3 characters in the hand of first, 1 from the font (。)" in (
        capsys.readouterr().out
    )


@one_backend
def test_mixing_and_strength(given, tmp_path):
    def written(name, **values):
        return page(given, tmp_path / f"{name}.png", text="あい", **values)[0].astype(
            int
        )

    one = written("one")
    second = {"hand_2": given["hand_2"]}
    assert np.abs(written("first", **second, mix=0.0) - one).max() <= 1
    assert np.abs(written("mixed", **second) - one).max() > 1
    assert np.abs(written("full", strength=1.0) - one).max() <= 1
    assert np.abs(written("none", strength=0.0) - one).max() > 1
    assert (written("seed", seed=1) != one).any()
    assert (written("down", writing="vertical") != one).any()


@one_backend
def test_a_diffusion_model_writes_a_pdf(given, tmp_path):
    weights = given["generator_weights"] + "/diffusion"
    path = call(
        given, tmp_path / "page.pdf", text="あ\n" * 17, generator_weights=weights
    )
    assert len(re.findall(rb"/MediaBox", path.read_bytes())) == 2


@one_backend
def test_what_no_font_draws_is_left_blank_on_request(given, tmp_path, capsys):
    with pytest.raises(InputError, match="--fonts: no font draws 😀; give one that"):
        call(given, tmp_path / "page.png", text="あ😀")
    call(given, tmp_path / "page.png", text="あ😀", skip_unknown_characters=True)
    assert "Left blank, since no font draws them: 😀" in capsys.readouterr().out


MISTAKES = {
    "no text": ({}, "Give one of --text and --text_file"),
    "two texts": ({"text": "あ", "text_file": "a"}, "Give one of --text"),
    "empty": ({"text": " \n"}, "The text to write is empty"),
    "missing file": ({"text_file": "nowhere"}, "--text_file: nowhere cannot be read"),
    "ending": ({"text": "あ", "output": "page.gif"}, "must end in .png, .pdf or .svg"),
    "pages": ({"text": "あ\n" * 17}, "the text takes 2 pages and a PNG has one"),
    "cell": ({"text": "あ", "cell": 300.0}, "--cell is 300.0 mm, which no page"),
    "mix": ({"text": "あ", "mix": 2.0}, "--mix is 2.0; give 0 to 1"),
    "strength": ({"text": "あ", "strength": -1.0}, "--strength is -1.0; give 0 to 5"),
    "dpi": ({"text": "あ", "dpi": 1}, "--dpi is 1; give 50 to 1200"),
    "styles": (
        {"text": "あ", "style_images": 7},
        "--style_images is 7 and first wrote 6 images",
    ),
    "no hand": ({"text": "あ", "handwriting": []}, "--handwriting is needed: a folder"),
    "no such writer": (
        {"text": "あ", "writer": "third"},
        "--writer: --handwriting has no writer 'third'; it has first",
    ),
    "diffusion": (
        {"text": "あ", "strength": 0.5, "generator_weights": "{weights}/diffusion"},
        "--strength is for AdaIN generators; use --guidance_style",
    ),
    "pen": (
        {"text": "あ", "look": "pen"},
        "--look=pen is for a stroke writer, not for AdaINGenerator",
    ),
    "several writers": (
        {"text": "あ", "handwriting": ["{weights}/first", "{weights}/second"]},
        "--handwriting has images by 2 writers (first, second); choose one with",
    ),
}


@one_backend
@pytest.mark.parametrize("values, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(given, tmp_path, values, message):
    weights = given["generator_weights"]

    def filled(value):
        if isinstance(value, list):
            return [filled(one) for one in value]
        return value.format(weights=weights) if isinstance(value, str) else value

    values = {name: filled(value) for name, value in values.items()}
    output = values.pop("output", tmp_path / "page.png")
    with pytest.raises(InputError) as error:
        call(given, output, **values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*page*"))
