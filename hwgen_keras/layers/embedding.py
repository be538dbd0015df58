"""A table of vectors."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("hwgen_keras")
class Embedding(layers.Embedding):
    """`keras.layers.Embedding` that Adam trains alike on every backend.

    On TensorFlow the gradient of a lookup is a list of rows, and Keras's Adam takes a
    row that was looked up twice for two steps, with the square of each in place of the
    square of their sum. Here the rows are added up first.

    Args: those of `keras.layers.Embedding`. Input: ids, int. Output: a vector for each.
    """

    def call(self, inputs):
        # The gradient of a reshaped table is a whole table.
        table = ops.reshape(self.embeddings, (self.input_dim, self.output_dim))
        vectors = ops.take(table, ops.cast(inputs, "int32"), axis=0)
        return ops.cast(vectors, self.compute_dtype)
