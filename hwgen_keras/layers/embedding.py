"""A table of vectors."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("hwgen_keras")
class Embedding(layers.Embedding):
    """`keras.layers.Embedding` with the same Adam steps on every backend.

    On TensorFlow the gradient of a lookup is a list of rows. Keras's Adam adds up the
    squares of a row that occurs twice instead of squaring the sum. Here the rows are
    added up first.

    Args: those of `keras.layers.Embedding`. Input: ids, int. Output: their vectors.
    """

    def call(self, inputs):
        # The gradient of a reshaped table is a whole table.
        table = ops.reshape(self.embeddings, (self.input_dim, self.output_dim))
        vectors = ops.take(table, ops.cast(inputs, "int32"), axis=0)
        return ops.cast(vectors, self.compute_dtype)
