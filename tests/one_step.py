"""One step of `StyleTransfer` with known weights, and the same step done plainly."""

import pathlib

import numpy as np
from keras import ops
from networks import (
    compile_style_transfer,
    draw_weights,
    evaluate,
    style_transfer,
    transfer_batch,
)

from hwgen_keras import losses
from hwgen_keras.backend import vjp
from hwgen_keras.models import adam_pair

GOLDEN_FILE = pathlib.Path(__file__).parent / "golden_step.npz"
BATCH = 3


def known_model(**arguments):
    """A compiled model with every loss, whose weights NumPy has drawn.

    `arguments` are those of `compile_style_transfer`.
    """
    # The networks' rates differ, so that a mix-up of the two would show.
    optimizer = adam_pair(1e-3, 2e-3)
    model = compile_style_transfer(style_transfer("adain_clip"), optimizer, **arguments)
    draw_weights(model)
    return model


def batch():
    """The batch of the step, as tensors."""
    data = transfer_batch(BATCH)
    return {name: ops.convert_to_tensor(value) for name, value in data.items()}


def update(model):
    """What `StyleTransfer.update` returns and tracks."""
    data = batch()

    def function():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    return evaluate(function, model.variables + model.metrics_variables)


def plain_update(model):
    """The same from whole losses, differentiated with respect to all variables.

    The weights of the losses are those of `networks.LOSS_WEIGHTS`.
    """
    data = batch()
    generator, discriminator = model.generator, model.discriminator
    state = model.trainable_variables + model.non_trainable_variables
    kernel = [v is generator.last_layer.kernel for v in generator.trainable_variables]

    def generator_losses():
        g, target = generator(data), data["target"]
        distance = losses.perceptual_distance(model.features(target), model.features(g))
        embeddings = model.clip({"image": g, "tokens": data["tokens"]})
        return [
            3.0 * ops.mean(ops.abs(g - target)) + ops.mean(distance),
            -ops.mean(discriminator(g, training=True)),
            9.0
            * losses.style_statistics_loss(
                generator.style_of(data["style"]), generator.style_of(g)
            ),
            0.5
            * ops.mean(
                losses.soft_target_clip_loss(embeddings["text"], embeddings["image"])
            ),
        ]

    def discriminator_loss():
        real = discriminator(data["target"], training=True)
        generated = discriminator(generator(data), training=True)
        return [losses.hinge_discriminator_loss(real, generated), real, generated]

    def norm(gradients):
        return ops.sqrt(sum(ops.sum(ops.square(g)) for g in gradients))

    def function():
        values, pull = vjp(generator_losses, (), generator.trainable_variables, state)
        one, zero = ops.ones(()), ops.zeros(())
        norms = [
            ops.sqrt(ops.sum(ops.square(pull(weights)[1][kernel.index(True)])))
            for weights in ([one, zero, zero, zero], [zero, one, zero, zero])
        ]
        weight = 0.25 * norms[0] / (norms[1] + 1e-4)
        _, generator_gradients = pull([one, weight, one, one])
        (hinge, real, generated), pull = vjp(
            discriminator_loss, (), discriminator.trainable_variables, state
        )
        nothing = ops.zeros_like(real)
        _, discriminator_gradients = pull([one, nothing, nothing])
        shares = [ops.mean(ops.cast(x, "float32")) for x in (real > 0, generated < 0)]
        names = ("reconstruction", "adversarial", "implicit", "explicit")
        metrics = dict(zip(names, values, strict=True))
        return {
            "gradients": [*generator_gradients, *discriminator_gradients],
            "metrics": {
                **metrics,
                "discriminator": hinge,
                "discriminator_accuracy": (shares[0] + shares[1]) / 2,
                "generator_gradient_norm": norm(generator_gradients),
                "discriminator_gradient_norm": norm(discriminator_gradients),
                "adaptive_weight": weight,
                "loss": values[0] + weight * values[1] + values[2] + values[3],
            },
        }

    return evaluate(function, model.variables + model.metrics_variables)


def positions(gradients):
    """Where each variable's gradient is largest; -1 where it is zero but for rounding.

    Adam's first step has the sign of the gradient, so that rounding would decide it.
    """
    largest = max(np.abs(g).max() for g in gradients)
    return np.array(
        [
            np.abs(g).argmax() if np.abs(g).max() > 1e-4 * largest else -1
            for g in gradients
        ]
    )


def after_one_step(model, where):
    """What one step of `fit` leaves behind.

    Args:
        model: see `known_model`.
        where: the position to look at in each variable, see `positions`.

    Returns:
        A dict: the metrics; the weights at `where`; the discriminator's batch
        statistics.
    """
    data = transfer_batch(BATCH)
    history = model.fit(data, batch_size=BATCH, verbose=0).history
    weights = [
        ops.convert_to_numpy(variable).flat[position]
        for variable, position in zip(model.trainable_variables, where, strict=True)
        if position >= 0
    ]
    statistics = [
        ops.convert_to_numpy(v).ravel()
        for v in model.discriminator.non_trainable_variables
    ]
    return {
        **{f"metric/{name}": values[0] for name, values in history.items()},
        "weights": np.array(weights),
        "statistics": np.concatenate(statistics),
    }


def golden():
    """All that is compared between backends, as a dict of arrays."""
    gradients = update(known_model())["gradients"]
    where = positions(gradients)
    # Another model: evaluating `update` has moved the batch statistics of the first.
    return {
        "gradient_norms": np.array([np.linalg.norm(g) for g in gradients]),
        "positions": where,
        **after_one_step(known_model(), where),
    }


if __name__ == "__main__":
    # Writes the file that all backends are compared with. It is made anew, by
    # `KERAS_BACKEND=torch python tests/one_step.py`, when a model or a loss is meant
    # to give other numbers.
    np.savez(GOLDEN_FILE, **golden())
    print(f"wrote {GOLDEN_FILE}")
