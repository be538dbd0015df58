"""Encoders of CLIP and of the classifiers: images, and structures as text."""

import contextlib

import keras
from keras import layers, ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers import (
    CheckedInputs,
    ConfigFromSignature,
    Embedding,
    layer_seed,
)
from hwgen_keras.layers.checks import check_ids, check_images
from hwgen_keras.models.resnets import ARCHITECTURES, resnet


# The class and the attribute `stages` name groups of weights in saved files.
class _ConvolutionStage(layers.Layer):
    """3x3 convolution of stride 2, then a residual one, each batch-normalised."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        same = {"padding": "same", "use_bias": False, "dtype": policy}
        self.convolution_1 = layers.Conv2D(width, 3, 2, name="convolution_1", **same)
        self.convolution_2 = layers.Conv2D(width, 3, name="convolution_2", **same)
        norm = {"momentum": 0.9, "dtype": policy}
        self.norm_1 = layers.BatchNormalization(name="norm_1", **norm)
        self.norm_2 = layers.BatchNormalization(name="norm_2", **norm)

    def build(self, input_shape):
        inner = (None, None, None, self.width)
        self.convolution_1.build(input_shape)
        self.convolution_2.build(inner)
        self.norm_1.build(inner)
        self.norm_2.build(inner)

    def call(self, features, training=False):
        features = ops.relu(
            self.norm_1(self.convolution_1(features), training=training)
        )
        hidden = self.norm_2(self.convolution_2(features), training=training)
        return ops.relu(features + hidden)


@keras.saving.register_keras_serializable("hwgen_keras")
class ImageEncoder(CheckedInputs, ConfigFromSignature, keras.Model):
    """Encodes an image as a vector and a list of feature maps.

    Args:
        architecture: `"convolutional"` (a small residual network of `widths`),
            `"resnet50"` or `"resnet152"` (`keras.applications`, one channel, no
            pretrained weights), `"resnet50_v1_5"` or `"resnet152_v1_5"` (those of
            torchvision, which halve the image in the 3 x 3 convolutions).
        widths: channels at each resolution of the convolutional architecture, which
            starts at half the resolution of the image.

    Input: images (batch, height, width, 1), float in [-1, 1], at least 32 x 32 for
    the ResNets. Output: (batch, n), float32, the mean of the last map over space.

    Raises:
        InputError: there is no such architecture.

    Example:
        >>> encoder = hw.ImageEncoder(widths=(8, 16))
        >>> tuple(encoder(np.ones((2, 32, 32, 1), "float32")).shape)
        (2, 16)

    Reference: He et al., Deep Residual Learning for Image Recognition, 2016.
    """

    def __init__(
        self, architecture="convolutional", widths=(32, 64, 128, 256), **kwargs
    ):
        super().__init__(**kwargs)
        self.architecture, self.widths = architecture, tuple(widths)
        if architecture == "convolutional":
            self.stages = [
                _ConvolutionStage(width, dtype=self.dtype_policy, name=f"stage_{i}")
                for i, width in enumerate(self.widths)
            ]
        elif architecture in ARCHITECTURES:
            with default_policy(self.dtype_policy):
                self.network = resnet(architecture)
        else:
            raise InputError(
                f"architecture is {architecture!r}; "
                f"it can be convolutional, {', '.join(ARCHITECTURES)}."
            )

    def build(self, input_shape=None):
        if self.architecture == "convolutional":
            channels = 1
            for level in self.stages:
                level.build((None, None, None, channels))
                channels = level.width

    @property
    def output_width(self):
        """Length of the vectors."""
        if self.architecture == "convolutional":
            return self.widths[-1]
        return self.network.outputs[-1].shape[-1]

    def check_inputs(self, inputs):
        """Checks the images of a call, without the range of tensors.

        Args:
            inputs: (batch, height, width, 1).

        Raises:
            InputError: they have another shape, type or range.
        """
        check_images(inputs, "The image")

    def feature_maps(self, images, training=False):
        """The maps at each resolution, a list of (batch, height, width, channels).

        Args:
            images: (batch, height, width, 1), float in [-1, 1].
            training: whether batch normalisation uses the statistics of the batch.
        """
        if self.architecture != "convolutional":
            return self.network(images, training=training)
        maps, features = [], images
        for level in self.stages:
            features = level(features, training=training)
            maps.append(features)
        return maps

    def call(self, images, training=False):
        last = self.feature_maps(images, training=training)[-1]
        return ops.mean(ops.cast(last, "float32"), axis=(1, 2))


@contextlib.contextmanager
def default_policy(policy):
    """Sets the global dtype policy, which the layers of keras.applications read."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class _TransformerLayer(layers.Layer):
    """Self-attention and a feed-forward network, each normalised after its sum."""

    def __init__(self, width, heads, dropout, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        random = {"dropout": dropout, "seed": layer_seed()}
        self.attention = layers.MultiHeadAttention(
            heads, width // heads, **random, dtype=policy, name="attention"
        )
        norm = {"epsilon": 1e-12, "dtype": policy}
        self.norm_1 = layers.LayerNormalization(name="norm_1", **norm)
        self.hidden = layers.Dense(
            4 * width, activation=keras.activations.gelu, dtype=policy, name="hidden"
        )
        self.output_layer = layers.Dense(width, dtype=policy, name="output")
        self.dropout = layers.Dropout(
            dropout, seed=layer_seed(), dtype=policy, name="dropout"
        )
        self.norm_2 = layers.LayerNormalization(name="norm_2", **norm)

    def build(self, input_shape):
        self.attention.build(input_shape, input_shape)
        self.norm_1.build(input_shape)
        self.hidden.build(input_shape)
        self.output_layer.build((*input_shape[:-1], 4 * self.width))
        self.norm_2.build(input_shape)

    def call(self, x, attention_mask=None, training=False):
        attended = self.attention(
            x, x, attention_mask=attention_mask, training=training
        )
        x = self.norm_1(x + self.dropout(attended, training=training))
        hidden = self.output_layer(self.hidden(x))
        return self.norm_2(x + self.dropout(hidden, training=training))


@keras.saving.register_keras_serializable("hwgen_keras")
class TextEncoder(CheckedInputs, ConfigFromSignature, keras.Model):
    """Encodes a structure as the vector of its [CLS] token.

    Args:
        vocabulary_size: number of token ids.
        length: number of positions.
        width: channels; a multiple of `heads`.
        depth: number of transformer layers.
        heads: number of attention heads.
        dropout: rate, in training.
        vocabulary: the tokens in the order of their ids; None if they are not known.
            It is saved with the model, so that its ids are never taken for those of
            another vocabulary.

    Input: token ids (batch, length), int; 0 is padding and the first is [CLS].
    Output: (batch, width), float32.

    Example:
        >>> encoder = hw.TextEncoder(
        ...     vocabulary_size=9, length=6, width=8, depth=1, heads=2
        ... )
        >>> tuple(encoder(np.array([[2, 4, 5, 3, 0, 0]])).shape)
        (1, 8)

    Reference: Devlin et al., BERT, 2019.
    """

    def __init__(
        self,
        vocabulary_size,
        length,
        width=768,
        depth=12,
        heads=12,
        dropout=0.1,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary = None if vocabulary is None else tuple(vocabulary)
        self.vocabulary_size, self.length = vocabulary_size, length
        self.width, self.depth, self.heads = width, depth, heads
        self.dropout_rate = dropout
        policy = self.dtype_policy
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        self.token_embedding = Embedding(
            vocabulary_size, width, initializer, dtype=policy, name="token_embedding"
        )
        self.position_embedding = Embedding(
            length, width, initializer, dtype=policy, name="position_embedding"
        )
        self.norm = layers.LayerNormalization(epsilon=1e-12, dtype=policy, name="norm")
        self.dropout = layers.Dropout(
            dropout, seed=layer_seed(), dtype=policy, name="dropout"
        )
        self.transformer = [
            _TransformerLayer(width, heads, dropout, dtype=policy, name=f"layer_{i}")
            for i in range(depth)
        ]

    @property
    def output_width(self):
        """Length of the vectors."""
        return self.width

    def build(self, input_shape=None):
        shape = (None, self.length, self.width)
        self.token_embedding.build((None, self.length))
        self.position_embedding.build((self.length,))
        self.norm.build(shape)
        for layer in self.transformer:
            layer.build(shape)

    def check_inputs(self, inputs):
        """Checks the tokens of a call, without the range of tensors.

        Args:
            inputs: (batch, length).

        Raises:
            InputError: they have another shape, type or range.
        """
        check_ids(inputs, "tokens", self.vocabulary_size, self.length)

    def call(self, tokens, training=False):
        positions = self.position_embedding(ops.arange(self.length))
        x = self.norm(self.token_embedding(tokens) + positions)
        x = self.dropout(x, training=training)
        # An argument named `mask` would be Keras's own mask, with its own rules.
        attention_mask = ops.not_equal(tokens, 0)[:, None, :]
        for layer in self.transformer:
            x = layer(x, attention_mask=attention_mask, training=training)
        return ops.cast(x[:, 0], "float32")
