"""The optimizers of two networks, and their moving averages of weights."""

import contextlib
import functools

import keras
from keras import ops

# On torch `Adam()` returns a class that updates all weights in one call; a subclass of
# `Adam` would update them one by one.
_Adam = type(keras.optimizers.Adam.__new__(keras.optimizers.Adam))


@keras.saving.register_keras_serializable("hwgen_keras")
class AveragingAdam(_Adam):  # type: ignore[valid-type,misc]
    """Adam that keeps moving averages of the weights and does not overwrite them.

    Keras's own (`use_ema=True`) overwrites the weights at the end of every `fit`, so a
    second `fit` would not continue the first.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **{**keywords, "use_ema": True})

    def finalize_variable_values(self, var_list):
        pass


def adam_pair(
    generator_learning_rate,
    discriminator_learning_rate=None,
    ema_momentum=None,
    **arguments,
):
    """Adam with betas (0.5, 0.9) for both networks of `StyleTransfer`.

    Args:
        generator_learning_rate: for the generator.
        discriminator_learning_rate: for the discriminator; default: the same.
        ema_momentum: momentum, in [0, 1), of moving averages of the generator's
            weights for `averaged` and `take_averages`; default: no averages.
        arguments: of both optimizers, such as `global_clipnorm` (each network has its
            own norm) and `gradient_accumulation_steps`.

    Returns:
        A `keras.optimizers.MultiOptimizer`.

    Example:
        >>> optimizer = hw.adam_pair(2e-4, ema_momentum=0.95, global_clipnorm=5.0)
        >>> [part.name for part in optimizer.optimizers]
        ['discriminator', 'generator']
    """
    if discriminator_learning_rate is None:
        discriminator_learning_rate = generator_learning_rate

    arguments = {"beta_1": 0.5, "beta_2": 0.9, **arguments}
    adam = averaging = functools.partial(keras.optimizers.Adam, **arguments)
    if ema_momentum is not None:
        averaging = functools.partial(
            AveragingAdam, ema_momentum=ema_momentum, **arguments
        )
    generator = averaging(generator_learning_rate, name="generator")
    discriminator = adam(discriminator_learning_rate, name="discriminator")
    return keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(generator, {".*discriminator/.*": discriminator})
    )


def _pairs(model):
    """(variable, its average) for all variables that have one."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    pairs: list[tuple] = []
    for part in getattr(optimizer, "optimizers", [optimizer]):
        # Before the first step the averages are zeros.
        if getattr(part, "use_ema", False) and part.built and int(part.iterations):
            averages = part._model_variables_moving_average
            pairs += zip(part._trainable_variables, averages, strict=True)
    return pairs


def take_averages(model):
    """Replaces the weights of a compiled model by their moving averages.

    Weights without averages stay: those of an optimizer other than `AveragingAdam`, or
    of one that has done no step.

    Args:
        model: a compiled model.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> model.compile(optimizer=hw.adam_pair(1e-3, ema_momentum=0.95))
        >>> hw.take_averages(model)  # after its training

    Reference: Yazıcı et al., The Unusual Effectiveness of Averaging in GAN Training,
    2019.
    """
    for variable, average in _pairs(model):
        variable.assign(_copy(average))


def _copy(variable):
    """Its value for another variable; on JAX, `predict` deletes arrays that it gets."""
    return ops.copy(ops.convert_to_tensor(variable))


@contextlib.contextmanager
def averaged(model):
    """A context in which a model has the moving averages, see `take_averages`.

    Args:
        model: a compiled model; `with` returns it.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> model.compile(optimizer=hw.adam_pair(1e-3, ema_momentum=0.95))
        >>> with hw.averaged(model):  # between two parts of its training
        ...     model.save("averaged.keras")
    """
    pairs = _pairs(model)
    before = [_copy(variable) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(_copy(average))
    try:
        yield model
    finally:
        for (variable, _), value in zip(pairs, before, strict=True):
            variable.assign(value)
