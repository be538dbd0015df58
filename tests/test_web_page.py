"""The page that writes and reads in the browser, used by visitors in Chromium."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest
from browsers import chromium, served
from page_commands import commands
from PIL import Image
from web_page import WEB, visiting

from experiments import make_font, prepare_strokes
from experiments.hand_fonts import source
from hwgen_keras.settings import flags
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

SEASONS = "春夏秋冬"
HIRAGANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
)
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
THEMES, LANGUAGES, TABS = ("light", "dark"), ("ja", "en"), ("write", "read")
PARTS = "const { engine, sheet } = await (await import('./page/main.js')).page;"
INK = """() => [...document.querySelectorAll("#blocks canvas")].map((canvas) => {
    if (!canvas.width) return 0;
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return data.filter((value, i) => i % 4 === 3 && value > 128).length;
}).reduce((sum, count) => sum + count, 0)"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(page_folder):
    with served(page_folder) as (found, _):
        yield found


@pytest.fixture(scope="module")
def visit(browser, address):
    """The page in English, open for all tests that leave it as they found it."""
    with visiting(browser, address, reduced_motion="reduce") as found:
        found.open()
        yield found


@pytest.fixture
def writing(visit):
    """The page with the first tab in front and nothing chosen."""
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    visit.page.click("#write-tab")
    return visit


@pytest.fixture
def drawn(writing):
    """The page after four characters were drawn and a text was written."""
    for number, character in enumerate(SEASONS):
        canvas = writing.page.locator("#pads canvas").nth(number)
        if f"strokes: {len(strokes(character))}" in canvas.get_attribute("aria-label"):
            continue
        writing.draw(canvas, [s[::4].tolist() for s in strokes(character)])
    writing.page.check("input[name=hand][value=draw]", force=True)
    return writing


def test_the_page_runs_under_a_strict_policy():
    page = (WEB / "src/index.html").read_text("utf-8")
    assert f'content="{POLICY}"' in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)
    assert not re.search(r"https?:", page)


def test_four_drawn_characters_show_the_hand_of_a_text(drawn, tmp_path):
    assert "In your hand, characters: 5." in drawn.write("山川、\nあう")
    assert drawn.page.is_hidden("#awaited")
    assert drawn.page.evaluate(INK) > 500
    assert drawn.page.inner_text("#pads .fault >> nth=0") == ""
    root = ElementTree.parse(drawn.save("#save-svg", tmp_path)).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{svg}title").text == "山川、\nあう"
    _, _, width, height = map(float, root.get("viewBox").split())
    paths = root.findall(f"{svg}path")
    assert len(paths) == 5
    for path in paths:
        x, y = map(int, re.findall(r"\d+", path.get("transform")))
        numbers = [int(n) for n in re.findall(r"[ML](-?\d+)", path.get("d"))]
        assert -200 < min(numbers) <= max(numbers) < 1200
        assert 0 <= x < width and 0 <= y < height
    picture = Image.open(drawn.save("#save-png", tmp_path)).convert("L")
    assert 0.01 < np.mean(np.asarray(picture) < 128) < 0.3
