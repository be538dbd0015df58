"""Attention over the positions of a feature map, linear and full."""

import keras
from keras import layers, ops

from hwgen_keras.layers.configuration import ConfigFromSignature
from hwgen_keras.layers.initial import convolution, dense


class _Attention(ConfigFromSignature, layers.Layer):
    def __init__(self, width, heads=4, head_width=32, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads, self.head_width = width, heads, head_width
        inner, policy = heads * head_width, self.dtype_policy
        self.norm = layers.RMSNormalization(dtype=policy, name="norm")
        self.to_qkv = convolution(
            3 * inner, 1, use_bias=False, dtype=policy, name="to_qkv"
        )
        self.to_out = convolution(width, 1, dtype=policy, name="to_out")

    def build(self, input_shape):
        self.norm.build((None, None, None, self.width))
        self.to_qkv.build((None, None, None, self.width))
        self.to_out.build((None, None, None, self.heads * self.head_width))

    def call(self, features):
        shape = ops.shape(features)
        qkv = ops.reshape(
            self.to_qkv(self.norm(features)),
            (shape[0], shape[1] * shape[2], 3 * self.heads, self.head_width),
        )
        # One transposition here is cheaper than those inside several einsums.
        query, key, value = ops.split(ops.transpose(qkv, (0, 2, 1, 3)), 3, axis=1)
        attended = ops.transpose(self.attend(query, key, value), (0, 2, 1, 3))
        attended = ops.reshape(
            attended, (shape[0], shape[1], shape[2], self.heads * self.head_width)
        )
        return features + self.project(attended)

    def project(self, attended):
        return self.to_out(attended)


def softmax_attention(query, key, value, bias=None):
    """Attention of each query to all keys; `bias` is added to the scores."""
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
    scores = scores * query.shape[-1] ** -0.5
    if bias is not None:
        scores = scores + bias
    # Keras warns of a softmax of one number, which is 1.
    one = key.shape[2] == 1
    shares = ops.ones_like(scores) if one else ops.softmax(scores, axis=-1)
    return ops.matmul(shares, value)


@keras.saving.register_keras_serializable("hwgen_keras")
class FullAttention(_Attention):
    """Softmax attention between all positions, with a residual connection.

    Its cost grows with the square of the number of positions.

    Args:
        width: number of channels of the input and of the output.
        heads: number of attention heads.
        head_width: channels of one head.

    Input and output: (batch, height, width, channels).

    Reference: Vaswani et al., Attention Is All You Need, 2017.
    """

    def attend(self, query, key, value):
        return softmax_attention(query, key, value)


@keras.saving.register_keras_serializable("hwgen_keras")
class LinearAttention(_Attention):
    """Attention of linear cost in the number of positions, with a residual connection.

    The query is a softmax over the features of a head and the key a softmax over the
    positions, so that one sum of keys and values serves all positions.

    Args, input and output: see `FullAttention`.

    Reference: Shen et al., Efficient Attention: Attention with Linear Complexities,
    2021.
    """

    def __init__(self, width, heads=4, head_width=32, **kwargs):
        super().__init__(width, heads, head_width, **kwargs)
        self.out_norm = layers.RMSNormalization(
            dtype=self.dtype_policy, name="out_norm"
        )

    def build(self, input_shape):
        super().build(input_shape)
        self.out_norm.build((None, None, None, self.width))

    def attend(self, query, key, value):
        query = ops.softmax(query, axis=-1) * self.head_width**-0.5
        # A softmax over positions, divided by its sum only after the first product.
        key = ops.exp(key - ops.stop_gradient(ops.max(key, axis=2, keepdims=True)))
        context = ops.matmul(ops.transpose(key, (0, 1, 3, 2)), value)
        return ops.matmul(query, context / ops.sum(key, axis=2)[..., None])

    def project(self, attended):
        return self.out_norm(self.to_out(attended))


@keras.saving.register_keras_serializable("hwgen_keras")
class CrossAttention(ConfigFromSignature, layers.Layer):
    """Softmax attention of all positions to a context, with a residual connection.

    Args: see `FullAttention`.

    Call arguments:
        features: (batch, height, width, channels).
        context: (batch, positions, any number of channels).
        shares: (batch, positions), optional: weight of each position, 0 or more, not
            all 0. None: equal weights.

    Output: as `features`.

    Reference: Vaswani et al., 2017; Rombach et al., Latent Diffusion, 2022, section
    3.3.
    """

    def __init__(self, width, heads=4, head_width=32, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads, self.head_width = width, heads, head_width
        policy = self.dtype_policy
        self.norm = layers.RMSNormalization(dtype=policy, name="norm")
        self.context_norm = layers.RMSNormalization(dtype=policy, name="context_norm")

        def linear(width, name):
            return dense(width, use_bias=False, dtype=policy, name=name)

        self.to_query = linear(heads * head_width, "to_query")
        self.to_key_value = linear(2 * heads * head_width, "to_key_value")
        self.to_out = linear(width, "to_out")

    def build(self, features_shape, context_shape, shares_shape=None):
        self.norm.build((None, None, self.width))
        self.context_norm.build(context_shape)
        self.to_query.build((None, None, self.width))
        self.to_key_value.build(context_shape)
        self.to_out.build((None, None, self.heads * self.head_width))

    def call(self, features, context, shares=None):
        shape = ops.shape(features)
        positions = ops.reshape(features, (shape[0], -1, self.width))
        query = self._heads(self.to_query(self.norm(positions)))
        key_value = self.to_key_value(self.context_norm(ops.cast(context, query.dtype)))
        key, value = (self._heads(x) for x in ops.split(key_value, 2, axis=-1))
        bias = None
        if shares is not None:
            # Added to the scores, the logarithm of a share multiplies the weight.
            bias = ops.log(ops.cast(shares, "float32"))[:, None, None, :]
            bias = ops.cast(bias, query.dtype)
        attended = softmax_attention(query, key, value, bias)
        attended = ops.transpose(attended, (0, 2, 1, 3))
        attended = ops.reshape(attended, (shape[0], -1, self.heads * self.head_width))
        return features + ops.reshape(self.to_out(attended), shape)

    def _heads(self, x):
        """(batch, positions, channels) → (batch, heads, positions, head_width)."""
        x = ops.reshape(x, (ops.shape(x)[0], -1, self.heads, self.head_width))
        return ops.transpose(x, (0, 2, 1, 3))
