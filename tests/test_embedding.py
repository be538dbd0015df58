"""Embeddings whose ids occur more than once in a batch."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import JIT

from hwgen_keras.layers import Embedding

# Row 0 is never looked up, row 1 three times.
IDS = np.array([[1, 1, 2], [1, 3, 3]], "int32")
RATE, BETA_1, BETA_2 = 0.1, 0.5, 0.9


def test_adam_takes_one_step_with_the_sum_of_a_rows_gradients():
    table = np.arange(1.0, 9.0).reshape(4, 2).astype("float32")
    inputs = keras.Input((3,), dtype="int32")
    layer = Embedding(4, 2)
    model = keras.Model(inputs, ops.sum(layer(inputs), axis=1))
    model.compile(
        keras.optimizers.Adam(RATE, BETA_1, BETA_2), loss="mse", jit_compile=JIT
    )
    layer.set_weights([table])
    goal = np.array([[3.0, -1.0], [0.5, 2.0]], "float32")

    first, second, expected = 0, 0, table.astype("float64")
    for step in (1, 2):
        model.fit(IDS, goal, batch_size=2, verbose=0)
        error = expected[IDS].sum(axis=1) - goal
        gradient = np.zeros((4, 2))
        # The mean of four squares.
        np.add.at(gradient, IDS, np.repeat(2 * error[:, None] / 4, 3, axis=1))
        first = BETA_1 * first + (1 - BETA_1) * gradient
        second = BETA_2 * second + (1 - BETA_2) * gradient**2
        mean = first / (1 - BETA_1**step)
        deviation = np.sqrt(second / (1 - BETA_2**step))
        expected = expected - RATE * mean / (deviation + 1e-7)
    np.testing.assert_allclose(layer.get_weights()[0], expected, rtol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_looks_up_as_keras_does(policy):
    outputs = []
    for kind in (Embedding, keras.layers.Embedding):
        layer = kind(4, 2, dtype=policy)
        layer.build()
        layer.set_weights([np.arange(8.0).reshape(4, 2)])
        outputs.append(layer(IDS))
    vectors, expected = outputs
    assert vectors.dtype == expected.dtype
    assert vectors.shape == (2, 3, 2)
    np.testing.assert_array_equal(
        *(ops.convert_to_numpy(ops.cast(x, "float32")) for x in (vectors, expected))
    )
