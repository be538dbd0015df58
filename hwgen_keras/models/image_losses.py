"""The losses of the generated image in the table of `StyleTransfer`."""

import dataclasses
from collections.abc import Callable

import keras

STYLE_STATISTICS = "style_statistics"


@keras.saving.register_keras_serializable("hwgen_keras")
@dataclasses.dataclass(frozen=True)
class ImageLoss:
    """A loss of the generated image, an entry of `StyleTransfer.image_losses`.

    Args:
        name: of its metric, which is the loss times its weight.
        weight: multiplies the loss.
        function: (reference, generated) → a scalar, or one number per row, whose mean
            is the loss; of `keras.ops`, without variables of its own. A file holds its
            registered name; loading needs the function registered under that name.
        compares: the arguments of the function. `"style_statistics"`: the (mean,
            deviation) of the style encoder's features for the style image and for the
            generated image. Any other name: that entry of the batch, such as `"target"`
            or `"tokens"`, and the generated image (batch, height, width, 1), float32,
            about [-1, 1].
        trains_style: whether a loss of style statistics also trains the statistics of
            the style image and the style encoder, or only the generated image.

    Example:
        >>> import keras
        >>> @keras.saving.register_keras_serializable("mine")
        ... def ink_difference(target, generated):
        ...     return keras.ops.square(keras.ops.mean(target - generated, (1, 2, 3)))
        >>> model = hw.StyleTransfer(
        ...     hw.AdaINGenerator(width=8, multipliers=(1, 2)),
        ...     hw.PatchDiscriminator(widths=(8, 16)),
        ...     extra_losses=[hw.ImageLoss("ink", 2.0, ink_difference)],
        ... )
        >>> [loss.name for loss in model.image_losses]
        ['reconstruction', 'implicit', 'ink']
    """

    name: str
    weight: float
    function: Callable
    compares: str = "target"
    trains_style: bool = False

    def get_config(self):
        """The arguments, as Keras saves them."""
        return keras.saving.serialize_keras_object(vars(self))

    @classmethod
    def from_config(cls, config):
        """The loss of a configuration.

        Args:
            config: the result of `get_config`.
        """
        function = keras.saving.deserialize_keras_object(config["function"])
        return cls(**{**config, "function": function})
