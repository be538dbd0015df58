"""Conditions: the input that determines which character a generator writes."""

import keras
import numpy as np
from keras import layers, ops

from hwgen_keras.characters.domain import Domain, class_names
from hwgen_keras.errors import InputError
from hwgen_keras.layers.checks import check_ids
from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.embedding import Embedding
from hwgen_keras.layers.frozen import freeze
from hwgen_keras.layers.initial import dense


class Condition(ConfigFromSignature, layers.Layer):
    """The base class of the conditions of a generator on a character.

    A subclass defines how a character becomes inputs (`encode`, for one character) and
    how inputs become an embedding (`embed`, for a batch). Linear, GELU and Linear turn
    the embedding into the condition vector. A row whose `drop_condition` is true gets a
    learned null vector in place of its embedding. The mask comes with the data, so a
    resumed run repeats it exactly.

    Args:
        width: length of the condition vector.
        embedding_width: length of the vectors of `embed`; a subclass passes its own
            from its `__init__` if it is not 1.

    Attributes:
        short_name: the name in modes and flags: "clip" in `adain_clip`.
        input_names: names of the inputs that `encode` returns and `embed` reads.
        needs: the knowledge of a character that `encode` needs: "class" (its position
            in the training's `CharacterSet`), "structure", or None.

    Example:
        >>> import keras
        >>> @keras.saving.register_keras_serializable("example")
        ... class CodePoint(hw.Condition):
        ...     short_name, input_names = "code_point", ("code_point",)
        ...
        ...     @classmethod
        ...     def encode(cls, character, knowledge):
        ...         return {"code_point": np.float32([[ord(character) / 65536]])}
        ...
        ...     def example(self, count, rng):
        ...         return {"code_point": rng.random((count, 1), "float32")}
        ...
        ...     def embed(self, inputs):
        ...         return inputs["code_point"]
        >>> generator = hw.AdaINGenerator(
        ...     width=8, multipliers=(1, 2), condition=CodePoint(width=32)
        ... )
        >>> generator.mode, generator.input_names
        ('adain_code_point', ('content', 'style', 'code_point'))
    """

    short_name: str
    input_names: tuple[str, ...] = ()
    needs: str | None = None

    def __init__(self, width, embedding_width=1, **kwargs):
        super().__init__(**kwargs)
        self.width, self.embedding_width = width, embedding_width
        policy, gelu = self.dtype_policy, keras.activations.gelu
        self.hidden = dense(width, activation=gelu, dtype=policy, name="hidden")
        self.output_layer = dense(width, dtype=policy, name="output")

    @classmethod
    def create(cls, width, *, knowledge, text_tower, dtype):
        """A new condition for the training of a generator.

        Args:
            width: channels of the generator's first level.
            knowledge: see `encode`.
            text_tower: function without arguments that returns the `TextTower` of the
                training's CLIP.
            dtype: name of a dtype policy.
        """
        return cls(4 * width, dtype=dtype)

    @classmethod
    def encode(cls, character, knowledge):
        """The inputs of a character, in each of its alternative forms.

        Args:
            character: a string of one character.
            knowledge: has the training's `characters`, a `CharacterSet`, and a
                `tokenizer`, a `StructureTokenizer`.

        Returns:
            {input name: array (alternatives, ...)}; training draws an alternative for
            each row, all else uses the first.

        Raises:
            InputError: the character is not known.
        """
        raise NotImplementedError

    @classmethod
    def known(cls, knowledge):
        """The characters that `encode` accepts: a container, or None for all.

        Args:
            knowledge: see `encode`.
        """
        if cls.needs == "structure":
            return knowledge.tokenizer.structures
        return knowledge.characters if cls.needs == "class" else None

    @classmethod
    def encode_text(cls, characters, knowledge):
        """The inputs of several characters, the first alternative of each.

        Args:
            characters: n characters, 1 or more.
            knowledge: see `encode`.

        Returns:
            {input name: array (n, ...)}.

        Raises:
            InputError: characters are not known; the sentence names them.
        """
        known = cls.known(knowledge)
        if known is None:
            known = characters
        unknown = [c for c in dict.fromkeys(characters) if c not in known]
        if unknown:
            names = "、".join(map(str, unknown[:10]))
            more = " and others" if unknown[10:] else ""
            raise InputError(
                f"The characters {names}{more} have no {cls.needs}; leave them out."
            )
        rows = [cls.encode(character, knowledge) for character in characters]
        return {
            name: np.stack([row[name][0] for row in rows]) for name in cls.input_names
        }

    @classmethod
    def check(cls, knowledge, name, trained):
        """Raises InputError unless inputs are encoded as in the training.

        Args:
            knowledge: see `encode`.
            name: the model, or the flag that names it, in the sentence of the error.
            trained: the `domain` of the trained condition.

        Raises:
            InputError: the knowledge is of another domain.
        """
        remedy = "give the characters and structures of its training"
        trained.check(cls.domain_of(knowledge), name, remedy)

    @property
    def domain(self):
        """The `Domain` of the inputs that fit the weights."""
        return Domain()

    @classmethod
    def domain_of(cls, knowledge):
        """The `domain` of a new condition with this knowledge.

        Args:
            knowledge: see `encode`.
        """
        return Domain()

    def example(self, count, rng):
        """Random inputs, which declare and check the signature of an export.

        Args:
            count: number of rows.
            rng: a NumPy generator.

        Returns:
            {input name: array (count, ...)}, of the dtypes of `encode`.
        """
        raise NotImplementedError

    def check_inputs(self, inputs):
        """Checks the inputs of a call of a generator; this one accepts all.

        Args:
            inputs: those of a call, with all of `input_names`.

        Raises:
            InputError: one has another shape or type than `encode` gives it, or a NumPy
                array has another range.
        """

    def embed(self, inputs):
        """The embedding, (batch, embedding width), before the null vector.

        Args:
            inputs: those of a call.
        """
        raise NotImplementedError

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


def example_tokens(encoder, count, rng):
    """Random token ids (count, length), int32, for a text encoder."""
    ids = rng.integers(1, encoder.vocabulary_size, (count, encoder.length))
    # [PAD] fills a short structure.
    ids[:, encoder.length // 2 :] = 0
    return ids.astype("int32")


@keras.saving.register_keras_serializable("hwgen_keras")
class EmbeddingCondition(Condition):
    """A learned vector for each class ("AdaIN with MLP").

    Args:
        classes: number of classes.
        width: length of the condition vector.
        embedding_width: length of a class's vector.
        characters: string or sequence of the characters of the classes, in their
            order; None if they are not known.

    Input: a dict with `label` (batch,), int class ids, and optionally
    `drop_condition` (batch,), bool. Output: (batch, width).

    Example:
        >>> condition = hw.EmbeddingCondition(classes=46, width=16, embedding_width=8)
        >>> tuple(condition({"label": np.array([0, 45])}).shape)
        (2, 16)
    """

    short_name, input_names, needs = "embedding", ("label",), "class"

    def __init__(self, classes, width, embedding_width, characters=None, **kwargs):
        super().__init__(width, embedding_width, **kwargs)
        self.characters = class_names(characters, classes)
        self.classes = classes
        # The scale of the null vector, and of PyTorch's default as published.
        initializer = keras.initializers.RandomNormal(stddev=1.0)
        arguments = {"dtype": self.dtype_policy, "name": "embedding"}
        self.embedding = Embedding(classes, embedding_width, initializer, **arguments)

    def build(self, input_shape=None):
        super().build(input_shape)
        self.embedding.build((None,))

    @classmethod
    def create(cls, width, *, knowledge, text_tower, dtype):
        characters = knowledge.characters
        return cls(len(characters), 4 * width, width, characters, dtype=dtype)

    @classmethod
    def encode(cls, character, knowledge):
        return {"label": np.array([knowledge.characters.index(character)], "int32")}

    @property
    def domain(self):
        return Domain.of_characters(self.characters, self.classes)

    @classmethod
    def domain_of(cls, knowledge):
        return Domain.of_characters(knowledge.characters)

    def example(self, count, rng):
        return {"label": rng.integers(0, self.classes, count).astype("int32")}

    def check_inputs(self, inputs):
        check_ids(inputs["label"], "label", self.classes)

    def embed(self, inputs):
        return self.embedding(inputs["label"])


@keras.saving.register_keras_serializable("hwgen_keras")
class CLIPCondition(Condition):
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

    short_name, input_names, needs = "clip", ("tokens",), "structure"

    def __init__(self, text_tower, width, **kwargs):
        super().__init__(width, text_tower.width, **kwargs)
        self.text_tower = text_tower
        freeze(text_tower)

    @classmethod
    def create(cls, width, *, knowledge, text_tower, dtype):
        return cls(text_tower(), 4 * width, dtype=dtype)

    @classmethod
    def encode(cls, character, knowledge):
        return {"tokens": knowledge.tokenizer.encode_alternatives(character)}

    @property
    def domain(self):
        return Domain.of_tokens(self.text_tower.encoder)

    @classmethod
    def domain_of(cls, knowledge):
        return Domain.of_tokens(knowledge.tokenizer)

    def example(self, count, rng):
        return {"tokens": example_tokens(self.text_tower.encoder, count, rng)}

    def check_inputs(self, inputs):
        encoder = self.text_tower.encoder
        check_ids(inputs["tokens"], "tokens", encoder.vocabulary_size, encoder.length)

    def embed(self, inputs):
        return self.text_tower(inputs["tokens"], training=False)
