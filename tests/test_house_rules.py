"""The layout of the package: who may import what, and how long a file may be."""

import ast
import graphlib
import pathlib

import pytest

pytestmark = pytest.mark.backend_free

PACKAGE = pathlib.Path(__file__).parent.parent / "hwgen_keras"
FILES = sorted(PACKAGE.rglob("*.py"))
EXPERIMENTS = PACKAGE.parent / "experiments"
ROOM_FOLDERS = sorted(file.parent for file in PACKAGE.glob("*/__init__.py"))
PARTS = sorted(file.parent for file in EXPERIMENTS.glob("*/__init__.py"))
SCRIPTS = sorted(set(EXPERIMENTS.glob("*.py")) - set(EXPERIMENTS.glob("__*__.py")))

# Top to bottom: a room imports only from rooms before it. Losses come before models:
# they are plain equations of arrays, and the models that train use them.
ROOMS = (
    "errors",
    "settings",
    "files",
    "parallel",
    "cluster",
    "safety",
    "characters",
    "sources",
    "vectors",
    "data",
    "inputs",
    "backend",
    "layers",
    "losses",
    "schedules",
    "samplers",
    "models",
    "generation",
    "evaluation",
    "training",
    "bundle",
    "export",
    "inference",
)

# Where a framework may be imported: in the whole file, or inside its functions alone.
WHOLE_FILE = {
    "tensorflow": (
        "backend/tensorflow.py",
        "export/signatures.py",
        "export/track_images.py",
        "export/writer_signatures.py",
        "export/writer_steps.py",
    ),
    "jax": ("backend/jax.py",),
    "torch": ("backend/torch.py",),
    "keras_cv": (),
}
INSIDE_FUNCTIONS = {
    "tensorflow": ("data/", "safety/", "export/", "backend/profiling.py"),
    "jax": ("backend/profiling.py",),
    "torch": ("backend/profiling.py", "backend/torch_file.py"),
    "keras_cv": ("data/augment.py",),
}


def imports(source, module):
    """Yield (absolute name, whether inside a function) of each import in `source`.

    `module` is the dotted package that relative imports start from.
    """

    def visit(node, inside):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, inside
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: len(module.split(".")) - node.level + 1]
            base = ".".join([*(parts if node.level else []), node.module or ""])
            for alias in node.names:
                yield f"{base.strip('.')}.{alias.name}", inside
        inside |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(ast.parse(source), False)


def offences(source, path):
    """What the file at `path` (relative to the package) imports against the rules."""
    package = ".".join(["hwgen_keras", *pathlib.PurePosixPath(path).parent.parts])
    room = pathlib.PurePosixPath(path).parts[0].removesuffix(".py")
    found = []
    for name, inside in imports(source, package):
        top, *rest = name.split(".")
        if top in WHOLE_FILE:
            allowed = path in WHOLE_FILE[top] or (
                inside and path.startswith(INSIDE_FUNCTIONS.get(top, ()))
            )
            if not allowed:
                found.append(name)
        elif name == "hwgen_keras.__version__":
            continue
        elif top == "hwgen_keras" and room != "__init__" and rest:
            if rest[0] not in ROOMS:
                found.append(name)
            elif ROOMS.index(rest[0]) > ROOMS.index(room):
                found.append(name)
    return found


def circle(folder):
    """Files of a folder that import each other, functions included; empty: none."""
    root = folder.parent.parent
    modules = {}
    for file in folder.rglob("*.py"):
        parts = file.relative_to(root).with_suffix("").parts
        modules[".".join(parts).removesuffix(".__init__")] = file
    # What a room gives by name comes from the file that its stub tells.
    given = {}
    for stub in folder.rglob("__init__.pyi"):
        package = ".".join(stub.relative_to(root).parent.parts)
        for name, _ in imports(stub.read_text(encoding="utf-8"), package):
            given[f"{package}.{name.rpartition('.')[2]}"] = name.rpartition(".")[0]
    graph = {}
    for module, file in modules.items():
        package = ".".join(file.relative_to(root).parent.parts)
        graph[module] = found = set()
        for name, _ in imports(file.read_text(encoding="utf-8"), package):
            name = given.get(name, name)
            # The module itself, or the one that has the name.
            while name and name not in modules:
                name = name.rpartition(".")[0]
            found |= {name} - {"", module}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize(
    "folder", [*ROOM_FOLDERS, EXPERIMENTS], ids=lambda folder: folder.name
)
def test_no_circle_of_imports(folder):
    assert circle(folder) == []


@pytest.mark.parametrize(
    "stub", sorted(PACKAGE.rglob("*.pyi")), ids=lambda stub: stub.parent.name
)
def test_no_public_name_is_that_of_another_file(stub):
    """Imported, that file would take the place of what has its name."""
    files = {file.stem for file in stub.parent.glob("*.py")}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        # `from . import file` names the file itself.
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {alias.name for alias in node.names}
            assert node.module is None or names & files <= {node.module}


class TestScripts:
    @pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
    def test_a_script_is_short_and_runs(self, file):
        source = file.read_text(encoding="utf-8")
        assert "    flags.run(main, Settings, __doc__" in source
        assert len(source.splitlines()) <= 200
        assert source.startswith(f'"""python -m experiments.{file.stem}')

    @pytest.mark.parametrize("folder", PARTS, ids=lambda folder: folder.name)
    def test_what_belongs_to_one_script_needs_no_other_part(self, folder):
        others = {part.name for part in PARTS} - {folder.name, "flags"}
        for file in folder.rglob("*.py"):
            source = file.read_text(encoding="utf-8")
            assert ast.get_docstring(ast.parse(source)), file
            assert len(source.splitlines()) <= 350
            package = ".".join(file.relative_to(EXPERIMENTS.parent).parent.parts)
            for name, _ in imports(source, package):
                top, *rest = name.split(".")
                if top == "experiments":
                    assert folder.name != "flags" or rest[0] == "flags"
                    assert rest[0] not in others, (file, name)


def private_attributes(source):
    """The attributes with a leading underscore that a source uses, but of `self`."""
    return [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]


def test_the_layers_of_keras_cv_stay_private():
    (path,) = INSIDE_FUNCTIONS["keras_cv"]
    assert private_attributes((PACKAGE / path).read_text(encoding="utf-8")) == []
    assert private_attributes("layer._generator.x = self._x") == ["_generator"]


def test_the_rules_find_circles(tmp_path):
    room = tmp_path / "package" / "room"
    (room / "inner").mkdir(parents=True)
    for name, source in {
        "__init__": "from package.room.first import f",
        "first": "from package.room import second\nfrom package.other import f",
        "second": "def f():\n  from .inner.third import f",
        "inner/third": "import json",
    }.items():
        (room / f"{name}.py").write_text(source)
    assert circle(room) == []
    (room / "inner" / "third.py").write_text("def f():\n  from .. import f")
    assert len(circle(room)) == 5
    (room / "inner" / "third.py").write_text("from ..second import f")
    assert len(circle(room)) == 3
    # Through the name that the room gives.
    (room / "inner" / "third.py").write_text("from package.room import f")
    (room / "__init__.py").write_text("")
    (room / "__init__.pyi").write_text("from .first import f as f")
    assert len(circle(room)) == 4


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
class TestEachFile:
    def test_imports_what_it_may(self, file):
        path = file.relative_to(PACKAGE).as_posix()
        assert offences(file.read_text(encoding="utf-8"), path) == []

    def test_is_short_and_begins_with_a_docstring(self, file):
        source = file.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(source))
        assert len(source.splitlines()) <= 350

    def test_lives_in_a_known_room(self, file):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        assert room in (*ROOMS, "__init__")


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("layers/blocks.py", "import tensorflow as tf", ["tensorflow"]),
        ("layers/blocks.py", "def f():\n  import torch.nn", ["torch.nn"]),
        ("data/feeds.py", "import tensorflow", ["tensorflow"]),
        ("data/feeds.py", "def f():\n  import tensorflow", []),
        ("data/feeds.py", "def f():\n  import keras_cv", ["keras_cv"]),
        ("data/augment.py", "def f():\n  import keras_cv", []),
        ("backend/torch.py", "import torch", []),
        ("backend/jax.py", "from torch import nn", ["torch.nn"]),
        ("layers/a.py", "from hwgen_keras import models", ["hwgen_keras.models"]),
        ("layers/a.py", "from ..models.clip import A", ["hwgen_keras.models.clip.A"]),
        ("layers/a.py", "from . import b\nfrom .. import errors", []),
        ("layers/a.py", "import hwgen_keras.utils", ["hwgen_keras.utils"]),
        ("models/clip.py", "from hwgen_keras import losses", []),
        (
            "losses.py",
            "from hwgen_keras.models import CLIP",
            ["hwgen_keras.models.CLIP"],
        ),
        ("losses.py", "if True:\n  import jax", ["jax"]),
        ("__init__.py", "from hwgen_keras.export import load", []),
    ],
)
def test_the_rules_find_offences(path, source, expected):
    assert offences(source, path) == expected
