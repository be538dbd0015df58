"""The page that writes and reads in the browser, used by visitors in Chromium."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from web_page import WEB

from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

SEASONS = "春夏秋冬"
HIRAGANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねの"
    "はひふへほまみむめもやゆよらりるれろわをん"
)
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
PARTS = "const { engine, sheet } = await (await import('./page/main.js')).page;"


def test_the_page_runs_under_a_strict_policy():
    page = (WEB / "src/index.html").read_text("utf-8")
    assert f'content="{POLICY}"' in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)
    assert not re.search(r"https?:", page)


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
    # A finger draws, too, and does not scroll the page.
    box = canvas.bounding_box()
    session = writing.context.new_cdp_session(page)
    for kind, share in (("Start", 0.2), ("Move", 0.5), ("Move", 0.8), ("End", None)):
        x, y = (box["x"] + (share or 0) * box["width"], box["y"] + box["height"] / 2)
        points = [] if share is None else [{"x": x, "y": y}]
        touch = {"type": f"touch{kind}", "touchPoints": points}
        session.send("Input.dispatchTouchEvent", touch)
    page.locator("#pads canvas[aria-label$='strokes: 1']").wait_for()
    page.fill("#draw-characters", "龘春")
    page.keyboard.press("Tab")
    assert "does not know 龘" in page.inner_text("#pads .fault >> nth=0")
    page.fill("#draw-characters", SEASONS)
    page.keyboard.press("Tab")


def test_characters_have_the_sizes_of_a_text(writing, tmp_path):
    writing.page.check("input[name=hand][value=sample]")
    writing.write("り口驚")
    root = ElementTree.parse(writing.save("#save-svg", tmp_path)).getroot()
    low, square, tall = (
        np.ptp([int(n) for n in re.findall(r"-?\d+", path.get("d"))][1::2])
        for path in root.findall("{http://www.w3.org/2000/svg}path")
    )
    # Images of them are about as high.
    assert max(low, square) < 0.9 * tall


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
    # It is read after each pause, so perhaps before the last stroke, too.
    page.locator("#readings li").first.get_by_text("夏").wait_for()
    assert page.locator("#readings li").count() == 5
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


def test_where_characters_stand(visit):
    places = visit.page.evaluate(
        """async () => {
            const { Layout } = await import("./page/layout.js");
            const layout = new Layout(3);
            const text = [..."いろは。に ほへ とち。」\\nり"];
            const places = text.map((character, i) => {
                const { line, position } = layout.place(i, character);
                return character === "\\n" ? "" : `${character}${line}${position}`;
            });
            return places.join(" ");
        }"""
    )
    hanging = "い00 ろ01 は02 。03 に10  11 ほ12"
    # A space at a line's end vanishes; of two marks at a full line one hangs.
    assert places == f"{hanging} へ20  21 と22 ち30 。31 」32  り40"


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
