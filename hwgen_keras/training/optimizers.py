"""Learning rates and optimizers, as the settings of a training describe them."""

import keras

from hwgen_keras.errors import InputError
from hwgen_keras.training.plateau import Plateau


def scheduled(settings, steps, learning_rate=None):
    """The learning rate of `--schedule` and `--warmup_steps`, for Adam.

    Keras evaluates it at the number of batches, with `--accumulate`, too.

    Args:
        settings: of a script.
        steps: of the whole training.
        learning_rate: the highest; default: `--learning_rate`.

    Raises:
        InputError: the warm-up is not shorter than the run.
    """
    learning_rate = learning_rate or settings.learning_rate
    schedules, warmup = keras.optimizers.schedules, settings.warmup_steps
    if warmup >= steps:
        raise InputError(
            f"--warmup_steps={warmup} leaves none of --steps={steps}; give fewer."
        )
    if settings.schedule == "cosine" and warmup:
        return schedules.CosineDecay(
            0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
        )
    if settings.schedule == "cosine":
        return schedules.CosineDecay(learning_rate, steps)
    if warmup:
        # A "decay" from 0 up to the learning rate, where it stays.
        return schedules.PolynomialDecay(0.0, warmup, learning_rate)
    return learning_rate


def adam_arguments(settings):
    """Adam's arguments of `--clip_norm` and `--accumulate`."""
    batches = settings.accumulate if settings.accumulate > 1 else None
    return {
        "global_clipnorm": settings.clip_norm,
        "gradient_accumulation_steps": batches,
    }


def adam(settings, steps, kind=keras.optimizers.Adam, **arguments):
    """An Adam of this kind as the settings describe it."""
    return kind(scheduled(settings, steps), **adam_arguments(settings), **arguments)


def compile_model(model, settings, optimizer, jit, **arguments):
    """Builds a model and compiles it; returns it.

    Args:
        model: a model of this package.
        settings: of a script.
        optimizer: a Keras optimizer.
        jit: whether to compile the step with XLA.
        arguments: other arguments of `compile`.
    """
    if not model.built:
        model.build()
    model.compile(
        optimizer=optimizer,
        jit_compile=jit,
        steps_per_execution=settings.steps_per_execution,
        **arguments,
    )
    return model


def compile_classifier(model, settings, steps, jit, mixed=False):
    """Builds a classifier and compiles it with Adam and cross-entropy; returns it.

    Args:
        model, settings, jit: see `compile_model`.
        steps: of the whole training.
        mixed: whether a label has a share of each class, as `--mix` returns it.
    """
    losses = keras.losses
    loss = (
        losses.CategoricalCrossentropy
        if mixed
        else losses.SparseCategoricalCrossentropy
    )
    optimizer, loss = adam(settings, steps), loss(from_logits=True)
    return compile_model(
        model, settings, optimizer, jit, loss=loss, metrics=["accuracy"]
    )


def plateau_callbacks(settings, rows, factor=0.8, patience=1):
    """The callbacks that `--schedule` needs: a `Plateau` read once an epoch, or none.

    Args:
        settings: of a script.
        rows: in an epoch of the data.
        factor, patience: of `Plateau`; the defaults are those published for CLIP.
    """
    if settings.schedule != "plateau":
        return []
    every = max(1, rows // settings.batch_size)
    return [Plateau(factor=factor, patience=patience, every=every)]
