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
    """Style statistics of one image per row, or their means over several.

    Args:
        encoder: images (n, height, width, 1) → features (n, h, w, channels).
        images: (batch, height, width, 1) or (batch, images, height, width, 1).
        weights: (batch, images), optional: weights of the images of a row, 0 or more,
            not all 0, of any sum. None: equal weights. Images by several writers mix
            their styles.

    Returns:
        Mean and standard deviation, (batch, 1, 1, channels), and the features of all
        images, (n, h, w, channels), row by row.

    Reference: Huang and Belongie, 2017, equation 15. It mixes features, which are
    linear in the statistics, so mixing the statistics has the same result.
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
        return *(ops.mean(statistic, axis=1) for statistic in statistics), features
    shares = style_shares(weights)[:, :, None, None, None]
    return *(ops.sum(shares * part, axis=1) for part in statistics), features


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
