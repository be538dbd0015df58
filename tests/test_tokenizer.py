"""Structures as token ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structures import structure_tables

from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


@pytest.fixture(scope="module")
def packaged():
    return read_structures()


@given(structure_tables(), st.randoms(use_true_random=False))
def test_encoded_structures_decode_to_their_tokens(table, random):
    tokenizer = StructureTokenizer(table)
    characters = list(table)
    alternatives = [random.randrange(len(table[c])) for c in characters]
    ids = tokenizer.encode(characters, alternatives)
    assert ids.dtype == np.int32 and ids.shape == (len(table), tokenizer.length)
    assert (ids[:, 0] == 2).all() and ((ids == 3).sum(axis=1) == 1).all()
    assert ids.max() < tokenizer.vocabulary_size
    for row, character, alternative in zip(ids, characters, alternatives, strict=True):
        tokens = table[character][alternative]
        assert tokenizer.decode(row) == tokens
        assert row[len(tokens) + 1] == 3 and not row[len(tokens) + 2 :].any()


@given(structure_tables())
def test_the_vocabulary_does_not_depend_on_the_order(table):
    reversed_table = dict(reversed(table.items()))
    vocabulary = StructureTokenizer(table).vocabulary
    assert vocabulary == StructureTokenizer(reversed_table).vocabulary
    assert vocabulary[:4] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    assert list(vocabulary[4:]) == sorted(set(vocabulary[4:]))


def test_packaged_sequences_differ_as_ids(packaged):
    ids = StructureTokenizer(packaged).encode(list(packaged))
    assert len(np.unique(ids, axis=0)) == 3057


def test_tokens_outside_a_given_vocabulary_are_unknown():
    old = StructureTokenizer({"好": (("⿰", "女", "子"),)})
    new = {"妹": (("⿰", "女", "未"),)}
    tokenizer = StructureTokenizer(new, vocabulary=old.vocabulary, length=6)
    ids = tokenizer.encode(["妹"])[0]
    assert ids[3] == 1 and ids.tolist()[4:] == [3, 0]
    unknown = sorted(set(tokenizer.decode(ids)) - {"⿰", "女"})
    assert unknown == ["[UNK]"]


def test_encoding_counts_and_checks_alternatives():
    tokenizer = StructureTokenizer({"謎": (("米",), ("言",)), "木": (("木",),)})
    assert tokenizer.alternatives("謎") == 2
    assert tokenizer.encode("謎木", np.array([1, 0])).shape == (2, 3)
    assert tokenizer.encode("").shape == (0, 3)
    with pytest.raises(InputError, match="木 has 1 structures; there is no altern"):
        tokenizer.encode("木", [1])
    with pytest.raises(InputError, match="no alternative -1"):
        tokenizer.encode("木", [-1])
    with pytest.raises(InputError, match="2 characters and 1 alternatives"):
        tokenizer.encode("木木", [0])
    with pytest.raises(InputError, match="do not contain the character '林'"):
        tokenizer.encode("林")
    with pytest.raises(InputError, match="do not contain the character '林'"):
        tokenizer.alternatives("林")


def test_decoding_checks_ids():
    tokenizer = StructureTokenizer({"木": (("木",),)})
    assert tokenizer.decode([2, 4, 3, 0]) == ("木",)
    for token_id in (5, -1):
        with pytest.raises(InputError, match=f"id {token_id} is outside the vocab"):
            tokenizer.decode([token_id])


def test_a_bad_vocabulary_or_length_is_an_error():
    table = {"好": (("⿰", "女", "子"),)}
    with pytest.raises(InputError, match="takes 5 tokens .* are 4 long"):
        StructureTokenizer(table, length=4)
    with pytest.raises(InputError, match="its first tokens must be"):
        StructureTokenizer(table, vocabulary=("女", "子", "⿰", "口"))
    with pytest.raises(InputError, match="lists a token twice"):
        StructureTokenizer(
            table, vocabulary=("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"女女")
        )
