"""Attention over the positions of a feature map, linear and full."""

import keras
from keras import layers, ops

from hwgen_keras.layers.initial import fan_in_uniform


class _Attention(layers.Layer):
    def __init__(self, width, heads=4, head_width=32, **kwargs):
        super().__init__(**kwargs)
        self.width, self.heads, self.head_width = width, heads, head_width
        inner = heads * head_width
        policy = self.dtype_policy
        self.norm = layers.RMSNormalization(dtype=policy, name="norm")
        self.to_qkv = layers.Conv2D(
            3 * inner,
            1,
            use_bias=False,
            dtype=policy,
            name="to_qkv",
            kernel_initializer=fan_in_uniform(),
        )
        self.to_out = layers.Conv2D(
            width, 1, dtype=policy, name="to_out", kernel_initializer=fan_in_uniform()
        )

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

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "head_width": self.head_width,
        }


@keras.saving.register_keras_serializable("hwgen_keras")
class FullAttention(_Attention):
    """Softmax attention between all positions, with a residual connection.

    Cost grows with the square of the number of positions: for the bottleneck only.

    Args:
        width: number of channels of the input and of the output.
        heads: number of attention heads.
        head_width: channels of one head.

    Input and output: (batch, height, width, channels).

    Reference: Vaswani et al., Attention Is All You Need, 2017.
    """

    def attend(self, query, key, value):
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        weights = ops.softmax(scores * self.head_width**-0.5, axis=-1)
        return ops.matmul(weights, value)


@keras.saving.register_keras_serializable("hwgen_keras")
class LinearAttention(_Attention):
    """Attention whose cost is linear in the number of positions, residual.

    The query is a softmax over the features of a head and the key a softmax over the
    positions, so that keys and values are summed up once for all positions.

    Args:
        width: number of channels of the input and of the output.
        heads: number of attention heads.
        head_width: channels of one head.

    Input and output: (batch, height, width, channels).

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
        # A softmax over positions whose division waits until positions are summed.
        key = ops.exp(key - ops.stop_gradient(ops.max(key, axis=2, keepdims=True)))
        context = ops.matmul(ops.transpose(key, (0, 1, 3, 2)), value)
        return ops.matmul(query, context / ops.sum(key, axis=2)[..., None])

    def project(self, attended):
        return self.out_norm(self.to_out(attended))
