"""python benchmarks/linear_attention.py

Linear attention as two einsums on (batch, position, head, channel), the way it is
usually written, against the package's, which transposes once and divides by the sum of
the keys after summing. Forward and backward on the backend in use; prints the ratio.
"""

from keras import ops
from timing import compare

from hwgen_keras.layers import LinearAttention


class WithEinsums(LinearAttention):
    """The same function, written with einsums."""

    def call(self, features):
        batch, height, width, _ = ops.shape(features)
        shape = (batch, height * width, 3, self.heads, self.head_width)
        qkv = ops.reshape(self.to_qkv(self.norm(features)), shape)
        query = ops.softmax(qkv[:, :, 0], axis=-1) * self.head_width**-0.5
        key = ops.softmax(qkv[:, :, 1], axis=1)
        context = ops.einsum("bnhd,bnhe->bhde", key, qkv[:, :, 2])
        attended = ops.einsum("bhde,bnhd->bnhe", context, query)
        return features + self.project(
            ops.reshape(attended, (batch, height, width, -1))
        )


if __name__ == "__main__":
    compare(__doc__, WithEinsums, LinearAttention, width=24)
