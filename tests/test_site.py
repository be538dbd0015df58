"""The site that docs/build.py builds: its pages, all links and anchors, the API."""

import html.parser
import inspect
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

import pytest

import hwgen_keras

pytest.importorskip("zensical", reason="needs the extra docs")

from docs import build

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent


class Page(html.parser.HTMLParser):
    """Anchors and links of a page, and the texts of its signatures.

    `signatures` has {anchor of a heading: text of the signature after it}.
    """

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.signatures = set(), [], {}
        self._heading, self._depth = None, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        self.links += [given[key] for key in ("href", "src") if given.get(key)]
        if re.fullmatch("h[1-6]", tag):
            self._heading = given.get("id")
        if "doc-signature" in given.get("class", "").split():
            self._depth = 1
            self.signatures[self._heading] = ""
        elif self._depth and tag == "div":
            self._depth += 1

    def handle_endtag(self, tag):
        if self._depth and tag == "div":
            self._depth -= 1

    def handle_data(self, data):
        if self._depth:
            self.signatures[self._heading] += data


def pages_of(site):
    """{path in the site: Page} of a folder."""
    return {
        file.relative_to(site).as_posix(): Page(file.read_text("utf-8"))
        for file in site.rglob("*.html")
    }


def broken(site, pages):
    """(page, link) of each link of a site that leads to no file or no anchor of it."""
    found = []
    for name, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = urllib.parse.unquote(parts.path)
            # The page of a missing file is shown anywhere, so its links begin at /.
            start = site if path.startswith("/") else (site / name).parent
            target = (start / path.lstrip("/")).resolve() if path else site / name
            if target.is_dir():
                target /= "index.html"
            anchor = urllib.parse.unquote(parts.fragment)
            known = target.is_relative_to(site.resolve()) and target.is_file()
            if known and anchor and target.suffix == ".html":
                known = anchor in pages[target.relative_to(site).as_posix()].anchors
            if not known:
                found.append((name, link))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site with a small page to try."""
    folder = tmp_path_factory.mktemp("site").resolve()
    (folder / "try/models").mkdir(parents=True)
    (folder / "try/index.html").write_text(
        "<title>Try</title>\r\n<p id='a'>筆", "utf-8"
    )
    (folder / "try/models/a.bin").write_bytes(bytes(range(256)))
    build.gather(folder / "sources", folder / "try")
    build.render(folder / "sources", folder / "built")
    return folder


@pytest.fixture(scope="module")
def site(folder):
    return folder / "built"


@pytest.fixture(scope="module")
def pages(site):
    return pages_of(site)


def test_every_page_is_there_and_no_other(pages):
    guides = [path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md")]
    cards = [path.relative_to(ROOT) for path in ROOT.glob("saved_models/**/README.md")]
    assert len(guides) > 20 and len(cards) > 4 and len(build.ROOMS) > 9
    assert set(pages) == {
        *("index.html", "changelog.html", "web.html", "404.html", "try/index.html"),
        *(path.with_suffix(".html").as_posix() for path in guides),
        *(path.with_name("index.html").as_posix() for path in cards),
        *("api/index.html", *(f"api/{room}.html" for room in build.ROOMS)),
    }


def test_every_link_leads_to_a_file_and_an_anchor(site, pages):
    assert broken(site, pages) == []
    assert sum(len(page.links) for page in pages.values()) > 3000


def test_broken_links_are_found(tmp_path):
    site = tmp_path.resolve()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.html").write_text(
        '<p id="x"><a href="../two.html#y"></a><a href="../two.html#z"></a>'
        '<a href="#x"></a><a href="#w"></a><img src="no.png"><a href="https://b.c">'
        '<a href="../../out.html"></a><a href="/two.html"></a>'
    )
    (tmp_path / "two.html").write_text('<p id="y">')
    links = [link for _, link in broken(site, pages_of(site))]
    assert links == ["../two.html#z", "#w", "no.png", "../../out.html"]


@pytest.mark.parametrize("name", hwgen_keras.__all__)
def test_the_reference_has_the_name_with_its_signature(pages, name):
    value = getattr(hwgen_keras, name)
    (room,) = (room for room, names in build.ROOMS.items() if name in names)
    page = pages[f"api/{room}.html"]
    anchor = build.identifier(room, name)
    assert anchor in page.anchors
    assert f"{room}.html#{anchor}" in pages["api/index.html"].links
    if inspect.isclass(value) and issubclass(value, Exception):
        return
    if callable(value):
        text = page.signatures[anchor]
        assert text.strip().startswith(f"{name}(")
        for parameter in inspect.signature(value).parameters:
            assert re.search(rf"\b{parameter}\b", text), parameter


def test_the_page_to_try_is_in_the_site_as_it_was_built(folder, site, pages):
    files = [path for path in (folder / "try").rglob("*") if path.is_file()]
    for file in files:
        copied = site / file.relative_to(folder)
        assert copied.read_bytes() == file.read_bytes()
    assert "./try/index.html" in pages["index.html"].links
    assert "../try/index.html" in pages["how-to/fonts.html"].links


def test_nothing_is_loaded_from_other_hosts(site, pages):
    for name in pages:
        text = (site / name).read_text("utf-8")
        assert not re.search(r'(?:src|<link[^>]*href)="(?:https?:)?//', text), name


def test_a_mistake_stops_the_build_and_leaves_the_site(tmp_path, capfd):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("old")
    (tmp_path / "sources/pages").mkdir(parents=True)
    (tmp_path / "sources/mkdocs.yml").write_text(
        "{site_name: a, docs_dir: pages, site_dir: site, use_directory_urls: false}"
    )
    (tmp_path / "sources/pages/index.md").write_text("# A\n\n[b](#c)\n")
    with pytest.raises(build.InputError, match="The site has mistakes"):
        build.render(tmp_path / "sources", tmp_path / "site")
    assert "index.md:3" in capfd.readouterr().err
    assert [p.name for p in (tmp_path / "site").iterdir()] == ["index.html"]


def test_a_page_to_try_that_is_not_there(tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / "docs/build.py"), f"--page={tmp_path}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: --page {tmp_path} holds no index.html; run `make web`.\n"
    )
