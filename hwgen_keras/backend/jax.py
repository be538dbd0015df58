"""Gradients and train step for JAX."""

import functools
import os

import jax
import jax.numpy as jnp
import keras
from jax.experimental import multihost_utils
from keras import ops

from hwgen_keras.backend.shared import ModelAttributes
from hwgen_keras.errors import InputError

_INDEX, _COUNT = "KERAS_DISTRIBUTION_PROCESS_ID", "KERAS_DISTRIBUTION_NUM_PROCESSES"


def vjp(function, inputs=(), variables=(), state=()):
    """See `hwgen_keras.backend`; a `StatelessScope` hides the state around it."""
    inputs, variables = list(inputs), list(variables)
    variable_ids = {id(v) for v in variables}
    others = [v for v in state if id(v) not in variable_ids]
    other_values = [v.value for v in others]

    def pure(inputs, values):
        mapping = [
            *zip(variables, values, strict=True),
            *zip(others, other_values, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            outputs = function(*inputs)
        return outputs, [scope.get_current_value(v) for v in others]

    outputs, pull, updates = jax.vjp(
        pure, inputs, [v.value for v in variables], has_aux=True
    )
    for variable, before, after in zip(others, other_values, updates, strict=True):
        if after is not before:
            variable.assign(after)

    def pullback(cotangents, inputs=True, variables=True):
        # Both lists: under jit, unused gradients are not computed.
        return pull(
            [
                jnp.broadcast_to(jnp.asarray(c, o.dtype), o.shape)
                for c, o in zip(cotangents, outputs, strict=True)
            ]
        )

    return outputs, pullback


class StatefulTrainer(ModelAttributes):
    """Turns `update(data)` into JAX's stateless `train_step`."""

    def train_step(self, state, data):
        trainable, non_trainable, optimizer_values, metric_values = state
        variables = (
            self.trainable_variables
            + self.non_trainable_variables
            + self.optimizer.variables
            + self.metrics_variables
        )
        values = [*trainable, *non_trainable, *optimizer_values, *metric_values]
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            gradients = self.update(data)
            logs = self.get_metrics_result()
        trainable, optimizer_values = self.optimizer.stateless_apply(
            optimizer_values, gradients, trainable
        )
        non_trainable = [
            scope.get_current_value(v) for v in self.non_trainable_variables
        ]
        metric_values = [scope.get_current_value(v) for v in self.metrics_variables]
        return logs, (trainable, non_trainable, optimizer_values, metric_values)


def data_parallel():
    """See `hwgen_keras.backend`; connects the processes, if there are several."""
    return _distribution().scope()


@functools.cache
def _distribution():
    # Once per process, so that the next training can continue with the same model.
    if _COUNT in os.environ:
        keras.distribution.initialize()
    return keras.distribution.DataParallel(auto_shard_dataset=False)


def device_count():
    """See `hwgen_keras.backend`; the devices of all processes."""
    return jax.device_count()


def process():
    """See `hwgen_keras.backend`."""
    return jax.process_index(), jax.process_count()


def expected_process():
    """See `hwgen_keras.backend`; InputError if the variables are no such numbers."""
    index, count = os.environ.get(_INDEX, "0"), os.environ.get(_COUNT, "1")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise InputError(
            f"{_INDEX} is {index!r} and {_COUNT} is {count!r}; give the number of this "
            "process, from 0, and the number of processes."
        )
    return int(index), int(count)


def meet():
    """See `hwgen_keras.backend`."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("hwgen_keras")


def in_any_process(flag):
    """See `hwgen_keras.backend`."""
    if jax.process_count() == 1:
        return flag
    return bool(multihost_utils.process_allgather(jnp.asarray(flag)).any())


def fractionally_strided_convolution(x, kernel):
    """See `hwgen_keras.backend.shared`.

    On a CPU XLA multiplies by the zeros between the pixels of a transposed convolution.
    Here one convolution computes the four kinds of output pixels as channels, which are
    then interleaved.
    """
    batch, height, width, _ = x.shape
    filters = kernel.shape[-1]
    kernels = jnp.concatenate(
        [kernel[i::2, j::2] for i in range(2) for j in range(2)], axis=-1
    )
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = ops.conv(x, kernels, padding="valid")
    y = y.reshape(batch, height + 1, width + 1, 2, 2, filters)
    rows = [
        jnp.stack([y[:, i : height + i, j : width + j, i, j] for j in range(2)], axis=3)
        for i in range(2)
    ]
    return jnp.stack(rows, axis=2).reshape(batch, 2 * height, 2 * width, filters)


def device_kind():
    """See `hwgen_keras.backend`."""
    return jax.devices()[0].device_kind
