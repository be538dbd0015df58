"""The tables of PairSampler: what is drawn, how often, and where it is placed."""

import numpy as np
import pytest
from stores import small_store

from hwgen_keras.characters import CharacterSet, StructureTokenizer
from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ClassificationSampler,
    ImageStore,
    PairSampler,
    affine_matrix,
    stages,
)
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

ROWS = 4000
FIXED = affine_matrix(24, [[stages.FIXED_MARGIN] * 4])[0]


@pytest.fixture(scope="module")
def store(characters):
    return small_store(characters)


def kinds(store, indices):
    return store.kinds[indices]


def names(store, indices):
    return np.array(store.source_names)[store.sources[indices]]


def is_fixed(affine):
    return np.isclose(affine, FIXED).all(axis=1)


def rotation(affine):
    """The angle in degrees of maps without shear."""
    return np.degrees(np.arctan2(-affine[:, 1], affine[:, 0]))


def draw(store, step, **arguments):
    return PairSampler(store, step, rows_per_epoch=ROWS, **arguments).epoch(0)


@pytest.mark.parametrize("step", stages.STAGES)
@pytest.mark.parametrize("style_reference", ["target", "writer"])
def test_columns_of_every_step(store, step, style_reference):
    table = draw(store, step, style_reference=style_reference)
    assert set(table) == {
        *("content", "content_affine", "style", "style_affine"),
        *("target", "target_affine", "label", "drop_condition"),
    }
    assert {len(column) for column in table.values()} == {ROWS}
    assert all(table[f"{name}_affine"].shape[1] == 6 for name in ("content", "target"))
    assert table["label"].dtype == np.int32
    np.testing.assert_array_equal(store.labels[table["target"]], table["label"])
    np.testing.assert_array_equal(store.labels[table["content"]], table["label"])
    assert set(table["label"]) == set(range(6))
    assert 0.45 < table["drop_condition"].mean() < 0.55
    same_place = (table["style_affine"] == table["target_affine"]).all()
    if style_reference == "target":
        np.testing.assert_array_equal(table["style"], table["target"])
        assert same_place
    else:
        assert (store.labels[table["style"]] != table["label"]).all()
        np.testing.assert_array_equal(
            store.sources[table["style"]], store.sources[table["target"]]
        )
        assert same_place == (step != "step2")


@pytest.mark.parametrize("step", stages.STAGES)
def test_half_of_the_pairs_are_rotated_together(store, step):
    table = draw(store, step, style_reference="writer")
    flat = table["content_affine"][:, 3] == 0
    assert 0.46 < flat.mean() < 0.54
    # Margins scale both sides differently: undo it before the angle is read.
    angles = {}
    for name in ("content", "style", "target"):
        a, b, _, d, e, _ = table[f"{name}_affine"].T.astype(float)
        angles[name] = np.degrees(np.arctan2(d / np.hypot(d, e), e / np.hypot(d, e)))
        np.testing.assert_allclose(np.arctan2(-b, a), np.arctan2(d, e), atol=1e-4)
    np.testing.assert_allclose(angles["content"], angles["style"], atol=1e-3)
    np.testing.assert_allclose(angles["content"], angles["target"], atol=1e-3)
    assert abs(angles["content"]).max() < 15.001
    assert angles["content"].min() < -14 and angles["content"].max() > 14


def test_step1_pairs_the_reference_font_with_any_font(store):
    table = draw(store, "step1")
    assert set(names(store, table["content"])) == {"font-0"}
    assert set(names(store, table["style"])) == {"font-0", "font-1", "font-2"}
    flat = table["content_affine"][:, 3] == 0
    assert is_fixed(table["content_affine"][flat]).all()
    assert is_fixed(table["style_affine"][flat]).all()


def test_the_reference_font_can_be_chosen(store):
    table = draw(store, "step1", reference_font="font-2")
    assert set(names(store, table["content"])) == {"font-2"}
    for name in ("none", "writer-0"):
        with pytest.raises(InputError, match=f"no font '{name}'.*font-0, font-1"):
            PairSampler(store, "step1", reference_font=name)


def test_step2_moves_the_style_image(store):
    table = draw(store, "step2")
    assert (kinds(store, table["content"]) == FONT).all()
    assert (kinds(store, table["style"]) == FONT).all()
    flat = table["content_affine"][:, 3] == 0
    assert is_fixed(table["content_affine"][flat]).all()
    affine = table["style_affine"][flat].astype(float)
    # Width of the ink and its left edge in units of the side.
    width, height = 1 / affine[:, 0], 1 / affine[:, 4]
    left = (-0.5 - affine[:, 2]) / affine[:, 0] / 24 + 0.5 / 24
    for margin in (left, 1 - width - left):
        assert 10 / 256 - 1e-4 < margin.min() < 12 / 256
        assert 38 / 256 < margin.max() < 40 / 256 + 1e-4
    assert abs(np.corrcoef(width, height)[0, 1]) < 0.1


def test_step3_takes_content_from_hands(store):
    table = draw(store, "step3")
    hand = kinds(store, table["content"]) == HANDWRITING
    assert 0.46 < hand.mean() < 0.54
    assert (kinds(store, table["style"]) == FONT).all()
    flat = table["content_affine"][:, 3] == 0
    fixed = is_fixed(table["content_affine"])
    assert fixed[flat & ~hand].all()
    assert 0.2 < fixed[flat & hand].mean() < 0.3
    assert is_fixed(table["style_affine"][flat]).all()


def test_step_end_takes_both_from_anywhere(store):
    table = draw(store, "step_end")
    hands = kinds(store, table["content"]), kinds(store, table["style"])
    for content in (FONT, HANDWRITING):
        for style in (FONT, HANDWRITING):
            share = ((hands[0] == content) & (hands[1] == style)).mean()
            assert 0.21 < share < 0.29
    flat = table["content_affine"][:, 3] == 0
    assert is_fixed(table["content_affine"][flat]).all()
    assert is_fixed(table["style_affine"][flat]).all()


@pytest.mark.parametrize("step", ["step2", "step3", "step_end"])
def test_content_is_another_image_where_there_is_one(store, step):
    table = draw(store, step)
    assert (table["content"] != table["target"]).all()


def test_the_only_image_of_a_character_is_its_own_content(characters):
    table = draw(small_store(characters, fonts=1), "step2")
    np.testing.assert_array_equal(table["content"], table["target"])


def test_sources_are_drawn_with_equal_chance(characters):
    # One font has a single character; it is drawn as often as the others.
    without = [("font-0", character) for character in characters[1:]]
    store = small_store(characters, without=without)
    table = draw(store, "step2")
    _, counts = np.unique(names(store, table["target"]), return_counts=True)
    assert (abs(counts / ROWS - 1 / 3) < 0.03).all()


@pytest.mark.parametrize("style_reference", ["target", "writer"])
def test_partners_are_found_where_sources_have_gaps(characters, style_reference):
    without = [
        *(("writer-0", character) for character in "あいう"),
        *(("font-0", character) for character in "かき"),
        *(("font-1", character) for character in characters[1:]),
    ]
    store = small_store(characters, without=without)
    table = draw(store, "step_end", style_reference=style_reference)
    np.testing.assert_array_equal(store.labels[table["content"]], table["label"])
    if style_reference == "writer":
        assert (store.labels[table["style"]] != table["label"]).all()
        assert "font-1" not in names(store, table["target"])


def test_the_other_character_is_any_other_of_the_hand(store):
    table = draw(store, "step_end", style_reference="writer")
    pairs = set(zip(table["label"], store.labels[table["style"]], strict=True))
    assert len(pairs) == 6 * 5


def test_generated_images_take_no_part(characters):
    store = small_store(characters)
    columns = (store.labels, store.sources, np.full(len(store), GENERATED))
    generated = ImageStore(store.pngs, *columns, store.source_names, characters, 24)
    both = ImageStore.merge([generated, store])
    for step in stages.STAGES:
        table = draw(both, step)
        for name in ("content", "style"):
            assert (kinds(both, table[name]) != GENERATED).all()


def test_only_the_characters_asked_for(store):
    table = draw(store, "step_end", characters="いく")
    assert set(table["label"]) == {1, 5}
    with pytest.raises(InputError, match="'漢' is not in"):
        PairSampler(store, "step1", characters="漢")


@pytest.mark.parametrize("step", stages.STAGES)
@pytest.mark.parametrize("style_reference", ["target", "writer"])
def test_an_epoch_is_always_the_same_table(store, step, style_reference):
    arguments = {"rows_per_epoch": 50, "style_reference": style_reference}
    sampler = PairSampler(store, step, seed=3, **arguments)
    first, second = sampler.epoch(0), sampler.epoch(1)
    again = PairSampler(store, step, seed=3, **arguments)
    other = PairSampler(store, step, seed=4, **arguments).epoch(0)
    for name, column in again.epoch(1).items():
        np.testing.assert_array_equal(column, second[name])
    for name, column in again.epoch(0).items():
        np.testing.assert_array_equal(column, first[name])
    assert (first["target"] != second["target"]).any()
    assert (first["target"] != other["target"]).any()


def test_rows_per_epoch(store):
    assert PairSampler(store, "step1").rows_per_epoch == 30
    assert PairSampler(store, "step_end").rows_per_epoch == 50
    with pytest.raises(InputError, match="rows_per_epoch is 0"):
        PairSampler(store, "step1", rows_per_epoch=0)


def test_tokens_are_those_of_a_random_alternative(store, characters):
    structures = {character: ((character,),) for character in characters}
    structures["い"] = (("い",), ("⿰", "あ", "う"), ("⿱", "か", "き"))
    tokenizer = StructureTokenizer(structures)
    table = draw(store, "step2", tokenizer=tokenizer)
    assert table["tokens"].shape == (ROWS, tokenizer.length)
    assert table["tokens"].dtype == np.int32
    seen = {}
    for label, tokens in zip(table["label"], table["tokens"], strict=True):
        seen.setdefault(label, []).append(tuple(tokens))
    for label, rows in seen.items():
        character = characters[label]
        count = tokenizer.alternatives(character)
        expected = tokenizer.encode([character] * count, range(count))
        assert set(rows) == set(map(tuple, expected))
        shares = [rows.count(row) / len(rows) for row in set(rows)]
        assert min(shares) > 0.8 / count


def test_a_character_without_structure_is_named(store):
    with pytest.raises(InputError, match="く"):
        PairSampler(
            store, "step1", StructureTokenizer({c: ((c,),) for c in "あいうかき"})
        )


def test_a_step_without_what_it_needs(characters):
    fonts = small_store(characters, writers=0)
    for step in ("step3", "step_end"):
        with pytest.raises(InputError, match="needs images of handwriting"):
            PairSampler(fonts, step)
    PairSampler(fonts, "step2")
    hands = small_store(characters, fonts=0)
    for step in stages.STAGES:
        with pytest.raises(InputError, match="needs images of a font"):
            PairSampler(hands, step)


def test_a_step_without_common_characters(characters):
    without = [("font-0", character) for character in characters[:3]]
    without += [("writer-0", character) for character in characters[3:]]
    store = small_store(characters, fonts=1, writers=1, without=without)
    with pytest.raises(InputError, match="No character .*handwriting"):
        PairSampler(store, "step3")


def test_hands_of_one_character_show_no_other():
    store = small_store(CharacterSet("one", "あ"))
    with pytest.raises(InputError, match="two characters"):
        PairSampler(store, "step_end", style_reference="writer")


def test_unknown_names(store):
    with pytest.raises(InputError, match="no stage 'step4'; use step1, step2"):
        PairSampler(store, "step4")
    with pytest.raises(InputError, match="'target' or 'writer'"):
        PairSampler(store, "step1", style_reference="self")


def test_outputs_that_would_lose_strokes(store):
    assert PairSampler(store, "step1", image_size=12).image_size == 12
    with pytest.raises(InputError, match="store of at most 22 pixels"):
        PairSampler(store, "step1", image_size=11)
    with pytest.raises(InputError, match="store of at most 22 pixels"):
        ClassificationSampler(store, image_size=11)
