"""Gradients and train step for TensorFlow."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from hwgen_keras.errors import InputError


def vjp(function, inputs=(), variables=(), state=()):
    """See `hwgen_keras.backend`. TensorFlow keeps state itself: `state` is unused."""
    # Zeros for an unconnected variable are made from TensorFlow's own dtype.
    inputs, variables = list(inputs), [v.value for v in variables]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        outputs = function(*inputs)

    def pullback(cotangents, inputs=bool(inputs), variables=bool(variables)):
        sources = (wanted_inputs if inputs else []) + (
            wanted_variables if variables else []
        )
        gradients = tape.gradient(
            outputs,
            sources,
            output_gradients=[
                tf.cast(c, o.dtype) for c, o in zip(cotangents, outputs, strict=True)
            ],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        split = len(wanted_inputs) if inputs else 0
        return gradients[:split], gradients[split:]

    wanted_inputs, wanted_variables = inputs, variables
    return outputs, pullback


class StatefulTrainer:
    """Turns `update(data)` into TensorFlow's `train_step`."""

    # Of the keras.Model that it is mixed into.
    update: Callable
    get_metrics_result: Callable
    optimizer: Any
    trainable_variables: list

    def train_step(self, data):
        gradients = self.update(data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # The model is built. Keras would add up the rows of all replicas to learn
        # their shapes, and truth values cannot be added.
        pass


def data_parallel():
    """See `hwgen_keras.backend`.

    Raises:
        InputError: TF_CONFIG tells of other machines.
    """
    cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver().cluster_spec()
    if sum(len(tasks) for tasks in cluster.as_dict().values()) > 1:
        raise InputError(
            "TF_CONFIG names several machines and TensorFlow trains on one here; unset "
            "it, or use KERAS_BACKEND=jax (docs/how-to/distributed.md)."
        )
    if device_count() == 1:
        return contextlib.nullcontext()
    return _strategy().scope()


@functools.cache
def _strategy():
    # Once a process: what one training has made, the next may go on with.
    return tf.distribute.MirroredStrategy([device.name for device in _devices()])


def _devices():
    return tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices(
        "CPU"
    )


def device_count():
    """See `hwgen_keras.backend`."""
    return len(_devices())


def process():
    """See `hwgen_keras.backend`. A MirroredStrategy lives in one process."""
    return 0, 1


def replica_count():
    """See `hwgen_keras.backend`."""
    replica = tf.distribute.get_replica_context()
    return 1 if replica is None else replica.num_replicas_in_sync


def gather_rows(x):
    """See `hwgen_keras.backend`."""
    if replica_count() == 1:
        return x
    return tf.distribute.get_replica_context().all_gather(x, axis=0)


def sum_over_replicas(x):
    """See `hwgen_keras.backend`."""
    if replica_count() == 1:
        return x
    return tf.distribute.get_replica_context().all_reduce("SUM", x)


def synchronize_batch_norm(model):
    """See `hwgen_keras.backend`."""
    if not tf.distribute.has_strategy():
        return
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            # Not an argument of the layer: a model saved with it loads nowhere else.
            layer.synchronized = True
