"""CLIP over images of characters and their structures."""

import keras
from keras import layers, ops

from hwgen_keras.backend import gather_rows, replica_count
from hwgen_keras.layers import ConfigFromSignature, ensure_built, layer_seed
from hwgen_keras.losses import soft_target_clip_loss


class ProjectionHead(layers.Layer):
    """Linear, then a residual branch of GELU, Linear and dropout, then layer norm."""

    def __init__(self, width, dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        self.projection = layers.Dense(width, dtype=policy, name="projection")
        self.output_layer = layers.Dense(width, dtype=policy, name="output")
        self.dropout = layers.Dropout(
            dropout, seed=layer_seed(), dtype=policy, name="dropout"
        )
        self.norm = layers.LayerNormalization(-1, 1e-5, dtype="float32", name="norm")

    def build(self, input_shape):
        self.projection.build(input_shape)
        self.output_layer.build((None, self.width))
        self.norm.build((None, self.width))

    def call(self, x, training=False):
        projected = self.projection(x)
        hidden = self.output_layer(ops.gelu(projected, approximate=False))
        return self.norm(self.dropout(hidden, training=training) + projected)


class _Tower(ConfigFromSignature, keras.Model):
    def __init__(self, encoder, width=256, dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.width, self.dropout_rate = encoder, width, dropout
        self.head = ProjectionHead(
            width, dropout, dtype=self.dtype_policy, name="projection_head"
        )

    def build(self, input_shape=None):
        ensure_built(self.encoder)
        self.head.build((None, self.encoder.output_width))

    def call(self, x, training=False):
        return self.head(self.encoder(x, training=training), training=training)


@keras.saving.register_keras_serializable("hwgen_keras")
class ImageTower(_Tower):
    """An `ImageEncoder` and a projection head: images → (batch, width), float32.

    Args:
        encoder: an `ImageEncoder`.
        width: length of the vectors.
        dropout: rate in the head, in training.

    Example:
        >>> tower = hw.ImageTower(hw.ImageEncoder(widths=(8, 16)), width=16)
        >>> tuple(tower(np.ones((2, 32, 32, 1), "float32")).shape)
        (2, 16)
    """


@keras.saving.register_keras_serializable("hwgen_keras")
class TextTower(_Tower):
    """A `TextEncoder` and a projection head: tokens → (batch, width), float32.

    Args:
        encoder: a `TextEncoder`.
        width: length of the vectors.
        dropout: rate in the head, in training.

    Example:
        >>> encoder = hw.TextEncoder(
        ...     vocabulary_size=9, length=6, width=8, depth=1, heads=2
        ... )
        >>> tower = hw.TextTower(encoder, width=16)
        >>> tuple(tower(np.array([[2, 4, 5, 3, 0, 0]])).shape)
        (1, 16)
    """


@keras.saving.register_keras_serializable("hwgen_keras")
class CLIP(ConfigFromSignature, keras.Model):
    """Embeds images and structures of characters in one space.

    Args:
        image_tower: an `ImageTower`.
        text_tower: a `TextTower` of the same width.
        temperature: divides the logits.

    Input: a dict of

    - `image`: (batch, height, width, 1), float in [-1, 1];
    - `tokens`: (batch, length), int.

    Output: a dict of `image` and `text`, each (batch, width), float32.

    `fit` minimises `soft_target_clip_loss`; compile the model with only an optimizer.

    Example:
        >>> encoder = hw.TextEncoder(
        ...     vocabulary_size=9, length=6, width=8, depth=1, heads=2
        ... )
        >>> clip = hw.CLIP(
        ...     hw.ImageTower(hw.ImageEncoder(widths=(8, 16)), width=16),
        ...     hw.TextTower(encoder, width=16),
        ... )
        >>> images = np.ones((2, 32, 32, 1), "float32")
        >>> tokens = np.array([[2, 4, 5, 3, 0, 0], [2, 6, 3, 0, 0, 0]])
        >>> tuple(clip({"image": images, "tokens": tokens})["text"].shape)
        (2, 16)

    Reference: Radford et al., Learning Transferable Visual Models From Natural
    Language Supervision, 2021.
    """

    def __init__(self, image_tower, text_tower, temperature=1.0, **kwargs):
        super().__init__(**kwargs)
        self.image_tower, self.text_tower = image_tower, text_tower
        self.temperature = temperature

    def build(self, input_shape=None):
        ensure_built(self.image_tower, self.text_tower)

    def call(self, inputs, training=False):
        return {
            "image": self.image_tower(inputs["image"], training=training),
            "text": self.text_tower(inputs["tokens"], training=training),
        }

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        text, image = gather_rows(y_pred["text"]), gather_rows(y_pred["image"])
        loss = ops.mean(soft_target_clip_loss(text, image, self.temperature))
        return loss / replica_count()
