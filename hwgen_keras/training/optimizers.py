"""Learning rates and optimizers, as the settings of a training describe them."""

import keras

from hwgen_keras.errors import InputError
from hwgen_keras.training.plateau import Plateau


def scheduled(settings, steps, learning_rate=None):
    """A learning rate for Adam that does over the steps what `--schedule` asks for.

    Keras evaluates it at the number of batches seen, with `--accumulate`, too.

    Args:
        settings: of a script.
        steps: of the whole training.
        learning_rate: the highest; default: `--learning_rate`.

    Raises:
        InputError: the warm-up is no shorter than the run.
    """
    if learning_rate is None:
        learning_rate = settings.learning_rate
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
        # A "decay" from 0 up to the learning rate, which it then keeps.
        return schedules.PolynomialDecay(0.0, warmup, learning_rate)
    return learning_rate


def adam_arguments(settings):
    """Arguments of Adam: what `--clip_norm` and `--accumulate` ask for."""
    return {
        "global_clipnorm": settings.clip_norm,
        "gradient_accumulation_steps": (
            settings.accumulate if settings.accumulate > 1 else None
        ),
    }


def compile_model(model, settings, optimizer, jit, **arguments):
    """Builds a model and compiles it; returns it.

    Args:
        model: a model of this package.
        settings: of a script.
        optimizer: a Keras optimizer.
        jit: whether to compile the step with XLA.
        arguments: further ones of `compile`.
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
        model: a `Classifier`.
        settings: of a script.
        steps: of the whole training.
        jit: whether to compile the step with XLA.
        mixed: whether labels are shares of all classes, as `--mix` makes them.
    """
    losses = keras.losses
    loss = losses.CategoricalCrossentropy if mixed else None
    return compile_model(
        model,
        settings,
        keras.optimizers.Adam(scheduled(settings, steps), **adam_arguments(settings)),
        jit,
        loss=(loss or losses.SparseCategoricalCrossentropy)(from_logits=True),
        metrics=["accuracy"],
    )


def plateau_callbacks(settings, rows, factor=0.8, patience=1):
    """The callbacks that `--schedule` needs: a `Plateau` read once an epoch, or none.

    Args:
        settings: of a script.
        rows: of one epoch of the data.
        factor, patience: of `Plateau`; the defaults are those published for CLIP.
    """
    if settings.schedule != "plateau":
        return []
    every = max(1, rows // settings.batch_size)
    return [Plateau(factor=factor, patience=patience, every=every)]
