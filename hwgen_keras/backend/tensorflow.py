"""Gradients and train step for TensorFlow."""

import tensorflow as tf


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

    def train_step(self, data):
        gradients = self.update(data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()
