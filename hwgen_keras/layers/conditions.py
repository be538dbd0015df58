"""What tells the generator which character it writes."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.embedding import Embedding
from hwgen_keras.layers.frozen import freeze
from hwgen_keras.layers.initial import fan_in_uniform


class _Condition(ConfigFromSignature, layers.Layer):
    """Linear, GELU, Linear of an embedding that a null vector can replace.

    The null vector is learned. A row whose `drop_condition` is true gets it: the
    mask comes with the data, so that a resumed run repeats it exactly.
    """

    def __init__(self, width, embedding_width, **kwargs):
        super().__init__(**kwargs)
        self.width, self.embedding_width = width, embedding_width
        policy = self.dtype_policy
        self.hidden = layers.Dense(
            width,
            activation=keras.activations.gelu,
            dtype=policy,
            name="hidden",
            kernel_initializer=fan_in_uniform(),
        )
        self.output_layer = layers.Dense(
            width, dtype=policy, name="output", kernel_initializer=fan_in_uniform()
        )

    def build(self, input_shape=None):
        self.null_vector = self.add_weight(
            shape=(self.embedding_width,),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=0),
            name="null_vector",
        )
        self.hidden.build((None, self.embedding_width))
        self.output_layer.build((None, self.width))

    def call(self, inputs):
        embedding = ops.cast(self.embed(inputs), self.compute_dtype)
        if "drop_condition" in inputs:
            null = ops.cast(self.null_vector, self.compute_dtype)
            drop = ops.cast(inputs["drop_condition"], "bool")[:, None]
            embedding = ops.where(drop, null[None], embedding)
        return self.output_layer(self.hidden(embedding))


@keras.saving.register_keras_serializable("hwgen_keras")
class EmbeddingCondition(_Condition):
    """A learned vector for each class ("AdaIN with MLP").

    Args:
        classes: number of classes.
        width: length of the condition vector.
        embedding_width: length of a class's vector.

    Input: a dict with `label` (batch,), int class ids, and optionally
    `drop_condition` (batch,), bool. Output: (batch, width).

    Example:
        >>> condition = hw.EmbeddingCondition(classes=46, width=16, embedding_width=8)
        >>> tuple(condition({"label": np.array([0, 45])}).shape)
        (2, 16)
    """

    input_names = ("label",)

    def __init__(self, classes, width, embedding_width, **kwargs):
        super().__init__(width, embedding_width, **kwargs)
        self.classes = classes
        # As long as the null vector, and as PyTorch's default, the published one's.
        initializer = keras.initializers.RandomNormal(stddev=1.0)
        self.embedding = Embedding(
            classes,
            embedding_width,
            initializer,
            dtype=self.dtype_policy,
            name="embedding",
        )

    def build(self, input_shape=None):
        super().build(input_shape)
        self.embedding.build((None,))

    def embed(self, inputs):
        """Before the null vector: the vectors of the labels, (batch, embedding width).

        Args:
            inputs: what a call takes.
        """
        return self.embedding(inputs["label"])


@keras.saving.register_keras_serializable("hwgen_keras")
class CLIPCondition(_Condition):
    """The frozen CLIP text embedding of the character's structure.

    Args:
        text_tower: a `TextTower`, the text half of a trained `CLIP`. It is frozen.
        width: length of the condition vector.

    Input: a dict with `tokens` (batch, length), int ids of the structure, and
    optionally `drop_condition` (batch,), bool. Output: (batch, width).

    Example:
        >>> encoder = hw.TextEncoder(
        ...     vocabulary_size=9, length=6, width=8, depth=1, heads=2
        ... )
        >>> condition = hw.CLIPCondition(hw.TextTower(encoder, width=8), width=16)
        >>> tuple(condition({"tokens": np.array([[2, 4, 5, 3, 0, 0]])}).shape)
        (1, 16)
    """

    input_names = ("tokens",)

    def __init__(self, text_tower, width, **kwargs):
        super().__init__(width, text_tower.width, **kwargs)
        self.text_tower = text_tower
        freeze(text_tower)

    def embed(self, inputs):
        """Before the null vector: the embeddings of tokens, (batch, embedding width).

        Args:
            inputs: what a call takes.
        """
        return self.text_tower(inputs["tokens"], training=False)
