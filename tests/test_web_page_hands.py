"""Hands that visitors show the page for the browser, and what they take home."""

import re
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pages
import pytest
from page_commands import commands
from PIL import Image
from web_page import WEB

from experiments import flags, make_font, prepare_strokes
from experiments.hand_fonts import source
from hwgen_keras.characters import character_set
from hwgen_keras.sources import find_fonts
from hwgen_keras.sources.pages.layout import make_layout
from hwgen_keras.sources.pages.sheet import choose_fonts
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

SEASONS = "春夏秋冬"
PHOTOGRAPHED = "あいうえおかきくけこ"
INK = """() => [...document.querySelectorAll("#blocks canvas")].map((canvas) => {
    if (!canvas.width) return 0;
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return data.filter((value, i) => i % 4 === 3 && value > 128).length;
}).reduce((sum, count) => sum + count, 0)"""


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


def test_four_drawn_characters_show_the_hand_of_a_text(drawn, tmp_path):
    assert "In your hand, characters: 5." in drawn.write("山川、\nあう")
    assert drawn.page.is_hidden("#awaited")
    assert drawn.page.evaluate(INK) > 500
    assert drawn.page.locator("#pads .fault").all_inner_texts() == [""] * 4
    root = ElementTree.parse(drawn.save("#save-svg", tmp_path)).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{svg}title").text == "山川、\nあう"
    _, _, width, height = map(float, root.get("viewBox").split())
    paths = root.findall(f"{svg}path")
    assert len(paths) == 5
    for path in paths:
        x, y = map(int, re.findall(r"\d+", path.get("transform")))
        assert 0 <= x < width and 0 <= y < height
        numbers = [int(n) for n in re.findall(r"[ML](-?\d+)", path.get("d"))]
        assert -200 < min(numbers) < max(numbers) < 1200
    picture = Image.open(drawn.save("#save-png", tmp_path)).convert("L")
    assert 0.01 < np.mean(np.asarray(picture) < 128) < 0.3


def in_japanese(page, element):
    """What an element says in Japanese, on the page that is in English."""
    page.check("input[name=language][value=ja]")
    text = element.inner_text()
    page.check("input[name=language][value=en]")
    return text


def test_drawings_that_are_no_characters_are_told(writing):
    page = writing.page
    page.click("#draw-clear")
    page.fill("#draw-characters", "春夏")
    page.keyboard.press("Tab")
    for number in range(2):
        canvas = page.locator("#pads canvas").nth(number)
        writing.draw(canvas, [[(0.5, 0.5), (0.52, 0.5)]])
    page.check("input[name=hand][value=draw]")
    page.click("button.primary")
    writing.wait_until_written()
    problem = page.locator("#write-problem")
    assert problem.inner_text() == (
        "No character shows the hand (春: It lacks strokes of this character); "
        "show it again."
    )
    assert in_japanese(page, problem) == (
        "どの字からも筆跡がわかりませんでした（「春」：この字の画が足りません）。"
        "書きなおすか、写真を撮りなおしてください。"
    )
    # One that can be used is enough.
    writing.page.click("#pads button:text-is('Clear') >> nth=0")
    lines = [line[::4].tolist() for line in strokes("春")]
    writing.draw(page.locator("#pads canvas").first, lines)
    assert "In your hand, characters: 1." in writing.write("山")
    assert problem.inner_text() == ""
    faults = page.locator("#pads .fault")
    assert faults.nth(0).inner_text() == ""
    assert faults.nth(1).inner_text().startswith("夏 could not be used (It lacks")
    told = in_japanese(page, faults.nth(1))
    assert told.startswith("「夏」は使えませんでした（この字の画が足りません）。")
    page.fill("#draw-characters", SEASONS)
    page.keyboard.press("Tab")
    page.click("#draw-clear")


def made_by(words, module, tmp_path, monkeypatch):
    """Runs a command of the page, whose paths lie in a folder."""
    known = flags.flags.FlagValues()
    flags.define(module.Settings, known)
    known(words)
    values = flags.given(module.Settings, known)
    monkeypatch.chdir(tmp_path)
    return module.main(module.Settings(**values))


def saved(writing, folder):
    """Saves and unpacks the hand; returns the words of the page's commands."""
    with zipfile.ZipFile(writing.save("#save-hand", folder)) as file:
        file.extractall(folder)
    writing.page.evaluate("document.querySelector('#font').open = true")
    return commands(writing.page.inner_text("#command"))


def test_the_saved_hand_and_its_commands_make_a_font(
    drawn, tmp_path, monkeypatch, capsys
):
    drawn.write("永一")
    prepare, font = saved(drawn, tmp_path)
    assert prepare[:3] == ["python", "-m", "experiments.prepare_strokes"]
    assert font[:3] == ["python", "-m", "experiments.make_font"]
    made_by(prepare[2:], prepare_strokes, tmp_path, monkeypatch)
    assert "4 samples were matched, 0 refused." in capsys.readouterr().out
    characters = tmp_path / "hand/characters.txt"
    assert {"あ", "ン", "永", "一"} <= {*characters.read_text("utf-8").split()}
    # A font of few characters is a font.
    characters.write_text("い\n永\n", "utf-8")
    monkeypatch.setattr(source, "has_strokes", lambda character: character in "い永")
    (tmp_path / "saved_models").symlink_to(WEB.parent / "saved_models")
    assert made_by(font[2:], make_font, tmp_path, monkeypatch).is_file()
    assert "2 of the 2 characters" in capsys.readouterr().out


def test_the_saved_hand_of_made_up_writers(writing, tmp_path, monkeypatch, capsys):
    page = writing.page
    page.check("input[name=hand][value=sample]")
    page.select_option("#sample-hand", label="sample hand 2")
    writing.write("一")
    (font,) = saved(writing, tmp_path)
    assert "--seed=3" in font
    assert (tmp_path / "hand/characters.txt").is_file()
    assert not (tmp_path / "hand/strokes.json").exists()
    page.select_option("#other-hand", label="sample hand 3")
    writing.wait_until_written()
    prepare, font = saved(writing, tmp_path)
    assert "--strokes=hand/prepared/strokes.store" in font
    made_by(prepare[2:], prepare_strokes, tmp_path, monkeypatch)
    assert "samples were matched, 0 refused." in capsys.readouterr().out
    page.select_option("#other-hand", "")
    writing.wait_until_written()


@pytest.fixture(scope="module")
def photo(tiny_font, tmp_path_factory):
    """A photo of a practice sheet of kana on which ten are written."""
    kana = character_set("kana")
    layout = make_layout(kana)
    places = [n for n, c in enumerate(layout.cells(1)) if c.character in PHOTOGRAPHED]
    empty = {*range(len(kana))} - {*places}
    fonts = choose_fonts(find_fonts(tiny_font), kana)
    page, _ = pages.fill_page(layout, 1, fonts, seed=4, empty=empty)
    path = tmp_path_factory.mktemp("photo") / "sheet.jpg"
    Image.fromarray(pages.photograph(page, 1800, 3)).save(path, quality=90)
    return path


def test_a_photo_of_a_sheet_shows_the_hand(
    writing, photo, tmp_path, monkeypatch, capsys
):
    page = writing.page
    page.check("input[name=hand][value=photo]")
    page.set_input_files("#photo-file", photo)
    page.wait_for_selector("#photo-cells li")
    assert "Characters found: 10." in page.inner_text("#photo-status")
    canvases = page.locator("#photo-cells canvas")
    names = canvases.evaluate_all("all => all.map((canvas) => canvas.ariaLabel)")
    assert "".join(names) == PHOTOGRAPHED
    assert "In the hand of the photo, characters: 2." in writing.write("山道")
    (font,) = saved(writing, tmp_path)
    assert "--handwriting=hand/images" in font
    (tmp_path / "hand/characters.txt").write_text("永\n", "utf-8")
    monkeypatch.setattr(source, "has_strokes", lambda character: character == "永")
    (tmp_path / "saved_models").symlink_to(WEB.parent / "saved_models")
    assert made_by(font[2:], make_font, tmp_path, monkeypatch).is_file()
    assert "1 of the 1 characters" in capsys.readouterr().out


def test_a_photo_of_something_else_is_told(writing, photo, tmp_path):
    page = writing.page
    page.check("input[name=hand][value=photo]")
    page.set_input_files("#photo-file", photo)
    page.wait_for_selector("#photo-cells li")
    status = page.locator("#photo-status")
    (tmp_path / "words.png").write_text("no picture")
    page.set_input_files("#photo-file", tmp_path / "words.png")
    status.get_by_text("words.png is no picture").wait_for()
    Image.new("L", (600, 800), 255).save(tmp_path / "blank.png")
    page.set_input_files("#photo-file", tmp_path / "blank.png")
    status.get_by_text("words.png").wait_for(state="detached")
    status.get_by_text("blank").wait_for()
    told = "写真に何も写っていません。もう一度撮ってください。"
    assert in_japanese(page, status) == told
    assert page.is_hidden("#photo-bar")
    # The photo before still shows the hand, which does not hide the refusal.
    assert "In the hand of the photo, characters: 1." in writing.write("川")
    assert "blank" in status.inner_text()


def test_a_photo_can_be_dropped(writing, photo, tmp_path):
    page = writing.page
    page.check("input[name=hand][value=photo]")
    zone, status = page.locator("#photo-zone"), page.locator("#photo-status")
    zone.scroll_into_view_if_needed()
    box = zone.bounding_box()
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session = writing.context.new_cdp_session(page)

    def drag(path, *kinds):
        # Chromium makes the DataTransfer of a file that comes from another window.
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in kinds:
            event = {"type": kind, "data": data, **place}
            session.send("Input.dispatchDragEvent", event)

    (tmp_path / "words.png").write_text("no picture")
    drag(tmp_path / "words.png", "dragEnter", "dragOver")
    page.locator("#photo-zone.over").wait_for()
    drag(tmp_path / "words.png", "drop")
    status.get_by_text("words.png is no picture").wait_for()
    page.locator("#photo-zone:not(.over)").wait_for()
    drag(photo, "dragEnter", "dragOver", "drop")
    status.get_by_text("Characters found: 10.").wait_for()
