"""The only framework-specific training code: gradients and the train step.

`vjp(function, inputs, variables, state)` evaluates `function(*inputs)` once and
returns its outputs (a list of tensors) together with `pullback(cotangents)`, which
gives the gradients of the sum of cotangent * output with respect to the inputs and
to the variables. A pullback may be called several times. Its arguments `inputs` and
`variables` tell which of the two lists of gradients are wanted.

`StatefulTrainer` is a mixin for `keras.Model`. The model writes one method,
`update(data)`, which returns the gradients of all trainable variables in the order
of `trainable_variables` and updates its metrics; the mixin turns it into the
`train_step` of the backend in use.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from hwgen_keras.backend.tensorflow import StatefulTrainer, vjp
elif keras.backend.backend() == "jax":
    from hwgen_keras.backend.jax import StatefulTrainer, vjp
elif keras.backend.backend() == "torch":
    from hwgen_keras.backend.torch import StatefulTrainer, vjp
else:
    raise ImportError(
        f"KERAS_BACKEND is {keras.backend.backend()!r}; "
        "hwgen_keras trains on tensorflow, jax and torch."
    )

__all__ = ["StatefulTrainer", "vjp"]
