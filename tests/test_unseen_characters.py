"""The experiment that keeps characters out of all training."""

import json

import pytest
from networks import BACKEND
from PIL import Image

from experiments import flags, unseen_characters
from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, ImageEncoder

# It trains five networks, by scripts that are tested on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture
def study(tmp_path, characters, manifest, tiny_font):
    """A function, options → what the script returns; the reader is an untrained one."""
    listed = tmp_path / "文字.txt"
    listed.write_text("\n".join(characters) + "\n", encoding="utf-8")
    reader = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
    reader.build()
    reader.save(tmp_path / "reader.keras")

    def run(**values):
        given = {
            "characters": str(listed),
            "fonts": [str(tiny_font)],
            "handwriting": [str(manifest)],
            "reader": str(tmp_path / "reader.keras"),
            "size": "tiny",
            "image_size": 32,
            "held_out": 0.34,
            "modes": ["adain_clip"],
            "encoder_steps": 1,
            "generator_steps": 1,
            "count": 2,
            "output": str(tmp_path / "study"),
            "cache": "",
            **values,
        }
        return unseen_characters.main(unseen_characters.Settings(**given))

    return run


def test_nothing_is_trained_on_what_is_held_out(study, tmp_path, capsys, monkeypatch):
    # Interrupted after its trainings, it goes on without them.
    with monkeypatch.context() as patch:
        patch.setattr(unseen_characters, "write", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            study()
    monkeypatch.setattr(flags, "call", _only_generate(flags.call))
    values = study()

    folder = tmp_path / "study"
    assert json.loads((folder / "results.json").read_text("utf-8")) == values
    held, seen = values["held_out"], (folder / "seen.txt").read_text("utf-8").split()
    assert (len(held), len(seen)) == (2, 4) and not set(held) & set(seen)
    assert set(json.loads((folder / "handwriting.json").read_text("utf-8"))) == set(
        seen
    )
    for run in ("image", "text", "clip", "adain_clip/step1", "adain_clip/step_end"):
        trained = json.loads((folder / run / "config.json").read_text("utf-8"))["flags"]
        assert trained["characters"] == str(folder / "seen.txt")
        if "handwriting" in trained:
            assert trained["handwriting"] == [str(folder / "handwriting.json")]
    results = values["results"]
    assert results["adain_clip"]["seen"]["images"] == 8
    assert results["adain_clip"]["unseen"]["images"] == 4
    assert results["handwriting"]["unseen"]["images"] == 4
    with Image.open(folder / "adain_clip.png") as sheet:
        assert sheet.size == (2 * 33 + 1, 34)
    assert "Unseen: read %" in capsys.readouterr().out

    assert study() == values
    with pytest.raises(InputError, match="begun with other held_out"):
        study(held_out=0.5)


def _interrupt(*arguments):
    raise KeyboardInterrupt


def _only_generate(call):
    def checked(script, shared, **values):
        assert script.__name__ == "experiments.generate"
        return call(script, shared, **values)

    return checked


MISTAKES = [
    ({"reader": None}, "--reader is needed"),
    ({"output": None}, "--output is needed"),
    ({"held_out": 0.0}, "--held_out=0.0 keeps 0 of 6"),
    ({"held_out": 1.0}, "--held_out=1.0 keeps 6 of 6"),
    ({"modes": ["adain_embedding"]}, "--modes: there is no 'adain_embedding'; use"),
    ({"characters": "kana"}, "trained on 6 characters and is used with 92"),
    ({"simulated_writers": 2}, "--simulated_writers would draw the characters that"),
    ({"fonts": []}, "give --fonts a folder"),
    ({"handwriting": []}, "give --handwriting a manifest"),
]


@pytest.mark.parametrize(("values", "message"), MISTAKES)
def test_mistakes_get_one_sentence(study, tmp_path, values, message):
    with pytest.raises(InputError, match=message) as error:
        study(**values)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "study").exists()
