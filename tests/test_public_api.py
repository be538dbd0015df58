"""The public surface is what `hwgen_keras` lists, and all of it is there."""

import ast
import pathlib
import subprocess
import sys

import hwgen_keras


def test_every_public_name_is_there():
    for name in hwgen_keras.__all__:
        assert getattr(hwgen_keras, name).__class__.__name__ != "module"
    assert set(hwgen_keras.__all__) < set(dir(hwgen_keras))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(hwgen_keras, "no_such_name")


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
