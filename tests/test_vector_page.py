"""Pages of text as vectors."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import hwgen_keras as hw
from experiments.specimens.page import Grid, lay_out
from experiments.specimens.vector_page import draw_vector_pages, save_vector_pages

pytestmark = pytest.mark.backend_free

TEXT = "一っ、あ"
# Room for 4 cells of 10 mm in a line, and 3 lines of 1.3 cells on a page.
GRID = Grid(10.0, margin=5.0, page=(52.0, 47.0))
DOWN = Grid(10.0, margin=5.0, page=(47.0, 52.0), vertical=True)


def tracks(text):
    writer = hw.PenWriter(1)
    return {index: writer.track(text[index], index) for index in range(len(text))}


def pages(grid, text=TEXT, jitter=0.0):
    return draw_vector_pages(grid, text, lay_out(text, grid), tracks(text), 3, jitter)


def test_characters_stand_in_their_cells():
    (page,) = pages(GRID)
    written = tracks(TEXT)
    for number, outline in enumerate(page):
        box = hw.outline(written[number]).bounds
        # The box is 1.05 cells, about the middle of the cell.
        corner = 5 + 10 * number - 0.25, 4.75
        assert outline.bounds == pytest.approx(
            np.tile(corner, 2) + 10.5 * box, abs=0.01
        )


def test_marks_and_small_kana_move_in_vertical_lines():
    (page,) = pages(DOWN)
    middles = [(o.bounds[:2] + o.bounds[2:]) / 2 for o in page]
    # The first line is at the right; its cells go down.
    for number, (x, y) in enumerate(middles):
        across, along = x - DOWN.centre(0, number)[0], y - DOWN.centre(0, number)[1]
        if TEXT[number] in "っ、":
            assert across > 0.5 and along < -0.5
        else:
            assert abs(across) < 2 and abs(along) < 2


def test_jitter_is_that_of_a_seed():
    still, one, again = (pages(GRID, jitter=j)[0][0] for j in (0, 1, 1))
    assert one.bounds.tolist() == again.bounds.tolist()
    assert one.bounds.tolist() != still.bounds.tolist()


def test_without_a_track_a_cell_is_empty():
    places = lay_out(TEXT, GRID)
    (page,) = draw_vector_pages(GRID, TEXT, places, {1: tracks(TEXT)[1]})
    assert len(page) == 1


def test_svg(tmp_path):
    save_vector_pages(tmp_path / "page.svg", pages(GRID), GRID)
    root = ElementTree.parse(tmp_path / "page.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("52mm", "47mm")
    assert root.get("viewBox") == "0 0 5200 4700"
    assert len(root) == len(TEXT)


def test_pdf_has_all_pages_as_curves_and_no_date(tmp_path):
    for name in ("one.pdf", "two.pdf"):
        save_vector_pages(tmp_path / name, pages(GRID, "一" * 13), GRID)
    content = (tmp_path / "one.pdf").read_bytes()
    assert content == (tmp_path / "two.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == 2
    assert b"/Image" not in content.replace(b"/ImageB /ImageC /ImageI", b"")
    width, height = 52 / 25.4 * 72, 47 / 25.4 * 72
    (box, *_) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    assert list(map(float, box)) == pytest.approx([width, height], abs=0.01)
