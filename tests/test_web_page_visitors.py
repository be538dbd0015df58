"""The page for all visitors: keyboards, screen readers, small screens, bad luck."""

import itertools

import pytest
from web_page import WEB, visiting

pytestmark = pytest.mark.backend_free

AXE = WEB / "node_modules/axe-core/axe.min.js"
AUDIT = """async () => {
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}"""

SHOW_ALL = """(shown) => {
    document.querySelector("#font").open = shown;
    const hidden = "[data-hand], #mix-control, progress, #photo-how";
    for (const part of document.querySelectorAll(hidden)) {
        if (part.dataset.hand !== "draw") part.hidden = !shown;
    }
}"""


@pytest.fixture(scope="module")
def visit(browser, address):
    """The page in Japanese, open for all tests that leave it as they found it."""
    settings = {"locale": "ja-JP", "reduced_motion": "reduce"}
    with visiting(browser, address, **settings) as found:
        found.open()
        yield found


def choose_language(page, language):
    page.check(f"input[name=language][value={language}]")
    assert page.get_attribute("html", "lang") == language


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_barrier_that_axe_finds(visit, theme, language):
    page = visit.page
    if not AXE.is_file():
        pytest.skip("needs axe-core; `make web` installs it")
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    choose_language(page, language)
    page.evaluate(AXE.read_text("utf-8"))
    # All that can be shown is shown.
    page.check("input[name=direction][value=vertical]")
    page.evaluate(SHOW_ALL, True)
    assert page.evaluate(AUDIT) == []
    page.evaluate(SHOW_ALL, False)
    page.check("input[name=direction][value=horizontal]")
    page.click("#read-tab")
    canvas = page.locator("#read-pad canvas")
    if "0" in canvas.get_attribute("aria-label"):
        visit.draw(canvas, [[(0.1, 0.5), (0.9, 0.5)]])
    page.wait_for_selector("#readings li")
    assert page.evaluate(AUDIT) == []
    page.click("#write-tab")
    choose_language(page, "ja")


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_is_wider_than_the_screen(visit, width):
    page = visit.page
    page.set_viewport_size({"width": width, "height": 800})
    for language in ("en", "ja"):
        choose_language(page, language)
        for tab in ("#read-tab", "#write-tab"):
            page.click(tab)
            assert page.evaluate("document.documentElement.scrollWidth") == width
    # All the text stands on the paper, none beside it.
    for direction in ("vertical", "horizontal"):
        page.check(f"input[name=direction][value={direction}]")
        assert page.locator("#blocks canvas").count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") == width
    paper, sheet = (page.locator(one).bounding_box() for one in ("#paper", "#sheet"))
    assert sheet["width"] <= paper["width"]


def test_the_page_opens_without_a_network_in_the_chosen_language(visit):
    page = visit.page
    assert page.title() == "あなたの字で書く"
    choose_language(page, "en")
    assert page.title() == "Any text in your hand"
    assert "In sample hand 1" in page.inner_text("#write-status")
    page.locator("#offline:not(:empty)").wait_for()
    assert "without a network" in page.inner_text("#offline")
    visit.context.set_offline(True)
    page.reload()
    assert page.get_attribute("html", "lang") == "en"
    visit.wait_until_written()
    assert "characters: 1." in visit.write("山")
    visit.context.set_offline(False)
    choose_language(page, "ja")
    assert "undefined" not in page.inner_text("body")


def test_all_can_be_done_with_the_keyboard(visit):
    page = visit.page
    choose_language(page, "en")

    def tab_to(selector):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab does not come to {selector}")

    page.locator("#write-tab").focus()
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#read-panel") and page.is_hidden("#write-panel")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#write-panel")
    tab_to("input[name=hand]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        visit.wait_until_written()
    tab_to("#new-hand")
    before = page.inner_text("#new-hand-name")
    page.keyboard.press("Enter")
    assert page.inner_text("#new-hand-name") != before
    tab_to("#text")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("山と川")
    tab_to("button.primary")
    page.keyboard.press("Enter")
    visit.wait_until_written()
    assert "In new writer" in page.inner_text("#write-status")
    assert "characters: 3." in page.inner_text("#write-status")
    tab_to("#paper")
    tab_to("#save-svg")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "text.svg"
    tab_to("#temperature")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#temperature-value") == "0.55"
    visit.wait_until_written()
    choose_language(page, "ja")


def test_a_text_is_written_stroke_by_stroke(visit):
    page = visit.page
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(
        """() => {
            const tip = document.querySelector("#pen-tip");
            globalThis.counts = [];
            const look = () => {
                requestAnimationFrame(look);
                if (tip.hidden || !tip.width) return;
                const { width, height } = tip;
                const { data } = tip.getContext("2d").getImageData(0, 0, width, height);
                counts.push(data.filter((value, i) => i % 4 === 3 && value).length);
            };
            look();
        }"""
    )
    visit.write("春")
    counts = page.evaluate(
        """async () => {
            const { sheet } = await (await import("./page/main.js")).page;
            while (sheet.pen.busy) await new Promise(requestAnimationFrame);
            return counts;
        }"""
    )
    # The ink grows from picture to picture, but for a pixel at the soft end of a line.
    assert len({*counts}) > 4
    assert all(b > 0.98 * a for a, b in itertools.pairwise(counts))
    assert counts[0] < counts[-1]
    assert page.locator("#pen-tip").is_hidden()
    page.emulate_media(reduced_motion="reduce")


def test_a_text_is_written_while_the_other_tab_is_in_front(visit):
    page = visit.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.click("#read-tab")
    page.evaluate("document.querySelector('#writing').requestSubmit()")
    visit.wait_until_written(hidden=True)
    page.click("#write-tab")
    lines = "async () => (await (await import('./page/main.js')).page).sheet.paper.grid"
    page.locator("#blocks canvas:not([width='0'])").first.wait_for()
    before = page.evaluate(lines)
    page.set_viewport_size({"width": 375, "height": 900})
    two_frames = "requestAnimationFrame(() => requestAnimationFrame(next))"
    page.evaluate(f"() => new Promise((next) => {two_frames})")
    after = page.evaluate(lines)
    assert before["cell"] > 0 and after["length"] < before["length"]


def test_a_broken_model_is_told(browser, address):
    with visiting(browser, address, locale="ja-JP") as visit:
        page = visit.page
        page.route("**/models/*.bin", lambda route: route.fulfill(body=b"broken"))
        page.goto(address)
        page.locator("#failure").wait_for()
        assert "壊れています" in page.inner_text("#failure-detail")
        assert "読み込めませんでした" in page.inner_text("#failure-text")
        choose_language(page, "en")
        assert "is damaged" in page.inner_text("#failure-detail")
        assert "could not be loaded" in page.inner_text("#failure-text")
        assert page.is_hidden("#loading")
        assert page.is_visible("#pads canvas >> nth=0")
        assert page.is_disabled("button.primary")
        page.unroute("**/models/*.bin")
        page.click("#failure-again")
        page.locator("#loading").wait_for()
        assert page.is_hidden("#failure")


def test_a_browser_without_simd_is_told(browser, address, page_folder):
    # What is added to a page does not reach its workers.
    refuse = "WebAssembly.validate = () => false;\n"
    script = (page_folder / "engine/worker.js").read_text("utf-8")
    with visiting(browser, address) as visit:
        visit.page.route(
            "**/engine/worker.js",
            lambda route: route.fulfill(
                body=refuse + script, content_type="text/javascript"
            ),
        )
        visit.page.goto(address)
        visit.page.locator("#failure").wait_for()
        assert "WebAssembly with SIMD" in visit.page.inner_text("#failure-detail")


def test_a_slow_network_shows_how_far_it_is(browser, address):
    with visiting(browser, address) as visit:
        page = visit.page
        session = visit.context.new_cdp_session(page)
        rate = 1_500_000
        throughput = {"downloadThroughput": rate, "uploadThroughput": rate}
        conditions = {"offline": False, "latency": 20, **throughput}
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", conditions)
        page.goto(address)
        page.locator("#loading-bars progress").first.wait_for()
        shares = page.evaluate(
            """async () => {
                const bars = document.getElementsByTagName("progress");
                const shares = [];
                const { loading } = window;
                while (shares.length < 60 && !loading.hidden) {
                    const values = [...bars].map((bar) => (bar.hidden ? 0 : bar.value));
                    shares.push(values.reduce((sum, value) => sum + value, 0));
                    await new Promise(requestAnimationFrame);
                }
                return shares;
            }"""
        )
        assert shares == sorted(shares)
        assert len({*shares}) > 5
