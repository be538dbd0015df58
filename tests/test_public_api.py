"""The public surface is what `hwgen_keras` lists, and all of it is there."""

import ast
import difflib
import pathlib
import subprocess
import sys

import public_api
import pytest

import hwgen_keras


def test_every_public_name_is_there():
    for name in hwgen_keras.__all__:
        assert getattr(hwgen_keras, name).__class__.__name__ != "module"
    assert set(hwgen_keras.__all__) <= set(dir(hwgen_keras))


@pytest.mark.backend_free
def test_names_and_signatures_are_those_written_down():
    expected = public_api.FILE.read_text(encoding="utf-8").splitlines()
    changed = difflib.unified_diff(
        expected, public_api.text().splitlines(), "tests/public_api.txt", "now", n=0
    )
    message = "\n".join(changed)
    assert not message, (
        f"{message}\nThe public API changed. If that is meant, run `python "
        "tests/public_api.py`, commit the file and note it in CHANGELOG.md."
    )


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(hwgen_keras, "no_such_name")


@pytest.mark.backend_free
def test_a_character_set_does_not_load_keras():
    code = (
        "import sys, hwgen_keras; assert len(hwgen_keras.character_set('kana')) == 92; "
        "sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_type_checkers_see_the_same_names():
    stub = pathlib.Path(hwgen_keras.__file__).with_suffix(".pyi").read_text("utf-8")
    homes, listed = {}, None
    for node in ast.parse(stub).body:
        if isinstance(node, ast.ImportFrom):
            room = node.module.removeprefix("hwgen_keras.")
            homes |= {alias.name: room for alias in node.names}
        elif isinstance(node, ast.Assign):
            listed = ast.literal_eval(node.value)
    assert homes == hwgen_keras._HOME
    assert listed == hwgen_keras.__all__
