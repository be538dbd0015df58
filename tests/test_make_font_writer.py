"""A font of what a stroke writer writes in a hand."""

import keras
import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from hand_folder import characters_file, hand_folder
from networks import BACKEND
from sentences import sentence
from stroke_writers import stroke_writer

import hwgen_keras as hw
from experiments import make_font
from experiments.hand_fonts import source
from hwgen_keras.models import AdaINGenerator
from hwgen_keras.sources.text_size import in_text

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture
def given(tmp_path_factory, monkeypatch):
    """Flags, with an untrained writer, for a font of few characters."""
    folder = tmp_path_factory.mktemp("writer")
    keras.utils.set_random_seed(0)
    stroke_writer(steps=2).save(folder / "generator.keras")
    hand_folder(folder / "hanako", "木永国")
    monkeypatch.setattr(source, "has_strokes", lambda c: c in "あい一永")
    return {
        "generator_weights": str(folder),
        "characters": characters_file(folder, "一永"),
        "cache": "",
    }


def make(folder, given, name="hand.otf", **values):
    values = {**given, **values, "output": str(folder / name)}
    return make_font.main(make_font.Settings(**values))


def outline(path, name):
    pen = RecordingPen()
    TTFont(path).getGlyphSet()[name].draw(pen)
    return pen.value


def test_in_the_hand_of_images_of_a_store_and_in_a_new_one(given, tmp_path, capsys):
    folder = given["generator_weights"]
    first = make(tmp_path, given, handwriting=[f"{folder}/hanako"])
    printed = capsys.readouterr().out
    assert "2 of the 2 characters of characters and 2 others in the hand of" in printed
    assert {"uni3042", "uni3042.alt1", "uni3042.alt2", "uni6C38"} <= set(
        TTFont(first).getGlyphOrder()
    )
    tracks = [hw.PenWriter(2).track(c, points=8) for c in "道山"]
    store = str(tmp_path / "hands.store")
    hw.StrokeStore.of_tracks(tracks, ["taro"] * 2, hw.SIMULATED).save(store)
    second = make(tmp_path, given, "second.otf", strokes=store, temperature=0.5)
    assert TTFont(second)["name"].getDebugName(9) == "taro"
    third = make(tmp_path, given, "third.otf", seed=3)
    assert "in the hand of new-3" in capsys.readouterr().out
    again = make(tmp_path, given, "again.otf", seed=3, variants=1)
    shapes = [outline(path, "uni6C38") for path in (first, second, third, again)]
    assert shapes[2] == shapes[3]
    assert shapes[0] != shapes[1] != shapes[2] != shapes[0]
    numbers = np.array([len(shape) for shape in shapes])
    assert (numbers > 4).all()


def test_characters_have_the_sizes_of_a_text(given, tmp_path, monkeypatch):
    """Here half of them: what `in_text` returns is what the font has."""
    given = {**given, "seed": 3, "variants": 1}
    before = make(tmp_path, given, "before.otf")

    def half(tracks, like):
        # With one form of each, all are first ones.
        assert like == tracks
        return [
            hw.Track(t.character, 0.25 + t.points / 2, t.radii / 2)
            for t in in_text(tracks, like)
        ]

    monkeypatch.setattr(source, "in_text", half)
    heights = []
    for path in (before, make(tmp_path, given, "half.otf")):
        pen = BoundsPen(None)
        TTFont(path).getGlyphSet()["uni6C38"].draw(pen)
        heights.append(pen.bounds[3] - pen.bounds[1])
    assert heights[1] == pytest.approx(heights[0] / 2, abs=3)


def test_mistakes(given, tmp_path):
    generator = AdaINGenerator(width=8, multipliers=(1,))
    generator.build()
    generator.save(tmp_path / "adain.keras")
    weights = {"generator_weights": str(tmp_path / "adain.keras")}
    for flags, words in (
        ({**given, "simulated_writer": 1}, "Give one of --simulated_writer and --gene"),
        ({**given, **weights}, "holds a AdaINGenerator, not a StrokeWriter"),
        ({**given, "writer": "hanako"}, "--writer names a writer of --strokes"),
        ({**given, "guidance_style": 2.0}, "--guidance_style is for a diffusion model"),
        ({"simulated_writer": 1, "temperature": 1.0}, "--temperature is for a stroke"),
        ({"strokes": "a.store", "handwriting": ["b"]}, "--handwriting is for a stroke"),
    ):
        assert words in sentence(make, tmp_path, flags)
    assert not (tmp_path / "hand.otf").exists()
