"""The only framework-specific training code: gradients, the train step, devices.

`vjp(function, inputs, variables, state)` evaluates `function(*inputs)` once and
returns its outputs (a list of tensors) together with `pullback(cotangents)`, which
gives the gradients of the sum of cotangent * output with respect to the inputs and
to the variables. A pullback may be called several times. Its arguments `inputs` and
`variables` tell which of the two lists of gradients are wanted.

`StatefulTrainer` is a mixin for `keras.Model`. The model writes one method,
`update(data)`, which returns the gradients of all trainable variables in the order
of `trainable_variables` and updates its metrics; the mixin turns it into the
`train_step` of the backend in use.

Within `data_parallel()` models are made and trained on all devices, each of which
gets an equal share of the rows of a batch; `device_count()` tells how many there are,
`process()` the (number of this process, number of processes). On JAX the step is one
program over the whole batch. On TensorFlow every device runs a copy of the step, a
replica, which sees its own rows alone, and the optimizer sums the gradients of the
replicas. So a loss that is a mean counts 1 / `replica_count()` in each of them, and
what needs all rows asks for it, with gradients: `gather_rows(x)` puts the rows of all
replicas below each other, `sum_over_replicas(x)` adds a tensor, or each of a list.
Where there is one replica, or none, as in a callback, they change nothing.
`synchronize_batch_norm(model)` makes batch statistics those of the whole batch.

`fractionally_strided_convolution(x, kernel)` upsamples by two with a kernel of 4x4.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from hwgen_keras.backend.convolution import fractionally_strided_convolution
    from hwgen_keras.backend.tensorflow import (
        StatefulTrainer,
        data_parallel,
        device_count,
        gather_rows,
        process,
        replica_count,
        sum_over_replicas,
        synchronize_batch_norm,
        vjp,
    )
elif keras.backend.backend() in ("jax", "torch"):
    if keras.backend.backend() == "jax":
        # Of the three trainers one is imported, and mypy sees all.
        from hwgen_keras.backend.jax import (  # type: ignore[assignment]
            StatefulTrainer,
            data_parallel,
            device_count,
            fractionally_strided_convolution,
            process,
            vjp,
        )
    else:
        from hwgen_keras.backend.convolution import fractionally_strided_convolution
        from hwgen_keras.backend.torch import (  # type: ignore[assignment]  # too
            StatefulTrainer,
            data_parallel,
            device_count,
            process,
            vjp,
        )
    from hwgen_keras.backend.one_replica import (
        gather_rows,
        replica_count,
        sum_over_replicas,
        synchronize_batch_norm,
    )
else:
    raise ImportError(
        f"KERAS_BACKEND is {keras.backend.backend()!r}; "
        "hwgen_keras trains on tensorflow, jax and torch."
    )

__all__ = [
    "StatefulTrainer",
    "data_parallel",
    "device_count",
    "fractionally_strided_convolution",
    "gather_rows",
    "process",
    "replica_count",
    "sum_over_replicas",
    "synchronize_batch_norm",
    "vjp",
]
