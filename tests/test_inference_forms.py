"""The glyphs that a loaded generator rewrites lean and stretch as the hand does."""

import numpy as np
import pytest

from hwgen_keras.data.forms import bending, second_moments, slant_and_stretch
from hwgen_keras.data.placing import warp
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.inference import glyphs, pictures
from hwgen_keras.inference.facts import resolve_facts
from hwgen_keras.inference.generator import LoadedGenerator

pytestmark = pytest.mark.backend_free

SIZE = 32
TEXT, WRITTEN = "あいうかきくさしす", "たちつ、"


@pytest.fixture(scope="module")
def upright():
    return to_uint8(glyphs.glyphs(WRITTEN, None, SIZE))


def form(images):
    return slant_and_stretch(second_moments(images))


class Copying:
    """An engine that writes the glyph as it is given, so that it can be seen."""

    kind, name, stride, input_names = "generator", "The model", 1, ("content", "style")
    condition = None

    def __init__(self, format):
        self.format = format

    def run(self, inputs):
        return {"image": inputs["content"]}


class TestMeasured:
    def bent(self, text, lean, wide):
        """Glyphs of a font as somebody leaning and wide writes them, uint8."""
        images = to_uint8(glyphs.glyphs(text, None, SIZE))
        maps = bending(images, [lean] * len(images), [wide] * len(images))
        return warp(images, maps, SIZE).round().astype(np.uint8)

    def measured(self, text, told, lean=0.3, wide=-0.2):
        hand, told = pictures.in_hand(self.bent(text, lean, wide), SIZE, told)
        drawn = glyphs.draw([c for c in told if c is not None], None, SIZE)
        return glyphs.forms_of(hand, told, drawn, SIZE)

    def test_they_are_measured_beside_the_font_and_believed_by_their_number(self):
        for count in (9, 3):
            text = TEXT[:count]
            expected = np.array([0.3, -0.2]) * count / (count + 3)
            assert self.measured(text, text) == pytest.approx(expected, abs=0.03)

    def test_what_is_unknown_or_not_drawn_is_left_out(self):
        told = [*TEXT[:6], None, "😀", None]
        some, few = self.measured(TEXT, told), self.measured(*[TEXT[:6]] * 2)
        np.testing.assert_array_equal(some, few)
        assert not self.measured(TEXT, None).any()
        assert not self.measured("あい", "😀🙂").any()

    def test_glyphs_are_bent_and_marks_are_not(self):
        text = "たっ、ち"
        plain = glyphs.glyphs(text, None, SIZE)
        bent = glyphs.glyphs(text, None, SIZE, (0.3, -0.2))
        np.testing.assert_allclose(bent[1:3], plain[1:3], atol=1e-5)
        before, after = (form(to_uint8(images)[::3]) for images in (plain, bent))
        # What leans already leans less as it gets narrower.
        assert after[0] == pytest.approx(before[0] * np.exp(-0.2) + 0.3, abs=0.02)
        assert after[1] == pytest.approx(before[1] - 0.2, abs=0.03)


class TestWriting:
    def write(self, style, format="keras", **more):
        loaded = LoadedGenerator(Copying(format), resolve_facts(size=SIZE))
        return loaded.write(WRITTEN, style, **more)

    @pytest.mark.parametrize("format", ["keras", "saved_model", "onnx"])
    def test_what_is_known_decides(self, hand, upright, format):
        paths = sorted(hand.iterdir())
        # Of paths and arrays nothing is known.
        np.testing.assert_array_equal(self.write(paths, format), upright)
        leaning = self.write(hand, format)
        told = self.write(paths, format, style_text="あいうかきく")
        np.testing.assert_array_equal(told, leaning)
        np.testing.assert_array_equal(leaning[3], upright[3])
        assert all((leaning[k] != upright[k]).any() for k in range(3))
        unknown = self.write(hand, format, style_text=[None] * 6)
        np.testing.assert_array_equal(unknown, upright)
        with pytest.raises(InputError, match="style_text has 1 characters and the st"):
            self.write(hand, format, style_text="あ")

    @pytest.mark.parametrize("strength", [None, 1.5, 0.0])
    def test_glyphs_get_the_forms_of_the_hand(self, hand, upright, strength):
        written = to_uint8(pictures.prepare(hand, SIZE))
        printed = to_uint8(glyphs.glyphs("あいうかきく", None, SIZE))
        lean, wide = np.subtract(
            *(
                slant_and_stretch(second_moments(images).sum(axis=1))
                for images in (written, printed)
            )
        )
        assert max(abs(lean), abs(wide)) > 0.1
        share = (1.0 if strength is None else strength) * 6 / (6 + 3)
        before = form(upright[:3])
        slant, stretch = form(self.write(hand, strength=strength)[:3])
        expected = before[0] * np.exp(share * wide) + share * lean
        assert slant == pytest.approx(expected, abs=0.02)
        assert stretch == pytest.approx(before[1] + share * wide, abs=0.03)
