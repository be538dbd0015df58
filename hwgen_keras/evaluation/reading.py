"""Predictions of trained networks, and the accuracy of a recogniser."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from scipy.stats import binomtest

from hwgen_keras.data.placing import placed
from hwgen_keras.errors import InputError


def content_accuracy(
    scores: ArrayLike, labels: ArrayLike, logits: bool = False
) -> dict:
    """Accuracy of a recogniser's scores, with its 95 % interval.

    A correct class whose score equals that of another ranks below it.

    Args:
        scores: (n, classes), probabilities, or logits.
        labels: the correct class id of each image, (n,).
        logits: whether the scores are logits.

    Returns:
        A dict: "top1" and "top5" in [0, 1]; "low" and "high", the 95 % interval of
        top1 by Wilson's score for independent images (for images by one hand it is
        wider); "confidence", the mean probability of the correct class; "images".

    Raises:
        InputError: no images, scores of another shape, not finite or no
            probabilities, or labels outside the classes.

    Reference: Wilson, Probable inference, the law of succession, and statistical
    inference, 1927.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, np.int64)
    if scores.ndim != 2 or not scores.size or labels.shape != scores.shape[:1]:
        raise InputError(
            f"The scores have shape {scores.shape} and the labels {labels.shape}; give "
            "(images, classes) and (images,), one image or more."
        )
    if not np.isfinite(scores).all():
        raise InputError("The scores are not all finite numbers; check the recogniser.")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise InputError(
            f"The labels go from {labels.min()} to {labels.max()} and there are "
            f"{scores.shape[1]} classes; give the recogniser's own set."
        )
    probabilities = softmax(scores, axis=1) if logits else scores
    sums = probabilities.sum(axis=1)
    if (probabilities < 0).any() or not np.allclose(sums, 1, atol=1e-3):
        raise InputError("The scores are no probabilities; for logits say logits=True.")
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    ranks = np.sum(scores >= own, axis=1)
    correct = int(np.sum(ranks == 1))
    interval = binomtest(correct, len(labels)).proportion_ci(0.95, method="wilson")
    return {
        "top1": correct / len(labels),
        "low": float(interval.low),
        "high": float(interval.high),
        "top5": float(np.mean(ranks <= 5)),
        "confidence": float(probabilities[np.arange(len(labels)), labels].mean()),
        "images": len(labels),
    }


def predicted_rows(model, rows, batch_size=64):
    """A model's outputs for `rows`, an array.

    Unlike `predict`, it takes any number of rows on several devices.
    """
    batches = (rows[i : i + batch_size] for i in range(0, len(rows), batch_size))
    # With several devices TensorFlow predicts every row on each of them.
    return np.concatenate([model.predict_on_batch(b)[: len(b)] for b in batches])


def retrieval_accuracy(clip, store, tokenizer, limit=1000):
    """The share of images whose nearest structure, by dot product, is their own."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(store))[:limit]
    labels = np.unique(store.labels)
    tokens = tokenizer.encode([store.characters[k] for k in labels])
    texts = predicted_rows(clip.text_tower, tokens)
    images = predicted_rows(clip.image_tower, placed(store, chosen))
    nearest = labels[np.argmax(images @ texts.T, axis=1)]
    return float(np.mean(nearest == store.labels[chosen]))


def read_store(classifier, store, batch_size=256):
    """A classifier's predictions: class ids (n,) and their probabilities (n,)."""
    predictions = []
    for first in range(0, len(store), batch_size):
        indices = np.arange(first, min(first + batch_size, len(store)))
        logits = predicted_rows(classifier, placed(store, indices), batch_size)
        probabilities = softmax(logits, axis=1)
        predictions.append((probabilities.argmax(axis=1), probabilities.max(axis=1)))
    predicted, probability = map(np.concatenate, zip(*predictions, strict=True))
    return predicted, probability
