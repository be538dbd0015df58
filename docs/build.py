"""python docs/build.py [--page=build/web]

Builds the site in site/: the pages of docs/, README.md as the first of them,
CHANGELOG.md, the cards of saved_models/ and a reference of the names of
`hwgen_keras.__all__`, a page for each room of the package. --page is the folder of the
page that writes in the browser, as `make web` builds it; it becomes try/, and "Try it"
of the navigation leads to it. A link that leads nowhere stops it.
"""

import argparse
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import griffe
import yaml

from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, writable, write_text

ROOT = pathlib.Path(__file__).parent.parent
STUB = ROOT / "hwgen_keras" / "__init__.pyi"
ROOMS: dict[str, list[str]] = {}
for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
    if isinstance(node, ast.ImportFrom):
        ROOMS.setdefault(node.module, []).extend(alias.name for alias in node.names)
CARDS = sorted((ROOT / "saved_models").glob("*/README.md"))
SHOWN = (".md", ".png", ".jpg")


def places():
    """{file of the repository: its path in the site's sources}, all but the API."""
    found = {
        ROOT / "README.md": "index.md",
        ROOT / "CHANGELOG.md": "changelog.md",
        ROOT / "web/README.md": "web.md",
        ROOT / "saved_models/README.md": "saved_models/README.md",
    }
    for file in sorted(ROOT.glob("docs/**/*")):
        if file.suffix in SHOWN:
            found[file] = file.relative_to(ROOT / "docs").as_posix()
    for card in CARDS:
        for file in sorted(card.parent.iterdir()):
            if file.suffix in SHOWN:
                found[file] = file.relative_to(ROOT).as_posix()
    return found


def relinked(text, file, found):
    """A page whose links to other files of the site lead to their places there."""
    here = pathlib.PurePosixPath(found[file]).parent

    def link(match):
        path, *anchor = re.split("(?=#)", match[1], maxsplit=1)
        target = found.get((file.parent / path).resolve())
        if not path or target is None:
            return match[0]
        return f"]({os.path.relpath(target, here)}{''.join(anchor)})"

    return re.sub(r"\]\(([^)\s]+)\)", link, text)


def gather(folder, page=None):
    """Writes the sources of the site into a new folder.

    Args:
        folder: path; it gets pages/ and mkdocs.yml.
        page: folder of the page that writes in the browser; None: none.
    """
    found = places()
    for file, place in found.items():
        target = folder / "pages" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            write_text(target, relinked(file.read_text("utf-8"), file, found))
        else:
            shutil.copyfile(file, target)
    write_text(folder / "pages/api/index.md", names())
    for room in ROOMS:
        write_text(folder / f"pages/api/{room}.md", room_page(room))
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    cards = [card.relative_to(ROOT).as_posix() for card in CARDS]
    config["nav"] += [
        {"Models": ["saved_models/README.md", *cards]},
        {"API": ["api/index.md", *({room: f"api/{room}.md"} for room in ROOMS)]},
    ]
    if page is not None:
        shutil.copytree(page, folder / "pages/try")
        config["nav"].insert(1, {"Try it": "try/index.html"})
    python = config["plugins"][-1]["mkdocstrings"]["handlers"]["python"]
    python["paths"] = [str(ROOT)]
    python["options"]["extensions"] = [str(pathlib.Path(__file__))]
    config |= {"docs_dir": "pages", "site_dir": "site"}
    # JSON is YAML, too.
    write_text(folder / "mkdocs.yml", json.dumps(config, ensure_ascii=False))


def render(folder, output):
    """Builds the sources of `gather` into a folder, which replaces an earlier site.

    Raises:
        InputError: a link leads nowhere, or docs/ has another mistake; all are printed.
    """
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    result = subprocess.run(
        [*command, "--config-file", str(folder / "mkdocs.yml")],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise InputError("The site has mistakes, which stand above; mend them.")
    with writable(output, "The site"), complete_file(output) as partial:
        shutil.copytree(folder / "site", partial)


def names():
    """The page of all names: what the package says of itself, and links."""
    lines = ["# Public names", "", "    import hwgen_keras as hw", ""]
    lines += [about(ROOT / "hwgen_keras" / "__init__.py"), ""]
    for room, known in ROOMS.items():
        links = [f"[{name}]({room}.md#{identifier(room, name)})" for name in known]
        lines += [f"**[{room}]({room}.md)**: {', '.join(links)}", ""]
    return "\n".join(lines)


def room_page(room):
    """The page of a room: what its module says of itself, then its public names."""
    folder = ROOT / "hwgen_keras" / room
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    lines = [f"# {room}", "", about(file), ""]
    lines += [f"::: {identifier(room, name)}\n" for name in ROOMS[room]]
    return "\n".join(lines)


def identifier(room, name):
    """A name in the reference: where griffe finds it, and its anchor."""
    # Of a file and what it defines under its own name, griffe would take the file.
    file = ROOT / "hwgen_keras" / room / f"{name}.py"
    return ".".join(["hwgen_keras", room, name, *([name] if file.is_file() else [])])


def about(file):
    """The docstring of a module."""
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


class ExampleSections(griffe.Extension):
    """Docstrings here have an Example; griffe knows the section as Examples."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)
            obj.docstring.value = value


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()
    page = arguments.page
    if page is not None and not (page / "index.html").is_file():
        raise InputError(f"--page {page} holds no index.html; run `make web`.")
    with tempfile.TemporaryDirectory() as folder:
        gather(pathlib.Path(folder), page)
        render(pathlib.Path(folder), ROOT / "site")
    print(f"Saved {ROOT / 'site'}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"Error: {error}")
