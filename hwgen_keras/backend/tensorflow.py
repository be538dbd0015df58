"""Gradients and train step for TensorFlow."""

import contextlib
import functools

import keras
import tensorflow as tf

from hwgen_keras.backend.shared import ModelAttributes
from hwgen_keras.errors import InputError


def vjp(function, inputs=(), variables=(), state=()):
    """See `hwgen_keras.backend`; TensorFlow keeps state itself, `state` is unused."""
    # TensorFlow's own variables, whose dtype the zeros of unconnected ones need.
    leaves, parameters = list(inputs), [v.value for v in variables]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(leaves)
        outputs = function(*leaves)

    def pullback(cotangents, inputs=bool(leaves), variables=bool(parameters)):
        sources = (leaves if inputs else []) + (parameters if variables else [])
        gradients = tape.gradient(
            outputs,
            sources,
            output_gradients=[
                tf.cast(c, o.dtype) for c, o in zip(cotangents, outputs, strict=True)
            ],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        split = len(leaves) if inputs else 0
        return gradients[:split], gradients[split:]

    return outputs, pullback


class StatefulTrainer(ModelAttributes):
    """Turns `update(data)` into TensorFlow's `train_step`."""

    def train_step(self, data):
        gradients = self.update(data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # The model is built. To find shapes, Keras would sum the rows of all replicas,
        # which fails for booleans.
        pass


def data_parallel():
    """See `hwgen_keras.backend`.

    Raises:
        InputError: TF_CONFIG names several machines.
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
    # Once per process, so that the next training can continue with the same model.
    return tf.distribute.MirroredStrategy([device.name for device in _devices()])


def _devices():
    devices = tf.config.list_logical_devices
    return devices("GPU") or devices("CPU")


def device_count():
    """See `hwgen_keras.backend`."""
    return len(_devices())


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
            # Not as an argument, with which a saved model would load nowhere else.
            layer.synchronized = True


def device_kind():
    """See `hwgen_keras.backend`."""
    for device in tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(device)["device_name"]
    return "cpu"
