"""The examples of docstrings run, in a folder that has a font and nothing else."""

import doctest
import importlib
import pathlib

import numpy as np
import pytest

import hwgen_keras

# Some touch the backend, but print shapes, which are the same on all.
pytestmark = pytest.mark.backend_free

PACKAGE = pathlib.Path(hwgen_keras.__file__).parent
# What they print is compared but for where its lines break.
OPTIONS = doctest.NORMALIZE_WHITESPACE
# Why an example does not run here.
SKIPPED = {
    "export/loading.py": "TensorFlow takes long to start; tests/test_export.py",
    "export/exporter.py": "TensorFlow takes long to start; tests/test_export.py",
    "sources/font_files.py": "the fonts of a machine are many, or none",
}


FILES = [
    file.relative_to(PACKAGE)
    for file in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.as_posix())
def test_examples(path, tiny_font, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("fonts").mkdir()
    pathlib.Path("fonts", tiny_font.name).symlink_to(tiny_font)
    module = importlib.import_module(
        ".".join([hwgen_keras.__name__, *path.with_suffix("").parts])
    )
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    printed = []
    found = doctest.DocTestFinder(exclude_empty=True).find(
        module, globs={"np": np, "hw": hwgen_keras}
    )
    for test in found:
        runner.run(test, out=printed.append)
    assert not runner.failures, "".join(printed)
    skipped = any(
        doctest.SKIP in example.options for test in found for example in test.examples
    )
    assert skipped == (path.as_posix() in SKIPPED)
