"""Learning rates and optimizers, as the settings of a training describe them."""

import keras

from hwgen_keras.errors import InputError
from hwgen_keras.losses import SmoothedCrossentropy
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


def adam(settings, steps, rate=None, kind=keras.optimizers.Adam, **arguments):
    """An Adam as the settings describe it; `rate`: see `scheduled`."""
    rate = scheduled(settings, steps, rate)
    return kind(rate, **adam_arguments(settings), **arguments)


def compile_model(model, settings, optimizer, jit, **arguments):
    """Builds and compiles a model, with XLA if `jit`; returns it."""
    if not model.built:
        model.build()
    group = settings.steps_per_execution
    model.compile(
        optimizer=optimizer, jit_compile=jit, steps_per_execution=group, **arguments
    )
    return model


def compile_classifier(model, settings, steps, jit, loss=None):
    """Builds and compiles a classifier with Adam; returns it.

    `loss`: see `classifier_loss`; None: the cross-entropy of class ids.
    """
    loss = loss or classifier_loss()
    optimizer = adam(settings, steps)
    return compile_model(
        model, settings, optimizer, jit, loss=loss, metrics=["accuracy"]
    )


def classifier_loss(label_smoothing=0.0, mixed=False):
    """The cross-entropy of a classifier's logits.

    Args:
        label_smoothing: see `SmoothedCrossentropy`.
        mixed: whether a label is the shares of all classes, as with `--mix`.
    """
    if mixed:
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        )
    if label_smoothing:
        return SmoothedCrossentropy(label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def plateau_callbacks(settings, rows, factor=0.8, patience=1):
    """The callbacks of `--schedule`: a `Plateau` read once an epoch of `rows`, or none.

    The defaults are those published for CLIP.
    """
    if settings.schedule != "plateau":
        return []
    every = max(1, rows // settings.batch_size)
    return [Plateau(factor=factor, patience=patience, every=every)]
