"""The loss functions of the models. All return float32."""

import keras
from keras import ops


def soft_target_clip_loss(text, image, temperature=1.0):
    """CLIP's loss with soft targets from the similarities within the batch.

    logits = T I' / t; targets = softmax((I I' + T T') / 2 * t); the mean of the
    cross-entropies along rows and along columns. Equal characters in a batch do not
    repel each other.

    Args:
        text, image: embeddings (batch, width), not normalised.
        temperature: t.

    Returns:
        The loss of each row of the batch, (batch,).

    Reference: Radford et al., CLIP, 2021; the soft targets are those of
    nishizaki-lab/Handwritten-Character-Image-Generation.
    """
    text, image = ops.cast(text, "float32"), ops.cast(image, "float32")
    logits = ops.matmul(text, ops.transpose(image)) / temperature
    similarity = ops.matmul(image, ops.transpose(image)) + ops.matmul(
        text, ops.transpose(text)
    )
    targets = ops.softmax(similarity / 2 * temperature, axis=-1)
    rows = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
    targets, logits = ops.transpose(targets), ops.transpose(logits)
    columns = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
    return (rows + columns) / 2


@keras.saving.register_keras_serializable("hwgen_keras")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy of logits and class ids, with label smoothing.

    The target of an image is (1 - s) for its class plus s / classes for every class.

    Args:
        label_smoothing: s, from 0 to below 1; at 0 it is the cross-entropy.
        **kwargs: see `keras.losses.Loss`.

    Inputs of a call: class ids (batch,), integers; logits (batch, classes).

    Reference: Szegedy et al., Rethinking the Inception Architecture, 2016, section 7.
    """

    def __init__(self, label_smoothing, **kwargs):
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        scores = ops.log_softmax(ops.cast(y_pred, "float32"), axis=-1)
        true = ops.cast(ops.reshape(y_true, (-1, 1)), "int32")
        own = ops.take_along_axis(scores, true, axis=-1)[:, 0]
        share = self.label_smoothing
        return -(1 - share) * own - share * ops.mean(scores, axis=-1)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def style_statistics_loss(style, generated):
    """Squared distance of the channel means and of the deviations.

    Args:
        style: (mean, deviation) of the style image's features.
        generated: (mean, deviation) of the generated image's.

    Returns:
        A scalar, not weighted (the paper's weight is 10).

    Reference: Huang and Belongie, 2017, equation 13.
    """
    return sum(
        ops.mean(ops.square(a - b)) for a, b in zip(style, generated, strict=True)
    )


def perceptual_distance(features_a, features_b, channel_weights=None):
    """Squared distance of channel-normalised features, summed over the layers.

    The feature vector of each position gets unit length; squared differences are
    summed over channels, with their weights, and averaged over positions.

    Args:
        features_a, features_b: lists of (batch, height, width, channels).
        channel_weights: of each map (channels,), float, as LPIPS learned them; None:
            all 1.

    Returns:
        (batch,), float32.

    Reference: Zhang et al., The Unreasonable Effectiveness of Deep Features as a
    Perceptual Metric, 2018, equation 1.
    """

    def unit(x):
        x = ops.cast(x, "float32")
        length = ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-10)
        return x / length

    def distance(a, b, weights=None):
        squares = ops.square(unit(a) - unit(b))
        if weights is not None:
            squares = squares * ops.convert_to_tensor(weights, "float32")
        return ops.mean(ops.sum(squares, axis=-1), axis=(1, 2))

    maps = [features_a, features_b]
    if channel_weights is not None:
        maps.append(channel_weights)
    return sum(distance(*layer) for layer in zip(*maps, strict=True))


def pyramid_distance(target, generated, levels=4):
    """Mean |target - generated|, at full size and after each of several halvings.

    Two writings of a character never coincide. Where strokes do not overlap, paper has
    the least absolute difference at full size, so strokes fade. In smaller images ink
    nearby counts.

    Args:
        target, generated: (batch, height, width, channels).
        levels: how often the images are halved.

    Returns:
        The mean over the sizes, (batch,), float32.

    Reference: Bojanowski et al., Optimizing the Latent Space of Generative Networks,
    2018, equation 2 (Lap1), here of the averages themselves.
    """
    difference = ops.cast(target, "float32") - ops.cast(generated, "float32")
    total = ops.mean(ops.abs(difference), axis=(1, 2, 3))
    for _ in range(levels):
        difference = ops.average_pool(difference, 2, 2, padding="same")
        total = total + ops.mean(ops.abs(difference), axis=(1, 2, 3))
    return total / (levels + 1)


PIXEL_DISTANCES = {
    "absolute": lambda target, generated: ops.abs(target - generated),
    "pyramid": pyramid_distance,
}


def hinge_discriminator_loss(real_logits, generated_logits):
    """½ [mean relu(1 - D(real)) + mean relu(1 + D(generated))], a scalar.

    Reference: Lim and Ye, Geometric GAN, 2017.
    """
    real = ops.mean(ops.relu(1.0 - real_logits))
    return 0.5 * (real + ops.mean(ops.relu(1.0 + generated_logits)))


def adaptive_weight(reconstruction_norm, adversarial_norm, scale=1.0):
    """λ, which scales the adversarial gradient to the length of the reconstruction's.

    λ = clip(‖∂rec/∂last layer‖ / (‖∂adv/∂last layer‖ + 1e-4), 0, 1e4). λ is 0 where
    a gradient is not finite: an overflow of the adversarial gradient must not spoil the
    step, and a skipped step must not spoil the mean of λ.

    Args:
        reconstruction_norm, adversarial_norm: norms of the two gradients.
        scale: the loss scale of both gradients.

    Reference: Esser et al., Taming Transformers for High-Resolution Image Synthesis,
    2021, equation 7.
    """
    weight = reconstruction_norm / (adversarial_norm + 1e-4 * scale)
    weight = ops.clip(weight, 0.0, 1e4)
    finite = ops.isfinite(reconstruction_norm) & ops.isfinite(adversarial_norm)
    return ops.where(finite, weight, ops.zeros_like(weight))


def global_norm(tensors):
    """The Euclidean norm of all numbers in a list of tensors, a scalar."""
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(t, "float32"))) for t in tensors))
