"""A classifier of characters with any encoder."""

import keras
from keras import layers

from hwgen_keras.characters.domain import Domain, class_names
from hwgen_keras.layers import (
    CheckedInputs,
    ConfigFromSignature,
    ensure_built,
    layer_seed,
)


@keras.saving.register_keras_serializable("hwgen_keras")
class Classifier(CheckedInputs, ConfigFromSignature, keras.Model):
    """An encoder, dropout, and one logit per class.

    Args:
        encoder: an `ImageEncoder` or a `TextEncoder`.
        classes: number of classes.
        dropout: rate before the last layer, in training.
        characters: string or sequence of the characters of the classes, in their
            order; None if they are not known. It is saved with the model, so that
            its classes are never taken for those of another set.

    Input: that of the encoder. Output: logits (batch, classes), float32.

    Example:
        >>> classifier = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> tuple(classifier(np.ones((2, 32, 32, 1), "float32")).shape)
        (2, 46)

    Raises:
        InputError: the number of characters is not that of the classes.
    """

    def __init__(self, encoder, classes, dropout=0.0, characters=None, **kwargs):
        super().__init__(**kwargs)
        self.characters = class_names(characters, classes)
        self.encoder, self.classes, self.dropout_rate = encoder, classes, dropout
        self.dropout = layers.Dropout(
            dropout, seed=layer_seed(), dtype="float32", name="dropout"
        )
        self.to_logits = layers.Dense(classes, dtype="float32", name="to_logits")

    @property
    def domain(self):
        """The `Domain` of the classes."""
        return Domain.of_characters(self.characters, self.classes)

    def build(self, input_shape=None):
        ensure_built(self.encoder)
        self.to_logits.build((None, self.encoder.output_width))

    def check_inputs(self, inputs):
        """Checks the inputs of a call, without the range of tensors.

        Args:
            inputs: those of the encoder.

        Raises:
            InputError: they have another shape, type or range.
        """
        if isinstance(self.encoder, CheckedInputs):
            self.encoder.check_inputs(inputs)

    def call(self, inputs, training=False):
        encoded = self.encoder(inputs, training=training)
        return self.to_logits(self.dropout(encoded, training=training))
