"""One step of `StyleTransfer` with known weights, and its plain computation."""

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
    """A compiled model with every loss and NumPy's random weights.

    `arguments` are those of `compile_style_transfer`.
    """
    # Different rates, so that exchanged networks fail the tests.
    optimizer = adam_pair(1e-3, 2e-3)
    model = compile_style_transfer(style_transfer("adain_clip"), optimizer, **arguments)
    draw_weights(model)
    return model


def batch():
    """The batch of the step, as tensors."""
    data = transfer_batch(BATCH)
    return {name: ops.convert_to_tensor(value) for name, value in data.items()}


def update(model):
    """The gradients and metrics of `StyleTransfer.update`."""
    data = batch()

    def function():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    return evaluate(function, model.variables + model.metrics_variables)


def plain_update(model):
    """The same from sums of losses, with the weights of `networks.LOSS_WEIGHTS`."""
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
        zeros = ops.zeros_like(real)
        _, discriminator_gradients = pull([one, zeros, zeros])
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
    """The position of each variable's largest gradient; -1 if it is only rounding.

    Adam's first step has the sign of the gradient, which rounding would decide.
    """
    largest = max(np.abs(g).max() for g in gradients)
    return np.array(
        [
            np.abs(g).argmax() if np.abs(g).max() > 1e-4 * largest else -1
            for g in gradients
        ]
    )


def after_one_step(model, where):
    """The result of one step of `fit`.

    Args:
        model: see `known_model`.
        where: a position in each variable, see `positions`.

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
    """The reference of all backends, a dict of arrays."""
    gradients = update(known_model())["gradients"]
    where = positions(gradients)
    # Another model: evaluating `update` has moved the batch statistics of the first.
    return {
        "gradient_norms": np.array([np.linalg.norm(g) for g in gradients]),
        "positions": where,
        **after_one_step(known_model(), where),
    }


if __name__ == "__main__":
    # Writes the reference of all backends. Run `KERAS_BACKEND=torch python
    # tests/one_step.py` after an intended change of a model's or a loss's numbers.
    np.savez(GOLDEN_FILE, **golden())
    print(f"wrote {GOLDEN_FILE}")
