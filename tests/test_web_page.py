"""The page that writes and reads in the browser, used by visitors in Chromium."""

import re
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest
from browsers import chromium, served
from page_commands import commands
from PIL import Image
from web_page import WEB, built_page, visiting

from experiments import flags, make_font, prepare_strokes
from experiments.hand_fonts import source
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

SEASONS = "春夏秋冬"
HIRAGANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
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
def address():
    with served(built_page()) as (found, _):
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


def test_undo_and_clear(writing):
    page = writing.page
    page.fill("#draw-characters", "一")
    page.keyboard.press("Enter")
    canvas = page.locator("#pads canvas")
    assert canvas.count() == 1
    writing.draw(canvas, [[(0.2, 0.5), (0.8, 0.5)], [(0.2, 0.7), (0.8, 0.7)]])
    for button, left in (("Undo", 1), ("Clear", 0)):
        page.click(f"#pads button:text-is('{button}')")
        assert f"strokes: {left}" in canvas.get_attribute("aria-label")
    assert page.is_disabled("#pads button >> nth=0")
    page.fill("#draw-characters", "龘春")
    page.keyboard.press("Tab")
    assert "does not know 龘" in page.inner_text("#pads .fault >> nth=0")
    page.fill("#draw-characters", SEASONS)
    page.keyboard.press("Tab")


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


def test_the_reader_reads_what_the_page_writes(writing):
    writing.page.check("input[name=hand][value=sample]")
    assert "characters: 46." in writing.write(HIRAGANA)
    read = writing.page.evaluate(
        f"""async () => {{
            {PARTS}
            const read = [];
            for (const [index, lines] of sheet.lines) {{
                const character = sheet.characters[index];
                const image = await engine.draw(lines, 64, {{ character }});
                read.push((await engine.read(image, 64, 64))[0].character);
            }}
            return read.join("");
        }}"""
    )
    assert len(read) == 46
    right = sum(a == b for a, b in zip(read, HIRAGANA, strict=True))
    assert right >= 0.9 * 46, read


def test_the_reader_names_five_for_a_drawing(visit):
    page = visit.page
    page.click("#read-tab")
    canvas = page.locator("#read-pad canvas")
    visit.draw(canvas, [s[::4].tolist() for s in strokes("夏")])
    page.wait_for_selector("#readings li")
    assert page.locator("#readings li").count() == 5
    assert page.inner_text("#readings li >> nth=0").split()[0] == "夏"
    meters = page.locator("#readings meter")
    shares = meters.evaluate_all("all => all.map((meter) => meter.value)")
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 1.001
    assert "Most likely 夏" in page.inner_text("#read-status")
    page.click("#read-pad button:text-is('Clear')")
    page.locator("#readings li").first.wait_for(state="detached")


def test_emoji_and_unknown_characters_are_named_and_skipped(writing):
    said = writing.write("春😀は👨‍👩‍👧龘 あ")
    assert "characters: 3." in said
    skipped = writing.page.inner_text("#skipped")
    assert skipped.endswith(": 😀 👨‍👩‍👧 龘")
    # They leave no gap.
    places = f"async () => {{ {PARTS} return [...sheet.paper.glyphs.values()]" + (
        ".map((glyph) => glyph.place.position); }"
    )
    assert writing.page.evaluate(places) == [0, 1, 3]
    writing.page.fill("#text", " \n")
    writing.page.click("button.primary")
    writing.wait_until_written()
    assert writing.page.inner_text("#write-problem") == "Type a text first."


def test_controls_change_what_is_written(writing):
    page = writing.page
    shapes = f"async () => {{ {PARTS} return [...sheet.paper.glyphs.values()]" + (
        ".map((glyph) => glyph.data).join(); }"
    )
    page.check("input[name=hand][value=sample]")
    writing.write("春は。")
    seen = [page.evaluate(shapes)]
    for change in (
        lambda: page.click("#again"),
        lambda: page.fill("#temperature", "0"),
        lambda: page.fill("#guidance", "2"),
        lambda: page.fill("#strength", "0"),
        lambda: page.select_option("#other-hand", index=3),
        lambda: page.check("input[name=pen][value=brush]"),
        lambda: page.check("input[name=direction][value=vertical]"),
    ):
        change()
        writing.wait_until_written()
        seen.append(page.evaluate(shapes))
    assert len({*seen}) == len(seen)
    assert page.inner_text("#temperature-value") == "0.00"
    down = page.locator("#blocks canvas").bounding_box()
    assert down["height"] > down["width"]
    for name, value in (("temperature", 0.5), ("guidance", 1), ("strength", 1)):
        page.fill(f"#{name}", str(value))
    page.select_option("#other-hand", "")
    for name in ("name=pen][value=ball", "name=direction][value=horizontal"):
        page.check(f"input[{name}]")
    writing.wait_until_written()


def test_a_text_of_4000_characters_leaves_the_page_responsive(writing):
    page = writing.page
    page.fill("#text", "春はあけぼの。やうやう" * 364)
    page.click("button.primary")
    page.locator("#cancel").wait_for()
    page.wait_for_selector("#write-bar:not([value='0'])")
    page.click("#cancel")
    writing.wait_until_written()
    count = f"async () => {{ {PARTS} return sheet.lines.size; }}"
    assert 0 < page.evaluate(count) < 4000
    # All comes a hundred times as fast as the engine writes.
    result = page.evaluate(
        f"""async () => {{
            {PARTS}
            const lines = sheet.lines.values().next().value;
            const text = document.querySelector("#text").value;
            let [added, most, before, running] = [0, 0, 0, true];
            const count = () => {{
                most = Math.max(most, added - before);
                before = added;
                if (running) requestAnimationFrame(count);
            }};
            requestAnimationFrame(count);
            const characters = sheet.begin(text);
            for (const [index, character] of characters.entries()) {{
                sheet.add({{ index, character, lines, fault: null }});
                added += 1;
                if (added % 10 === 0) await new Promise((next) => setTimeout(next));
            }}
            running = false;
            sheet.end();
            const canvases = [...document.querySelectorAll("#blocks canvas")];
            const drawn = canvases.filter((canvas) => canvas.width).length;
            return {{ added, most, drawn, all: canvases.length }};
        }}"""
    )
    assert result["added"] == 4004
    assert result["most"] < 1000
    assert 0 < result["drawn"] < result["all"] / 3
