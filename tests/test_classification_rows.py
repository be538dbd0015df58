"""The rows that train a recogniser, or CLIP."""

import numpy as np
import pytest
from stores import small_store

from hwgen_keras.characters import StructureTokenizer
from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ClassificationSampler,
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


def test_every_image_comes_once_an_epoch(store):
    sampler = ClassificationSampler(store)
    first, second = sampler.epoch(0), sampler.epoch(1)
    assert set(first) == {"image", "image_affine", "label", "seed"}
    for table in (first, second):
        assert sorted(table["image"]) == list(range(len(store)))
        np.testing.assert_array_equal(table["label"], store.labels[table["image"]])
        assert np.isclose(table["image_affine"], FIXED).all()
        assert len(np.unique(table["seed"], axis=0)) == len(store)
    assert first["seed"].shape == (len(store), 2) and first["seed"].dtype == np.int32
    assert (first["image"] != second["image"]).any()
    again = ClassificationSampler(store).epoch(1)
    for name, column in second.items():
        np.testing.assert_array_equal(column, again[name])


def test_longer_epochs_use_every_image_before_one_twice(store):
    table = ClassificationSampler(store, rows_per_epoch=70).epoch(0)
    assert sorted(table["image"][:30]) == sorted(table["image"][30:60])
    assert len(set(table["image"][60:])) == 10


def test_classes_can_be_balanced(characters):
    without = [(f"{kind}-{i}", "あ") for kind in ("font", "writer") for i in range(3)]
    store = small_store(characters, without=without[1:])
    plain = ClassificationSampler(store, rows_per_epoch=ROWS).epoch(0)
    balanced = ClassificationSampler(
        store, rows_per_epoch=ROWS, class_balanced=True
    ).epoch(0)
    assert (plain["label"] == 0).mean() < 0.06
    assert (abs(np.bincount(balanced["label"]) / ROWS - 1 / 6) < 0.03).all()
    np.testing.assert_array_equal(balanced["label"], store.labels[balanced["image"]])


@pytest.mark.parametrize("class_balanced", [False, True])
def test_kinds_are_mixed_by_their_shares(store, class_balanced):
    sampler = ClassificationSampler(
        store,
        rows_per_epoch=ROWS,
        class_balanced=class_balanced,
        kind_weights={HANDWRITING: 3, FONT: 1, GENERATED: 0},
    )
    hands = store.kinds[sampler.epoch(0)["image"]] == HANDWRITING
    assert 0.72 < hands.mean() < 0.78


def test_a_character_without_a_kind_is_drawn_as_often(characters):
    hands = [(f"writer-{i}", "あ") for i in range(3)]
    store = small_store(characters, without=hands)
    sampler = ClassificationSampler(
        store,
        rows_per_epoch=ROWS,
        class_balanced=True,
        kind_weights={HANDWRITING: 3, FONT: 1},
    )
    table = sampler.epoch(0)
    kinds = store.kinds[table["image"]]
    assert (abs(np.bincount(table["label"]) / ROWS - 1 / 6) < 0.03).all()
    assert (kinds[table["label"] == 0] == FONT).all()
    assert 0.72 < (kinds[table["label"] != 0] == HANDWRITING).mean() < 0.78


def test_kinds_may_be_told_apart_further(store):
    kinds = store.kinds.astype(int)
    some = store.source_names.index("writer-0")
    kinds[store.sources == some] = 7
    weights = {HANDWRITING: 1, FONT: 1, 7: 2}
    sampler = ClassificationSampler(
        store, rows_per_epoch=ROWS, kind_weights=weights, kinds=kinds
    )
    share = (store.sources[sampler.epoch(0)["image"]] == some).mean()
    assert 0.47 < share < 0.53


def test_kinds_that_cannot_be_mixed(store):
    with pytest.raises(InputError, match="the store has no image of it"):
        ClassificationSampler(store, kind_weights={FONT: 0.5, GENERATED: 0.5})
    for weights in ({}, {FONT: 0}, {FONT: -1, HANDWRITING: 2}):
        with pytest.raises(InputError, match="must be positive"):
            ClassificationSampler(store, kind_weights=weights)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_affine_distortion_stays_within_its_bounds(store, strength):
    sampler = ClassificationSampler(
        store, rows_per_epoch=ROWS, affine_strength=strength
    )
    a, b, c, d, e, f = sampler.epoch(0)["image_affine"].T.astype(float)
    angle = np.degrees(np.arctan2(d, e))
    largest = 10 * strength
    assert largest * 0.95 < angle.max() < largest + 1e-3
    assert -largest - 1e-3 < angle.min() < -largest * 0.95
    # x by y is shear · cos - sin, x by x is cos + shear · sin, both over the width.
    turn = np.radians(angle)
    shear = (b * np.cos(turn) + a * np.sin(turn)) / (
        a * np.cos(turn) - b * np.sin(turn)
    )
    assert 0.14 * strength < shear.max() < 0.1501 * strength
    height = 1 / np.hypot(d, e)
    largest = 1 - 2 * stages.FIXED_MARGIN
    smallest = largest * (1 - 0.2 * strength)
    assert smallest - 1e-4 < height.min() < smallest + 0.01
    assert largest - 0.01 < height.max() < largest + 1e-4
    # Where the middle of the output lies in the ink, in units of its side.
    middle = (d * 11.5 + e * 11.5 + f + 0.5) / 24
    shift = (0.5 - middle) * height
    assert (abs(shift) <= strength * (1 - height) / 2 + 1e-4).all()
    assert abs(shift).max() > 0.5 * strength * (1 - height).max() / 2


def test_strength_out_of_range(store):
    for strength in (-0.1, 2.1, float("nan")):
        with pytest.raises(InputError, match="from 0 to 2"):
            ClassificationSampler(store, affine_strength=strength)


def test_half_of_the_rows_are_marked_for_bending(store):
    sampler = ClassificationSampler(store, rows_per_epoch=ROWS, elastic=True)
    elastic = sampler.epoch(0)["elastic"]
    assert elastic.dtype == bool and 0.46 < elastic.mean() < 0.54


def test_tokens_for_clip(store, characters):
    tokenizer = StructureTokenizer({c: ((c,),) for c in characters})
    table = ClassificationSampler(store, tokenizer=tokenizer).epoch(0)
    expected = tokenizer.encode([characters[label] for label in table["label"]])
    np.testing.assert_array_equal(table["tokens"], expected)
