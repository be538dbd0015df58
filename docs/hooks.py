"""What mkdocs adds to these pages: README.md, CHANGELOG.md, a reference of all names.

The names are those of `hwgen_keras.__all__`, a page for each room of the package.
"""

import ast
import pathlib
import re

import griffe
from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parent.parent
STUB = ROOT / "hwgen_keras" / "__init__.pyi"
ROOMS: dict[str, list[str]] = {}
for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
    if isinstance(node, ast.ImportFrom):
        ROOMS.setdefault(node.module, []).extend(alias.name for alias in node.names)


def on_config(config):
    """Puts the pages of the reference behind the guides."""
    pages = ["api/index.md", *({room: f"api/{room}.md"} for room in ROOMS)]
    config.nav.append({"API": pages})
    return config


def on_files(files, config):
    """Adds the pages that lie elsewhere, or that no file holds."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    readme = readme.replace("](docs/", "](").replace("](CHANGELOG", "](changelog")
    pages = {
        "index.md": readme,
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "api/index.md": names(),
        **{f"api/{room}.md": page(room) for room in ROOMS},
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def names():
    """The page of all names: what the package says of itself, and links."""
    lines = ["# Public names", "", "    import hwgen_keras as hw", ""]
    lines += [about(ROOT / "hwgen_keras" / "__init__.py"), ""]
    for room, known in ROOMS.items():
        links = [f"[{name}]({room}.md#hwgen_keras.{room}.{name})" for name in known]
        lines += [f"**[{room}]({room}.md)**: {', '.join(links)}", ""]
    return "\n".join(lines)


def page(room):
    """The page of a room: what its module says of itself, then its public names."""
    folder = ROOT / "hwgen_keras" / room
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    lines = [f"# {room}", "", about(file), ""]
    lines += [f"::: hwgen_keras.{room}.{name}\n" for name in ROOMS[room]]
    return "\n".join(lines)


def about(file):
    """The docstring of a module."""
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


class ExampleSections(griffe.Extension):
    """Docstrings here have an Example; griffe knows the section as Examples."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)
            obj.docstring.value = value
