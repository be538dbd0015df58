"""Two layers that compute the same, timed side by side."""

import argparse
import time

import keras
import numpy as np
from keras import ops

from hwgen_keras.backend import vjp


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


def compare(documentation, usual, ours, width):
    """Parses the flags, times both layers, and prints their ratio.

    Args:
        documentation: of the script.
        usual, ours: functions (width) → layer; both have the same weights.
        width: default number of channels.
    """
    parser = argparse.ArgumentParser(description=documentation)
    parser.add_argument("--width", type=int, default=width)
    parser.add_argument("--image_size", type=int, default=48)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    shape = (options.batch_size, options.image_size, options.image_size, options.width)
    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    features = ops.convert_to_tensor(features)
    print(f"{keras.backend.backend()}, features {shape}, float32")
    layers = [make(options.width) for make in (usual, ours)]
    for layer in layers:
        layer.build(shape)
    layers[1].set_weights(layers[0].get_weights())
    results = []
    for layer in layers:
        results.append(seconds(layer, features, options.repeats))
        print(f"{type(layer).__name__:20} {1000 * results[-1]:8.2f} ms")
    print(f"ratio {results[1] / results[0]:.2f}")
