"""Gradients and train step for PyTorch."""

from collections.abc import Callable
from typing import Any

import torch

from hwgen_keras.errors import InputError


def vjp(function, inputs=(), variables=(), state=()):
    """See `hwgen_keras.backend`. PyTorch keeps state itself: `state` is unused."""
    # A leaf of its own: the graph behind an input belongs to another pullback.
    leaves = [x.detach().requires_grad_() for x in inputs]
    parameters = [v.value for v in variables]
    outputs = function(*leaves)

    def pullback(cotangents, inputs=bool(leaves), variables=bool(parameters)):
        sources = (leaves if inputs else []) + (parameters if variables else [])
        gradients = torch.autograd.grad(
            outputs,
            sources,
            grad_outputs=[
                torch.as_tensor(c, dtype=o.dtype, device=o.device).expand_as(o)
                for c, o in zip(cotangents, outputs, strict=True)
            ],
            retain_graph=True,
            materialize_grads=True,
            allow_unused=True,
        )
        split = len(leaves) if inputs else 0
        return list(gradients[:split]), list(gradients[split:])

    return [output.detach() for output in outputs], pullback


class StatefulTrainer:
    """Turns `update(data)` into PyTorch's `train_step`."""

    # Of the keras.Model that it is mixed into.
    update: Callable
    get_metrics_result: Callable
    optimizer: Any
    trainable_variables: list

    def train_step(self, data):
        gradients = self.update(data)
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()


def data_parallel():
    """See `hwgen_keras.backend`.

    Raises:
        InputError: always.
    """
    raise InputError(
        "Keras has no data parallelism of its own on PyTorch; train on one device, or "
        "on several with KERAS_BACKEND=jax or tensorflow, whose files it reads."
    )


def device_count():
    """See `hwgen_keras.backend`."""
    return 1


def process():
    """See `hwgen_keras.backend`."""
    return 0, 1
