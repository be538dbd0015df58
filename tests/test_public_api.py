"""The public surface is what `hwgen_keras` lists, and all of it is there."""

import difflib
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
