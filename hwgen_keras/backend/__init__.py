"""The only framework-specific training code: gradients, the train step, devices.

`vjp(function, inputs, variables, state)` evaluates `function(*inputs)` once. It returns
the outputs (a list of tensors) and `pullback(cotangents)`, which returns the gradients
of the sum of cotangent * output by the inputs and by the variables. A pullback can be
called several times; its arguments `inputs` and `variables` choose between these two
lists of gradients. `state` lists every variable that `function` may read or write.

`StatefulTrainer` is a mixin for `keras.Model`. The model defines `update(data)`, which
returns the gradients of all trainable variables in the order of `trainable_variables`
and updates the metrics. The mixin turns it into the `train_step` of the backend.

Models that are built and trained within `data_parallel()` use all devices; each gets an
equal share of the rows of a batch. `device_count()` returns their number, `process()`
the (number of this process, number of processes), and `expected_process()` what it will
be, before the processes are connected. `meet()` waits until all processes call it, and
`in_any_process(flag)` also tells each whether the flag of one of them was true. On JAX
the step is one program over the whole batch. On TensorFlow every device runs a copy of
the step, a replica, on its own rows, and the optimizer sums the gradients of the
replicas. So a loss that is a mean is divided by `replica_count()`. `gather_rows(x)`
concatenates the rows of all replicas and `sum_over_replicas(x)` adds a tensor, or each
of a list, both with gradients. They change nothing where there is one replica, or none,
as in a callback. `synchronize_batch_norm(model)` computes batch statistics over the
whole batch.

`device_kind()` names the processor that computes: "cpu", or the model of the GPU.

`fractionally_strided_convolution(x, kernel)` upsamples by two with a 4x4 kernel.
"""

import importlib
from typing import Any

import keras

from hwgen_keras.backend import shared

if keras.backend.backend() not in ("tensorflow", "jax", "torch"):
    raise ImportError(
        f"KERAS_BACKEND is {keras.backend.backend()!r}; "
        "hwgen_keras trains on tensorflow, jax and torch."
    )

_framework = importlib.import_module(f"hwgen_keras.backend.{keras.backend.backend()}")


def __getattr__(name: str) -> Any:
    return getattr(_framework if hasattr(_framework, name) else shared, name)
