"""The page's engine in Chromium: texts, hands, settings, and what goes wrong."""

import gzip
import hashlib
import io
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from browsers import NAMES
from PIL import Image
from web_site import arrays, error_of

import hwgen_keras as hw
from hwgen_keras.data.hand_strokes import template_strokes
from hwgen_keras.sources import Track
from web.models import MODELS

pytestmark = pytest.mark.backend_free


def written(tab, text, **options):
    return tab.evaluate("([text, options]) => written(text, options)", [text, options])


class TestOpening:
    def test_tells_what_it_can_write_and_read_and_how_far_it_is(self, tab):
        found = tab.evaluate("() => [engine.characters, engine.readable, progress]")
        for characters, name in zip(
            found, ("jis1-writer", "jis1-reader"), strict=False
        ):
            about = json.loads((MODELS / name / "model.json").read_text("utf-8"))
            assert characters == about["characters"]
        names = {part["name"] for part in found[2]}
        assert names == {
            "hand.onnx",
            "step.onnx",
            "lines.onnx",
            "reader.onnx",
            "strokes",
        }
        for name in names:
            parts = [part for part in found[2] if part["name"] == name]
            loaded = [part["loaded"] for part in parts]
            assert loaded == sorted(loaded) and loaded[-1] == parts[-1]["total"] > 0

    def test_defaults_are_those_of_the_model(self, tab, page_folder):
        facts = json.loads((page_folder / "models/models.json").read_text("utf-8"))[
            "writer"
        ]
        defaults = tab.evaluate(
            'async () => (await import("/engine/client.js")).DEFAULTS'
        )
        for name in ("temperature", "guidance"):
            assert defaults[name] == facts[name]

    def test_models_are_small(self, page_folder):
        assert (
            sum(f.stat().st_size for f in (page_folder / "models").iterdir())
            < 6_000_000
        )

    @pytest.fixture
    def models(self, page_folder):
        folder = page_folder / "broken"
        shutil.copytree(page_folder / "models", folder)
        yield folder
        shutil.rmtree(folder)

    def fails(self, tab, words):
        call = """const { openEngine } = await import("/engine/client.js");
            await openEngine({ base: "/broken" });"""
        assert re.search(words, error_of(tab, call))

    def test_a_damaged_model(self, tab, models):
        file = models / "step.onnx.bin"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        self.fails(
            tab, r"^The model file step\.onnx\.bin is damaged .*load the page again\.$"
        )

    def test_a_shorter_model(self, tab, models):
        file = models / "hand.onnx.bin"
        file.write_bytes(file.read_bytes()[:-1])
        self.fails(tab, r"^The model file hand\.onnx\.bin is damaged")

    def test_a_missing_model(self, tab, models):
        (models / "strokes.bin").unlink()
        self.fails(
            tab, r"^strokes\.bin could not be downloaded \(the server answers 404\)"
        )

    def test_a_damaged_list(self, tab, models):
        (models / "models.json").write_text("<html>")
        self.fails(tab, r"^The list of the models \(models\.json\) is damaged")

    def test_a_model_that_is_none(self, tab, models):
        file = models / "lines.onnx.bin"
        file.write_bytes(gzip.compress(b"no model"))
        about = json.loads((models / "models.json").read_text("utf-8"))
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        changed = {"bytes": file.stat().st_size, "sha256": sha256}
        about["files"]["lines.onnx"] |= changed
        (models / "models.json").write_text(json.dumps(about))
        self.fails(tab, r"^The model lines does not start in this browser")

    def test_no_connection(self, tab):
        tab.route("**/models.json", lambda route: route.abort())
        call = """const { openEngine } = await import("/engine/client.js");
            await openEngine({ base: "/models/" });"""
        assert error_of(tab, call).startswith(
            "models.json could not be downloaded; check"
        )
        tab.unroute("**/models.json")

    def test_a_browser_without_simd(self, tab):
        # V8 has no SIMD where the processor lacks SSE 4.1.
        browser = tab.context.browser.browser_type.launch(
            executable_path=next(filter(None, map(shutil.which, NAMES))),
            args=["--js-flags=--no-enable-sse4-1"],
        )
        page = browser.new_page()
        page.goto(tab.url)
        call = """const { openEngine } = await import("/engine/client.js");
            await openEngine({ base: "/models/" });"""
        assert "lacks WebAssembly with SIMD" in error_of(page, call)
        browser.close()


class TestTexts:
    def test_what_cannot_be_written_is_named_and_skipped(self, tab):
        text = "山 👨‍👩‍👧\n鬱が\t川"
        found = written(tab, text, seed=1)
        assert [one["index"] for one in found] == [0, 2, 4, 5, 7]
        assert [one["character"] for one in found] == ["山", "👨‍👩‍👧", "鬱", "が", "川"]
        faults = [one["fault"] for one in found]
        assert faults[0] is None and faults[3:] == [None, None]
        assert "👨‍👩‍👧" in faults[1] and "鬱" in faults[2]
        assert [bool(one["lines"]) for one in found] == [True, False, False, True, True]

    def test_nothing_to_write(self, tab):
        assert written(tab, " \n") == []

    def test_a_long_text_comes_in_order_while_others_are_served(self, tab):
        found = tab.evaluate(
            """async () => {
                const text = engine.characters.slice(0, 90).join("");
                const other = written("い", { seed: 4 });
                const order = [];
                for await (const one of engine.write(text, { seed: 4 })) {
                    order.push(one.index);
                    if (order.length === 1) await other.then(() => order.push("other"));
                }
                return order;
            }"""
        )
        assert found == [0, "other", *range(1, 90)]

    def test_a_text_is_stopped(self, tab):
        found = tab.evaluate(
            """async () => {
                const stop = new AbortController();
                const text = "永".repeat(4000);
                const options = { seed: 4, signal: stop.signal };
                let count = 0;
                try {
                    for await (const one of engine.write(text, options)) {
                        if (++count === 3) stop.abort();
                    }
                } catch (error) {
                    const { length } = await written("山", { seed: 4 });
                    return [count, error.name, length];
                }
            }"""
        )
        assert found == [3, "AbortError", 1]

    @pytest.mark.parametrize(
        ("option", "words"),
        [
            ({"seed": -1}, "seed has to be a whole number of 0 or more."),
            ({"temperature": 3}, "temperature has to be a number from 0 to 2."),
            ({"mix": 2}, "mix has to be a number from 0 to 1."),
            ({"strength": "much"}, "strength has to be a number from 0 to 1.5."),
            (
                {"hand": {"id": 999}},
                "This hand does not exist any more; show it again.",
            ),
        ],
    )
    def test_a_wrong_option(self, tab, option, words):
        call = f"await written('山', {json.dumps(option)});"
        assert error_of(tab, call) == words


class TestSettings:
    def test_without_strength_the_template_is_written(self, tab):
        for character in "永っ":
            (found,) = written(tab, character, seed=1, strength=0)
            points, radii = arrays(found)
            template = template_strokes(character, 24)
            even = np.full(template.shape[:2], 0.025)
            wanted = Track.of_strokes(character, template, even).in_box()
            np.testing.assert_allclose(points, wanted.points, atol=5e-3)
            assert not radii[1::2].any()
            np.testing.assert_allclose(radii[::2], radii[0, 0], rtol=1e-5)

    def test_strength_grows_evenly(self, tab):
        at = [arrays(written(tab, "の", seed=1, strength=s)[0])[0] for s in (0, 0.5, 1)]
        apart = [np.abs(points - at[0]).mean() for points in at]
        assert 0.3 * apart[2] < apart[1] < 0.7 * apart[2]

    def test_a_mix_goes_from_one_hand_to_the_other(self, tab):
        found = tab.evaluate(
            """async () => {
                const hand = await engine.newHand(1);
                const otherHand = await engine.newHand(8);
                const options = { hand, otherHand, seed: 1 };
                const mixed = (mix) => written("永", { ...options, mix });
                const other = written("永", { hand: otherHand, seed: 1 });
                return Promise.all([mixed(0), mixed(0.5), mixed(1), other]);
            }"""
        )
        first, half, last, other = (arrays(one)[0] for (one,) in found)
        np.testing.assert_array_equal(last, other)
        whole = np.abs(first - last).mean()
        assert whole > 0.01
        for end in (first, last):
            assert np.abs(half - end).mean() < 0.8 * whole

    def test_temperature_0_writes_alike_with_other_noise(self, tab):
        one, other = (
            tab.evaluate(
                """async (text) => {
                    globalThis.calm ??= await engine.newHand(2);
                    return written(text, { hand: calm, temperature: 0 });
                }""",
                text,
            )
            for text in ("山", "川山")
        )
        np.testing.assert_allclose(*(arrays(w[-1])[0] for w in (one, other)), atol=1e-5)


class TestHands:
    def test_a_wrong_drawing_is_named_and_left_out(self, tab):
        samples = [{"character": "川", "strokes": [[]]}]
        for character, own in (("山", "山"), ("永", "一"), ("鬱", "山")):
            lines = [s.tolist() for s in hw.PenWriter(1).track(own).strokes]
            samples.append({"character": character, "strokes": lines})
        found = tab.evaluate("(samples) => engine.handOfStrokes(samples)", samples)
        faults = {one["character"]: one["fault"] for one in found["shown"]}
        assert faults.pop("山") is None and list(faults) == ["川", "永", "鬱"]
        faults = {character: fault["message"] for character, fault in faults.items()}
        assert faults["永"] == "It lacks strokes of this character."
        assert faults["鬱"] == "It is none of the characters that can be written."
        assert faults["川"] == "It has no strokes."

    def test_no_drawing_is_right(self, tab):
        call = """await engine.handOfStrokes(
            [{ character: "永", strokes: [[[0, 0], [1, 0, 20]]] }]);"""
        words = "No character shows the hand (永: It lacks strokes of this character)"
        assert error_of(tab, call).startswith(words)
        words = "Show at least one character of the hand."
        assert error_of(tab, "await engine.handOfStrokes([]);") == words

    def test_tracks_of_another_number_of_strokes(self, tab):
        call = """await engine.handOfTracks([{ character: "二",
            points: new Float32Array(48).fill(0.5), radii: new Float32Array(24) }]);"""
        assert "another number of strokes" in error_of(tab, call)

    def test_a_hand_of_images(self, tab):
        images = {c: hw.PenWriter(4).draw(c, image_size=96) for c in "山川"}
        cells = [[c, image.ravel().tolist()] for c, image in images.items()]
        found = tab.evaluate(
            """async (cells) => {
                const given = cells.map(([character, greys]) => {
                    const grey = Uint8Array.from(greys);
                    return { character, grey, width: 96, height: 96 };
                });
                const hand = await engine.handOfImages(given);
                return [hand.shown, await written("田", { hand })];
            }""",
            cells,
        )
        assert [one["fault"] for one in found[0]] == [None, None]
        assert found[1][0]["lines"]


class TestPictures:
    def test_a_picture_is_written_in_order_and_ends_as_the_lines(self, tab):
        found = tab.evaluate(
            """async () => {
                const { runsOf } = await import("/page/ink.js");
                const { animatedSvg } = await import("/engine/svg.js");
                const [one] = await written("永", { seed: 1 });
                const run = runsOf(lines(one.lines), "felt");
                const glyphs = [{ ...run, at: [0, 0] }, { ...run, at: [1, 0] }];
                const options = { title: "永<&>", seconds: 0.01 };
                const thick = run.runs.map(({ dots }) => ({
                    points: Float32Array.from(dots.flatMap(([x, y]) => [x, y])),
                    radii: Float32Array.from(dots, ([, , radius]) => radius),
                }));
                const greys = [...await engine.draw(thick, 200, { fill: false })];
                return [animatedSvg(glyphs, [2, 1], options), greys];
            }"""
        )
        root = ElementTree.fromstring(found[0])
        space = "{http://www.w3.org/2000/svg}"
        assert root.find(f"{space}title").text == "永<&>"
        pens = [p for p in root.iter(f"{space}path") if p.get("class") == "pen"]
        delays = [float(re.search(r"delay:([\d.]+)s", p.get("style"))[1]) for p in pens]
        assert len(pens) >= 10 and delays == sorted(delays) and delays[0] == 0
        tab.set_viewport_size({"width": 400, "height": 200})
        tab.evaluate(
            """(svg) => {
                const view = new DOMParser().parseFromString(svg, "image/svg+xml");
                const picture = document.importNode(view.documentElement, true);
                picture.setAttribute("style",
                    "position:fixed;inset:0;width:400px;height:200px;background:white");
                document.body.append(picture);
            }""",
            found[0],
        )
        tab.wait_for_function("() => document.getAnimations().length === 0")
        shot = Image.open(io.BytesIO(tab.screenshot())).convert("L")
        shown = np.array(shot, int)[:, 200:]
        wanted = np.reshape(found[1], (200, 200))
        assert (wanted < 128).sum() > 500
        # Of the pixels with ink, few are otherwise in one of the two.
        apart = (np.abs(shown - wanted) > 100).sum()
        assert apart < 0.02 * (wanted < 255).sum()
