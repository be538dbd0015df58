"""A condition as the training of a generator makes it."""

import keras
import networks
import numpy as np
import pytest
from networks import BACKEND

from hwgen_keras.characters import CharacterSet, Knowledge
from hwgen_keras.layers import CLIPCondition, Condition, EmbeddingCondition
from hwgen_keras.models import TextTower

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

KNOWLEDGE = Knowledge(CharacterSet("three", "アイウ"), networks.tokenizer())


@pytest.fixture(scope="module")
def tower():
    return TextTower(networks.text_encoder(), 16)


@pytest.fixture(scope="module")
def made(tower):
    """{class: a condition of it} for a generator of 8 channels."""
    given = {"knowledge": KNOWLEDGE, "text_tower": lambda: tower}
    return {
        kind: kind.create(8, **given, dtype="mixed_bfloat16")
        for kind in (EmbeddingCondition, CLIPCondition)
    }


def test_it_has_the_published_widths_and_the_precision(made, tower):
    for condition in made.values():
        # Four times the channels of the first level.
        assert condition.width == 32
        assert condition.dtype_policy.name == "mixed_bfloat16"
    embedding, clip = made.values()
    assert (embedding.classes, embedding.embedding_width) == (3, 8)
    assert tuple(embedding.characters) == tuple("アイウ")
    assert clip.text_tower is tower and clip.embedding_width == 16
    assert not tower.trainable_variables


def test_it_knows_its_inputs(made):
    embedding, clip = (kind.encode("イ", KNOWLEDGE) for kind in made)
    assert embedding["label"].tolist() == [1]
    expected = KNOWLEDGE.tokenizer.encode_alternatives("イ")
    np.testing.assert_array_equal(clip["tokens"], expected)
    for kind, condition in made.items():
        assert condition.domain.size == kind.domain_of(KNOWLEDGE).size
    assert EmbeddingCondition.known(KNOWLEDGE) is KNOWLEDGE.characters
    assert CLIPCondition.known(KNOWLEDGE) is KNOWLEDGE.tokenizer.structures
    assert Condition.known(KNOWLEDGE) is None


def test_examples_are_inputs(made):
    rng = np.random.default_rng(0)
    embedding, clip = (one.example(200, rng) for one in made.values())
    assert set(np.unique(embedding["label"])) == {0, 1, 2}
    tokens = clip["tokens"]
    assert tokens.shape == (200, networks.LENGTH) and tokens.dtype == np.int32
    # The second half is padding, the first none.
    seen, padding = np.split(tokens, 2, axis=1)
    assert not padding.any() and seen.min() == 1
    assert seen.max() == networks.VOCABULARY_SIZE - 1


@pytest.mark.parametrize("kind", [EmbeddingCondition, CLIPCondition])
def test_files_name_it_by_the_package(kind):
    registered = keras.saving.get_registered_name(kind)
    assert registered == f"hwgen_keras>{kind.__name__}"


def test_vectors_of_classes_begin_with_a_deviation_of_one():
    condition = EmbeddingCondition(400, 8, 16)
    condition.build()
    vectors = keras.ops.convert_to_numpy(condition.embedding.weights[0])
    assert vectors.shape == (400, 16)
    assert vectors.std() == pytest.approx(1.0, abs=0.05)
