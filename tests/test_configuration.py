"""Configurations that come from the signature of a constructor."""

import keras
import pytest
from keras import layers

from hwgen_keras.layers import ConfigFromSignature, FullAttention, GroupNorm


@keras.saving.register_keras_serializable("tests")
class Composite(ConfigFromSignature, layers.Layer):
    """A layer with each kind of argument."""

    def __init__(self, inner, parts=(), text="", dropout=0.0, head=None, **kwargs):
        super().__init__(**kwargs)
        self.inner, self.parts, self.text = inner, list(parts), text
        self.dropout_rate, self.head = dropout, head
        self.dropout = layers.Dropout(dropout)


@pytest.fixture
def copy():
    # The text is a name that Keras knows, and stays a text.
    layer = Composite(
        GroupNorm(8, groups=2),
        parts=[FullAttention(8, heads=2), GroupNorm(16)],
        text="tests>Composite",
        dropout=0.25,
        head={"width": 4},
        dtype="mixed_float16",
        name="own",
    )
    config = keras.saving.serialize_keras_object(layer)
    copy = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(copy) == config
    return copy


def test_plain_arguments(copy):
    assert (copy.text, copy.dropout_rate) == ("tests>Composite", 0.25)
    assert (copy.head, copy.name) == ({"width": 4}, "own")
    assert copy.dtype_policy.name == "mixed_float16"


def test_layers_among_the_arguments(copy):
    assert copy.inner.groups == 2
    attention, norm = copy.parts
    assert isinstance(attention, FullAttention) and attention.heads == 2
    assert isinstance(norm, GroupNorm) and norm.width == 16
