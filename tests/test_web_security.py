"""What the built page may load and run: nothing of other hosts, no text as code."""

import html.parser
import re

import pytest

from web.build import RUNTIME, WEB, build

pytestmark = pytest.mark.backend_free

# Not loaded: the name of a format, and where onnxruntime's message about threads sends
# its reader.
NAMES = {"http://www.w3.org/2000/svg", "https://web.dev/cross-origin-isolation-guide/"}
CODE = (".html", ".css", ".js", ".mjs", ".json", ".svg", ".webmanifest")


def addresses(text):
    """Addresses of other hosts in a file, but in comments."""
    text = re.sub(r"(?s)/\*.*?\*/|<!--.*?-->|(?<!\S)//.*?$", "", text, flags=re.M)
    absolute = re.findall(r"(?:https?|wss?)://[^\s\"'`)<>]+", text)
    # Such as src="//host/file".
    return absolute + re.findall(r"[\"'(=](//[\w-]+\.[^\s\"'`)<>]+)", text)


class Document(html.parser.HTMLParser):
    """The tags of a page, (name, attributes) each, and what stands in scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.inline = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inline += data.strip()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The folder of the page, without models: those are numbers alone."""
    if not (WEB / "node_modules/onnxruntime-web").is_dir():
        pytest.skip("needs onnxruntime-web; `make web` installs it")
    folder = tmp_path_factory.mktemp("page") / "web"
    build(folder, lambda models: (models / "a.bin").write_bytes(b""))
    return folder


@pytest.fixture(scope="module")
def code(page):
    """{name in the page: text} of all files but the notices."""
    files = [path for path in page.rglob("*") if path.suffix in CODE]
    return {f.relative_to(page).as_posix(): f.read_text("utf-8") for f in files}


def test_addresses_are_found():
    text = """
        // see https://comment.org
        /* https://comment.org */ a = "https://one.org/x"; <!-- http://comment.org -->
        <script src="//two.org/a.js"> url(http://three.org) `wss://four.org`; 1 // 2
    """
    assert addresses(text) == [
        *("https://one.org/x", "http://three.org", "wss://four.org"),
        "//two.org/a.js",
    ]


def test_no_file_names_another_host(code):
    names = {f"onnxruntime/{name}" for name in RUNTIME if name.endswith("mjs")}
    assert {"index.html", "style.css", "page/main.js", *names} <= set(code)
    found = {name: set(addresses(text)) - NAMES for name, text in code.items()}
    assert {name: hosts for name, hosts in found.items() if hosts} == {}


def test_every_file_is_of_a_known_kind(page):
    kinds = {path.suffix for path in page.rglob("*") if path.is_file()}
    assert kinds <= {*CODE, ".bin", ".wasm", ".txt"}


def test_the_policy_allows_the_page_alone_and_comes_first(code):
    tags = Document(code["index.html"]).tags
    names = [name for name, _ in tags]
    ((place, policy),) = (
        (place, given["content"])
        for place, (name, given) in enumerate(tags)
        if name == "meta" and given.get("http-equiv") == "Content-Security-Policy"
    )
    assert not {"script", "link", "style"} & set(names[:place])
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"]
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert rules["connect-src"] == rules["worker-src"] == ["'self'"]
    allowed = {"'self'", "'none'", "'wasm-unsafe-eval'", "blob:", "data:"}
    assert {source for sources in rules.values() for source in sources} <= allowed


def test_the_page_has_no_inline_code(code):
    document = Document(code["index.html"])
    assert document.inline == ""
    attributes = {name for _, given in document.tags for name in given}
    assert not {n for n in attributes if n.startswith("on") or n == "style"}


def test_no_text_becomes_code_or_markup(code):
    forbidden = re.compile(
        r"\beval\(|new Function\b|\.(?:inner|outer)HTML\b|insertAdjacentHTML"
        r"|document\.write|javascript:|set(?:Timeout|Interval)\(\s*[\"'`]"
    )
    found = {name: forbidden.findall(text) for name, text in code.items()}
    assert {name: words for name, words in found.items() if words} == {}
