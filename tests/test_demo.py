"""The demo, with a few steps of everything."""

import base64
import io
import json
import re

import pytest
from networks import BACKEND
from PIL import Image

import hwgen_keras as hw
from experiments import demo, demonstration
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import loading
from hwgen_keras.models import SIZES

# Its scripts are tested elsewhere, on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def test_the_demo_runs_from_fonts_to_a_report(tmp_path, tiny_font, capsys, monkeypatch):
    # As many as the training writers write; each test writer draws all of them.
    monkeypatch.setattr(demo, "HIRAGANA", 16)
    monkeypatch.setattr(demo, "TEST_WRITERS", range(1000, 1002))
    monkeypatch.setitem(SIZES["tiny"]["generator"], "multipliers", (1,))
    demo.main(
        demo.Settings(
            fonts=tiny_font, image_size=16, quick=True, run_dir=tmp_path / "demo"
        )
    )
    folder, printed = tmp_path / "demo", capsys.readouterr().out
    for number, title in enumerate(demo.PARTS):
        assert re.search(rf"=== {number}  {title} \(after \d+\.\d minutes", printed)
    assert "it took" not in printed
    assert json.loads((folder / "config.json").read_text("utf-8"))["flags"]["quick"]
    assert (folder / "saved_model" / "saved_model.pb").is_file()
    generated = json.loads((folder / "generated" / "manifest.json").read_text("utf-8"))
    assert len(generated) == demo.HIRAGANA
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert [row["arm"] for row in metrics["recognisers"]] == list(demo.ARMS)
    assert list(metrics["minutes"]) == list(demo.PARTS)
    assert metrics["fonts"] == ["IPAexGothic Regular"]
    assert "Fonts: IPAexGothic Regular\n" in printed
    report = (folder / "report.html").read_text("utf-8")
    sheets = re.findall(r"data:image/png;base64,([^\"]+)", report)
    *_, exported = (base64.b64decode(sheet) for sheet in sheets)
    # Two blocks of content, style, generated and real.
    assert Image.open(io.BytesIO(exported)).width > 8 * 64
    assert (folder / "written.png").is_file()


def test_the_demo_says_how_long_it_takes(capsys):
    next(demonstration.announced(demo.PARTS, {}))
    printed = capsys.readouterr().out
    minutes = f"it takes about {sum(demo.PARTS.values()):.0f} minutes:"
    assert minutes in printed
    assert all(f"{title}: " in printed for title in demo.PARTS)


def test_the_font_is_one_whatever_is_installed(characters, monkeypatch):
    monkeypatch.setattr(loading, "system_fonts", lambda: pytest.fail("looked for"))
    (font,) = demonstration.choose_fonts((), characters)
    assert font.name == "IPAexGothic Regular"


def test_installed_fonts_are_taken_when_asked_for(characters, tiny_font, monkeypatch):
    (font,) = hw.find_fonts(tiny_font)
    monkeypatch.setattr(loading, "system_fonts", lambda: [font])
    assert demonstration.choose_fonts(["system"], characters) == [font]
    # No font has this one.
    more = hw.CharacterSet("more", [*characters, "\U0001f600"])
    with pytest.raises(InputError, match="--fonts: no font has all hiragana; choose"):
        demonstration.choose_fonts(["system"], more)
