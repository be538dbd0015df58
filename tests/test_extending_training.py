"""The training that docs/extending.md begins with runs as it stands."""

import pathlib
import re
import shutil

import pytest
from networks import BACKEND

import hwgen_keras as hw

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "extending.md"


@pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
def test_the_page_trains_a_generator(tmp_path, tiny_font, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fonts").mkdir()
    shutil.copy(tiny_font, tmp_path / "fonts")
    code = re.search(r"(?s)```python\n(.*?)```", PAGE.read_text("utf-8"))[1]
    assert "steps=100" in code
    six = tmp_path / "six.txt"
    six.write_text("\n".join("あいうかきく"), encoding="utf-8")
    # Few characters and steps, so that it takes no time.
    code = code.replace("steps=100", "steps=2").replace('"kana"', "SIX")
    names = {"hw": hw, "SIX": str(six)}
    exec(compile(code, str(PAGE), "exec"), names)
    assert names["model"].optimizer.iterations == 2
