"""A transformer block whose features a vector modulates."""

import keras
from keras import layers, ops

from hwgen_keras.layers.attention import softmax_attention
from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import dense


@keras.saving.register_keras_serializable("hwgen_keras")
class ModulatedBlock(ConfigFromSignature, layers.Layer):
    """Self-attention, attention to a context, and two dense layers, each added.

    A vector scales and shifts the normalised features before self-attention and dense
    layers, and scales what these two add. It begins with adding nothing.

    Args:
        width: channels of the tokens, a multiple of `heads`.
        heads: number of attention heads.
        expansion: width of the hidden dense layer, as a multiple of `width`.

    Call arguments:
        tokens: (batch, n, width).
        vector: (batch, width).
        context: result of `keys_and_values`.
        bias: (batch, 1, 1, n), is added to the scores of self-attention.
        context_bias: (batch, 1, 1, m), of attention to the context.

    Output: as `tokens`.

    Reference: Peebles and Xie, Scalable Diffusion Models with Transformers, 2023.
    """

    def __init__(self, width, heads=4, expansion=4, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads, self.expansion = width, heads, expansion
        policy = self.dtype_policy

        def norm(name):
            return layers.LayerNormalization(
                center=False, scale=False, epsilon=1e-6, dtype=policy, name=name
            )

        def linear(width, name, **arguments):
            return dense(width, dtype=policy, name=name, **arguments)

        self.norm_1, self.norm_2, self.norm_3 = map(
            norm, ("norm_1", "norm_2", "norm_3")
        )
        self.modulation = layers.Dense(
            6 * width, kernel_initializer="zeros", dtype=policy, name="modulation"
        )
        self.to_qkv = linear(3 * width, "to_qkv", use_bias=False)
        self.to_out = linear(width, "to_out")
        self.to_query = linear(width, "to_query", use_bias=False)
        self.to_key_value = linear(2 * width, "to_key_value", use_bias=False)
        self.to_cross_out = linear(width, "to_cross_out")
        self.hidden = linear(
            expansion * width, "hidden", activation=keras.activations.silu
        )
        self.output_layer = linear(width, "output")

    def build(self, input_shape=None):
        tokens = (None, None, self.width)
        for layer in (self.norm_1, self.norm_2, self.norm_3):
            layer.build(tokens)
        self.modulation.build((None, self.width))
        for layer in (
            *(self.to_qkv, self.to_out, self.to_query, self.to_key_value),
            *(self.to_cross_out, self.hidden),
        ):
            layer.build(tokens)
        self.output_layer.build((None, None, self.expansion * self.width))

    def keys_and_values(self, context):
        """The keys and values of a context, for any number of calls.

        Args:
            context: (batch, m, width).

        Returns:
            Two tensors (batch, heads, m, width / heads).
        """
        return self._heads(self.to_key_value(context), 2)

    def call(self, tokens, vector, context, bias, context_bias):
        vector = self.modulation(keras.activations.silu(vector))[:, None]
        parts = ops.split(vector, 6, axis=-1)
        shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = parts
        hidden = self.norm_1(tokens) * (1 + scale_1) + shift_1
        query, key, value = self._heads(self.to_qkv(hidden), 3)
        attended = self._attend(query, key, value, bias)
        tokens = tokens + gate_1 * self.to_out(attended)
        (query,) = self._heads(self.to_query(self.norm_2(tokens)), 1)
        key, value = context
        attended = self._attend(query, key, value, context_bias)
        tokens = tokens + self.to_cross_out(attended)
        hidden = self.norm_3(tokens) * (1 + scale_2) + shift_2
        return tokens + gate_2 * self.output_layer(self.hidden(hidden))

    def _heads(self, x, parts):
        """(batch, n, parts · width) → `parts` of (batch, heads, n, width / heads)."""
        shape = (ops.shape(x)[0], -1, parts * self.heads, self.width // self.heads)
        return ops.split(ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3)), parts, 1)

    def _attend(self, query, key, value, bias):
        attended = softmax_attention(query, key, value, ops.cast(bias, query.dtype))
        attended = ops.transpose(attended, (0, 2, 1, 3))
        return ops.reshape(attended, (ops.shape(attended)[0], -1, self.width))
