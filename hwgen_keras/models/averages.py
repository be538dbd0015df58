"""The exponential moving averages of weights that an optimizer keeps."""

import contextlib

import keras
from keras import ops


@keras.saving.register_keras_serializable("hwgen_keras")
class AveragingAdam(keras.optimizers.Adam):
    """Adam that keeps moving averages of the weights and leaves the weights alone.

    Keras's own (`use_ema=True`) overwrites the weights at the end of every `fit`; a
    run of several would then not go on where it was.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **{**keywords, "use_ema": True})

    def finalize_variable_values(self, var_list):
        pass


def _pairs(model):
    """(variable, its average) for all variables that have one."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    pairs = []
    for part in getattr(optimizer, "optimizers", [optimizer]):
        # Before the first step the averages are zeros.
        if getattr(part, "use_ema", False) and part.built and int(part.iterations):
            averages = part._model_variables_moving_average
            pairs += zip(part._trainable_variables, averages, strict=True)
    return pairs


def take_averages(model):
    """Gives the variables of a compiled model the averages of their past values.

    Variables whose optimizer keeps no averages (`AveragingAdam` does), or has made no
    step, stay as they are.

    Reference: Yazıcı et al., The Unusual Effectiveness of Averaging in GAN Training,
    2019.
    """
    for variable, average in _pairs(model):
        variable.assign(average)


@contextlib.contextmanager
def averaged(model):
    """Within it, a compiled model has the averages of its weights; see above."""
    pairs = _pairs(model)
    before = [ops.copy(ops.convert_to_tensor(variable)) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(average)
    try:
        yield model
    finally:
        for (variable, _), value in zip(pairs, before, strict=True):
            variable.assign(value)
