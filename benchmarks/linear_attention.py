"""python benchmarks/linear_attention.py

Linear attention as two einsums on (batch, position, head, channel), the way it is
usually written, against the package's, which transposes once and divides by the sum of
the keys after summing. Forward and backward on the backend in use; prints the ratio.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

from hwgen_keras.backend import vjp  # noqa: E402
from hwgen_keras.layers import LinearAttention  # noqa: E402


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


def seconds(layer, features, repeats):
    """The median time of a forward and a backward pass."""

    def step(features):
        (output,), pullback = vjp(
            lambda x: [layer(x)], [features], layer.trainable_variables, layer.variables
        )
        return pullback([ops.ones_like(output)])

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        step = tf.function(step)
    elif keras.backend.backend() == "jax":
        import jax

        step = jax.jit(step)
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        inputs, _ = step(features)
        ops.convert_to_numpy(inputs[0])
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--image_size", type=int, default=48)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    shape = (options.batch_size, options.image_size, options.image_size, options.width)
    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    features = ops.convert_to_tensor(features)
    print(f"{keras.backend.backend()}, features {shape}, 4 heads of 32, float32")
    results = {}
    weights = None
    for layer in (WithEinsums(options.width), LinearAttention(options.width)):
        layer.build(shape)
        if weights is not None:
            layer.set_weights(weights)
        weights = layer.get_weights()
        results[type(layer).__name__] = seconds(layer, features, options.repeats)
        print(
            f"{type(layer).__name__:16} {1000 * results[type(layer).__name__]:8.1f} ms"
        )
    ratio = results["LinearAttention"] / results["WithEinsums"]
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
