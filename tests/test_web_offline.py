"""The service worker of the page, in Chromium: offline, updates, damaged releases."""

import shutil

import pytest
from browsers import chromium, served

from web.build import WEB, write_release

pytestmark = pytest.mark.backend_free

PAGE = """<!doctype html>
<meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<title>page</title>
<script type="module" src="page/main.js"></script>
"""
# The title says which release opened and what became of it.
MAIN = """
import { keepOffline } from "../offline.js";
import { words } from "./words.js";
const state = await keepOffline();
document.title = `${words} ${state}`;
"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


def release(folder, words):
    """Writes a small page with a list of its files, in place of an older one."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "page").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "page/main.js").write_text(MAIN)
    (folder / "page/words.js").write_text(f'export const words = "{words}";\n')
    for name in ("offline.js", "worker-cache.js"):
        shutil.copy(WEB / "src" / name, folder)
    write_release(folder)


@pytest.fixture
def site(tmp_path):
    """(folder, address) of a site that holds the page's first release in try/."""
    release(tmp_path / "try", "first")
    with served(tmp_path) as (address, _):
        yield tmp_path / "try", address + "try/"


@pytest.fixture
def visitor(browser):
    """A profile without anything stored, whose pages must log no error."""
    context = browser.new_context()
    yield context
    context.close()


def title(visitor, address):
    """The title of a new tab when its page is ready; the tab is closed."""
    page = visitor.new_page()
    page.goto(address)
    page.wait_for_function("() => document.title !== 'page'")
    words = page.title()
    page.close()
    return words


def caches(visitor, address, count):
    """{name of a cache: paths of its files} of the address, once there are so many.

    The browser itself may ask for an update, too, and end it after the page is closed.
    """
    page = visitor.new_page()
    page.goto(address + "files.json")
    # A promise of `wait_for_function` may come back as none.
    for _ in range(200):
        found = page.evaluate(
            """async () => {
                const found = {};
                for (const name of await caches.keys()) {
                    const requests = await (await caches.open(name)).keys();
                    found[name] = requests.map((r) => new URL(r.url).pathname);
                }
                return found;
            }"""
        )
        if len(found) == count:
            break
        page.wait_for_timeout(100)
    page.close()
    return found


FILES = ["files.json", "index.html", "offline.js", "page/main.js", "page/words.js"]


def test_the_page_opens_without_a_network_after_the_first_visit(site, visitor):
    folder, address = site
    assert title(visitor, address) == "first stored"
    shutil.rmtree(folder)
    assert title(visitor, address) == "first stored"
    assert title(visitor, address + "index.html?from=mail") == "first stored"
    ((name, paths),) = caches(visitor, address, 1).items()
    assert name.startswith(f"hwgen {address} ")
    assert sorted(paths) == [f"/try/{file}" for file in FILES]


def test_a_newer_page_replaces_the_old_one_when_its_tabs_are_closed(site, visitor):
    folder, address = site
    assert title(visitor, address) == "first stored"
    (before,) = caches(visitor, address, 1)
    release(folder, "second")
    # The old release goes on as a whole while the new one is being stored.
    assert title(visitor, address) == "first newer"
    # The browser needs a moment to notice that the tab is closed.
    titles = (title(visitor, address) for _ in range(20))
    assert next(words for words in titles if words != "first newer") == "second stored"
    (after,) = caches(visitor, address, 1)
    assert after != before


def test_files_of_two_releases_are_not_kept(site, visitor):
    folder, address = site
    (folder / "page/words.js").write_text('export const words = "mixed";')
    assert title(visitor, address) == "mixed online"
    assert caches(visitor, address, 0) == {}
    release(folder, "first")
    assert title(visitor, address) == "first stored"
    release(folder, "second")
    (folder / "page/main.js").unlink()
    assert title(visitor, address) == "first stored"
    assert [len(paths) for paths in caches(visitor, address, 1).values()] == [
        len(FILES)
    ]


def test_other_caches_of_the_host_stay(site, visitor):
    folder, address = site
    release(folder.parent / "other", "other")
    other = address.replace("/try/", "/other/")
    assert title(visitor, other) == "other stored"
    assert title(visitor, address) == "first stored"
    for paths in caches(visitor, address, 2).values():
        assert len(paths) == len(FILES)


@pytest.mark.parametrize(
    "refusal",
    [
        "navigator.serviceWorker.register = () => Promise.reject(new TypeError())",
        "Object.defineProperty(navigator, 'serviceWorker', { value: undefined })",
    ],
)
def test_a_browser_that_keeps_nothing(site, visitor, refusal):
    visitor.add_init_script(refusal)
    assert title(visitor, site[1]) == "first online"
