"""How hands lean and stretch characters, and how glyphs are bent likewise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import small_store

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    FONT,
    HANDWRITING,
    PairSampler,
    affine_matrix,
    array_store,
    forms,
    measure_forms,
)
from hwgen_keras.data.placing import warp
from hwgen_keras.data.rows import composed, fixed_place
from hwgen_keras.errors import InputError
from hwgen_keras.generation import GenerationSampler

pytestmark = pytest.mark.backend_free
SIZE = 48
CHARACTERS = CharacterSet("some", "あいうえお")


def ellipse(lean=0.0, wide=0.0, radius=10.0, middle=(0.0, 0.0)):
    """Ink that leans and is e^wide as wide as high, (SIZE, SIZE)."""
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    rows, columns = rows - middle[0], columns - middle[1]
    down, across = radius * np.exp(-wide / 2), radius * np.exp(wide / 2)
    inside = ((columns + lean * rows) / across) ** 2 + (rows / down) ** 2 <= 1
    return np.where(inside, 0, 255).astype(np.uint8)


def store_of(hands, images=5, characters=CHARACTERS):
    """A font of circles, and hands (lean, wide), each with so many characters."""
    sources = [(0.0, 0.0), *hands]
    return array_store(
        np.stack([ellipse(*source) for source in sources for _ in range(images)]),
        np.tile(np.arange(images), len(sources)),
        np.repeat(np.arange(len(sources)), images),
        np.repeat([FONT, *[HANDWRITING] * len(hands)], images),
        ["font", *(f"hand {i}" for i in range(len(hands)))],
        characters,
    )


def test_slant_and_stretch_of_known_ink():
    images = np.stack([ellipse(), ellipse(0.3), ellipse(0, 0.4), ellipse(-0.2, -0.3)])
    slant, stretch = forms.slant_and_stretch(forms.second_moments(images))
    assert slant == pytest.approx([0, 0.3, 0, -0.2], abs=0.02)
    assert stretch == pytest.approx([0, 0, 0.4, -0.3], abs=0.03)


def test_no_ink_has_no_form():
    blank = np.full((2, 8, 8), 255, np.uint8)
    assert not forms.slant_and_stretch(forms.second_moments(blank)).any()
    bent = forms.bending(blank, [0.3, 0], [0, 0.4])
    assert bent[0].tolist() == [1, 0, 0, 0, 1, 0]


def test_hands_are_compared_with_fonts_and_few_images_are_believed_little():
    hands = [(0.3, 0.0), (0.0, -0.4)]
    five, one = measure_forms(store_of(hands)), measure_forms(store_of(hands, 1))
    assert five.slant == pytest.approx([0, 0.3 * 5 / 8, 0], abs=0.02)
    assert five.stretch == pytest.approx([0, 0, -0.4 * 5 / 8], abs=0.03)
    assert one.slant[1] == pytest.approx(0.3 / 4, abs=0.02)


def test_images_of_one_hand_are_compared_as_those_of_a_store():
    hands = [(0.3, 0.0), (0.1, -0.4)]
    expected = np.stack(measure_forms(store_of(hands)))
    for number, hand in enumerate(hands, start=1):
        written, printed = np.stack([ellipse(*hand)] * 5), np.stack([ellipse()] * 5)
        found = forms.compare_forms(written, printed)
        np.testing.assert_allclose(found, expected[:, number], atol=1e-12)
    assert forms.compare_forms(written[:0], printed[:0]).tolist() == [0, 0]


def test_a_hand_without_the_characters_of_the_fonts_has_the_form_of_fonts():
    store = store_of([(0.3, 0.0)])
    kept = (store.kinds == FONT) == (store.labels < 2)
    found = measure_forms(store.select(kept))
    assert not found.slant.any() and not found.stretch.any()


def test_one_flat_stroke_tells_no_absurd_slant():
    stroke = np.full((2, SIZE, SIZE), 255, np.uint8)
    stroke[0, 23:25] = 0
    columns = np.arange(SIZE)
    for thickness in range(2):
        stroke[1, 26 - columns // 8 + thickness, columns] = 0
    slant, stretch = forms.compare_forms(stroke[1:], stroke[:1])
    assert slant == pytest.approx(0.5 / 4) and abs(stretch) <= 0.5 / 4


def test_fonts_are_needed():
    store = store_of([(0.3, 0.0)])
    with pytest.raises(InputError, match="no fonts to compare the forms of hands with"):
        measure_forms(store.select(store.kinds == HANDWRITING))


def test_of_a_hand_with_many_images_some_are_measured(monkeypatch):
    store = store_of([(0.3, 0.0), (0.0, 0.2)])
    monkeypatch.setattr(forms, "_MOST_IMAGES", 2)
    found = measure_forms(store)
    assert found.slant[1] == pytest.approx(0.3 * 2 / 5, abs=0.02)


@given(lean=st.floats(-0.4, 0.4), wide=st.floats(-0.5, 0.5))
def test_bent_ink_has_the_form_asked_for(lean, wide):
    image = ellipse()[None]
    bent = warp(image, forms.bending(image, [lean], [wide]), SIZE)
    slant, stretch = forms.slant_and_stretch(forms.second_moments(bent))
    assert slant == pytest.approx(lean, abs=0.04)
    assert stretch == pytest.approx(wide, abs=0.06)
    # The longer side stays as long as it was.
    lengths = [np.ptp(where) for where in np.nonzero(bent[0] < 128)]
    original = max(np.ptp(where) for where in np.nonzero(image[0] < 128))
    assert abs(max(lengths) - original) <= 1


def test_small_ink_stays_where_it_is():
    image = ellipse(radius=5, middle=(10, -8))[None]
    bent = warp(image, forms.bending(image, [0.3], [0.2]), SIZE)[0]
    for before, after in zip(
        np.nonzero(image[0] < 128), np.nonzero(bent < 128), strict=True
    ):
        assert abs(before.mean() - after.mean()) < 0.6


def test_without_a_difference_nothing_moves():
    store = small_store(CHARACTERS)
    images = store.decode(np.arange(len(store)))
    zeros = np.zeros(len(images))
    maps = forms.bending(images, zeros, zeros)
    np.testing.assert_allclose(warp(images, maps, store.image_size), images, atol=1e-3)


def test_glyphs_of_marks_are_put_in_place_as_they_are():
    images = np.stack([ellipse(), ellipse()])
    plain = forms.glyphs_place(images, "あ、", 0.0, 0.0)
    bent = forms.glyphs_place(images, "あ、", 0.3, 0.2)
    np.testing.assert_array_equal(plain, fixed_place(SIZE, 2))
    np.testing.assert_allclose(bent[1], plain[1], atol=1e-5)
    found = forms.second_moments(warp(images, bent, SIZE))[:, 0]
    assert forms.slant_and_stretch(found) == pytest.approx([0.3, 0.2], abs=0.06)


@given(seed=st.integers(0, 2**32))
def test_composed_maps_are_one_after_the_other(seed):
    rng = np.random.default_rng(seed)
    outer = affine_matrix(SIZE, rng.uniform(0, 0.2, (3, 4)), rng.uniform(-20, 20, 3))
    inner = affine_matrix(SIZE, rng.uniform(0, 0.2, (3, 4)), 0.0, 0.3)
    point = rng.uniform(0, SIZE, (3, 2))

    def through(maps, points):
        maps = maps.reshape(-1, 2, 3).astype(float)
        return np.einsum("nij,nj->ni", maps[..., :2], points) + maps[..., 2]

    expected = through(inner, through(outer, point))
    found = through(composed(outer, inner), point)
    np.testing.assert_allclose(found, expected, atol=1e-3)


class TestSamplers:
    def bent(self, table, store):
        """Slant of the content images of a table as a generator sees them."""
        images = store.decode(table["content"])
        seen = warp(images, table["content_affine"], SIZE)
        return forms.slant_and_stretch(forms.second_moments(seen))[0]

    @pytest.mark.parametrize("follow", [False, True])
    def test_generation(self, follow):
        store = store_of([(0.3, 0.0), (-0.3, 0.0)])
        sampler = GenerationSampler(store, 4, follow_forms=follow)
        assert sampler.request()["follow_forms"] is follow
        table = sampler.epoch(0)
        hands = store.sources[table["style"]]
        expected = np.array([0, 0.3, -0.3])[hands] * 5 / 8 * follow
        assert self.bent(table, store) == pytest.approx(expected, abs=0.04)

    def test_marks_are_not_bent_and_tell_nothing(self):
        store = store_of([(0.3, 0.0)], characters=CharacterSet("some", "あいう、っ"))
        assert measure_forms(store).slant[1] == pytest.approx(0.3 * 3 / 6, abs=0.02)
        table = GenerationSampler(store, 4, follow_forms=True).epoch(0)
        hand = store.sources[table["style"]] == 1
        mark = store.labels[table["content"]] >= 3
        expected = np.where(hand & ~mark, 0.3 * 3 / 6, 0.0)
        assert self.bent(table, store) == pytest.approx(expected, abs=0.04)

    @pytest.mark.parametrize("follow", [False, True])
    def test_pairs(self, follow, monkeypatch):
        monkeypatch.setattr("hwgen_keras.data.stages.ROTATED_SHARE", 0.0)
        store = store_of([(0.3, 0.0), (-0.3, 0.0)])
        sampler = PairSampler(
            store, "step_end", style_reference="writer", follow_forms=follow
        )
        table = sampler.epoch(0)
        own = np.array([0, 0.3, -0.3])
        target, content = (store.sources[table[n]] for n in ("target", "content"))
        moved = (own[target] - own[content]) * 5 / 8 * follow
        expected = own[content] + moved
        assert self.bent(table, store) == pytest.approx(expected, abs=0.05)
