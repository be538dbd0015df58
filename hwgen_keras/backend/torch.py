"""Gradients and train step for PyTorch."""

import torch

from hwgen_keras.backend.shared import ModelAttributes
from hwgen_keras.errors import InputError


def vjp(function, inputs=(), variables=(), state=()):
    """See `hwgen_keras.backend`; PyTorch keeps state itself, `state` is unused."""
    # Detached, since the graph behind an input belongs to another pullback.
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


class StatefulTrainer(ModelAttributes):
    """Turns `update(data)` into PyTorch's `train_step`."""

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
        "Keras 3.15 has no data parallelism on PyTorch, later versions may have it; "
        "train on one device, or on several with KERAS_BACKEND=jax or tensorflow, "
        "whose files it reads."
    )


def device_kind():
    """See `hwgen_keras.backend`."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
