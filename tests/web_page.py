"""The page for the browser as its tests visit it: built once, opened in Chromium."""

import contextlib
import os
import pathlib
import tempfile

import filelock
import pytest
from browsers import chromium, served

WEB = pathlib.Path(__file__).parents[1] / "web"
# Milliseconds after which a test fails that waits for the page.
PATIENCE = 60_000


@contextlib.contextmanager
def built_page():
    """Yields the folder of the page, which is built; skips the test if it cannot be."""
    if not (WEB / "node_modules/onnxruntime-web").is_dir():
        pytest.skip("needs onnxruntime-web; `make web` installs it")
    from web.build import build
    from web.models import make_models

    with tempfile.TemporaryDirectory(prefix="hwgen-web-") as own:
        # `make test` visits it in several processes, and it takes half a minute.
        folder = pathlib.Path(os.environ.get("HWGEN_TEST_FOLDER", own))
        with filelock.FileLock(folder / "page.lock"):
            if not (folder / "page").is_dir():
                build(folder / "page", make_models)
        yield folder / "page"


class Visit:
    """A visitor with a fresh profile, and what the page did that it must not do.

    Args:
        browser: of Playwright.
        address: of the page.
        settings: of the profile, as `Browser.new_context` takes them.

    Attributes:
        page: the open page of Playwright.
        problems: errors of the page and of its Content-Security-Policy, and requests
            to other hosts.
    """

    def __init__(self, browser, address, **settings):
        self.address = address
        self.problems = []
        self.context = browser.new_context(**{"locale": "en-US", **settings})
        self.context.set_default_timeout(PATIENCE)
        self.context.on("request", self._check)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._listen)

    def _check(self, request):
        own = (self.address, "data:", "blob:" + self.address)
        if not request.url.startswith(own):
            self.problems.append(f"a request to {request.url}")

    def _listen(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def open(self):
        """Opens the page and waits until its first text is written."""
        self.page.goto(self.address)
        self.wait_until_written()

    def wait_until_written(self, hidden=False):
        """Waits for the end of a text, on a paper that may be `hidden`."""
        state = "attached" if hidden else "visible"
        self.page.locator("#sheet[aria-busy=false]").wait_for(state=state)

    def write(self, text):
        """Has a text written; returns what the page says of it."""
        self.page.fill("#text", text)
        self.page.click("button.primary")
        self.wait_until_written()
        return self.page.inner_text("#write-status")

    def draw(self, canvas, strokes):
        """Draws strokes, lists of points of a box with the side 1, with the mouse."""
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        for stroke in strokes:
            places = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"])
                for x, y in stroke
            ]
            self.page.mouse.move(*places[0])
            self.page.mouse.down()
            for place in places[1:]:
                self.page.mouse.move(*place)
            self.page.mouse.up()

    def save(self, button, folder):
        """The file that a button of the page saves."""
        with self.page.expect_download() as download:
            self.page.click(button)
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def close(self):
        self.context.close()


@contextlib.contextmanager
def visiting(browser, address, **settings):
    """Yields a `Visit`, at whose end the page must have done nothing wrong."""
    visit = Visit(browser, address, **settings)
    try:
        yield visit
        assert visit.problems == []
    finally:
        visit.close()


@pytest.fixture(scope="session")
def page_folder():
    """The page for the browser, built once."""
    with built_page() as folder:
        yield folder


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(page_folder):
    """Where the page for the browser is served."""
    with served(page_folder) as (found, _):
        yield found


@pytest.fixture(scope="module")
def tab(page_folder):
    """A blank tab with the page's engine open, see `web_site`."""
    # It imports Keras, whose backend must be chosen before.
    from web_site import open_engine, opened

    with opened(page_folder) as page:
        open_engine(page)
        yield page


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
