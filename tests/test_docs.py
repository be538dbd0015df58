"""The pages of docs/: every one is in the navigation, and no link leads nowhere."""

import pathlib
import re

import pytest

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def links(text):
    """The targets of links and pictures that lie in the repository."""
    text = re.sub(r"(?m)^ {4}.*$", "", text)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:|#", target)]


def test_links_are_found():
    text = "[a](a.md#b) ![c](c.png) [d](https://d) [e](#e)\n\n    f[0](1)\n"
    assert links(text) == ["a.md#b", "c.png"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in links(page.read_text(encoding="utf-8")):
        assert (page.parent / target.partition("#")[0]).is_file(), target


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^ +- (?:[\w ]+: )?([\w/-]+\.md)$", navigation)
    pages = {p.relative_to(ROOT / "docs").as_posix() for p in ROOT.glob("docs/**/*.md")}
    # What docs/build.py adds.
    assert sorted(listed) == sorted(pages | {"index.md", "web.md", "changelog.md"})


RECIPES = (ROOT / "docs/extending.md").read_text(encoding="utf-8").split("\n## ")[1:]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda text: text.splitlines()[0])
def test_a_recipe_is_the_code_of_its_test(recipe):
    (test,) = re.findall(r"(?m)^Test: `(tests/test_extending_\w+\.py)`\.$", recipe)
    tested = (ROOT / test).read_text(encoding="utf-8")
    blocks = re.findall(r"(?s)```python\n(.*?)```", recipe)
    assert blocks
    for block in blocks:
        assert sum(map(bool, block.split("\n"))) <= 15
        assert all(part.strip("\n") in tested for part in block.split("\n\n"))
