"""Adaptive instance normalisation."""

from keras import ops

# Keeps the square root and the division away from zero, as in the paper's code.
VARIANCE_EPSILON = 1e-5


def style_statistics(features):
    """Mean and standard deviation of each channel of each image, in float32.

    Args:
        features: (batch, height, width, channels).

    Returns:
        Two tensors (batch, 1, 1, channels).

    Reference: Huang and Belongie, Arbitrary Style Transfer in Real-time with
    Adaptive Instance Normalization, 2017, equations 5 and 6.
    """
    features = ops.cast(features, "float32")
    mean = ops.mean(features, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(features - mean), axis=(1, 2), keepdims=True)
    return mean, ops.sqrt(variance + VARIANCE_EPSILON)


def style_of_images(encoder, images, weights=None):
    """Style statistics of one image a row, or their means over several.

    Args:
        encoder: images (n, height, width, 1) → features (n, h, w, channels).
        images: (batch, height, width, 1) or (batch, images, height, width, 1).
        weights: (batch, images), optional: shares of the images of a row, 0 or more,
            not all 0; they are brought to the sum 1. None: they count alike. Images
            of several hands mix these hands.

    Returns:
        Mean and standard deviation, (batch, 1, 1, channels), and the features of all
        images, (n, h, w, channels), those of a row together.

    Reference: Huang and Belongie, 2017, equation 15. It mixes features that have the
    statistics of each style; these are linear in the statistics, so that mixing the
    statistics comes to the same.
    """
    if len(images.shape) == 4:
        features = encoder(images)
        return *style_statistics(features), features
    shape = ops.shape(images)
    features = encoder(ops.reshape(images, (-1, *shape[2:])))
    statistics = [
        ops.reshape(statistic, (*shape[:2], 1, 1, -1))
        for statistic in style_statistics(features)
    ]
    if weights is None:
        mean, deviation = (ops.mean(statistic, axis=1) for statistic in statistics)
        return mean, deviation, features
    shares = style_shares(weights)[:, :, None, None, None]
    mean, deviation = (ops.sum(shares * part, axis=1) for part in statistics)
    return mean, deviation, features


def style_shares(weights):
    """Weights (batch, images) as float32 with the sum 1 in each row."""
    weights = ops.cast(weights, "float32")
    return weights / ops.sum(weights, axis=1, keepdims=True)


def adain(content, style_mean, style_deviation):
    """Content features with the style's mean and standard deviation.

    Args:
        content: (batch, height, width, channels).
        style_mean, style_deviation: (batch, 1, 1, channels), see `style_statistics`.

    Returns:
        (batch, height, width, channels), in the dtype of `content`.

    Reference: Huang and Belongie, 2017, equation 8.
    """
    mean, deviation = style_statistics(content)
    normalised = (ops.cast(content, "float32") - mean) / deviation
    return ops.cast(normalised * style_deviation + style_mean, content.dtype)
