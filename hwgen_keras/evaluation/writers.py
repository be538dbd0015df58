"""Retrieval and verification of writers, and similarity to their hands.

All measures compare images of *different* characters, so that hands are compared. A
recogniser's features depend on the character first: apply `centred_by_character` before
retrieval and verification.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.preprocessing import normalize

from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.distances import feature_matrix, feature_pair

_CHUNK = 1 << 14


def centred_by_character(
    features: ArrayLike,
    labels: ArrayLike,
    real: ArrayLike | None = None,
    real_labels: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Features minus the mean feature of their character.

    Args:
        features: (n, width).
        labels: the character of each image, (n,).
        real, real_labels: the images whose means are subtracted; None: `features`.

    Returns:
        float64 (n, width).

    Raises:
        InputError: a character has no real image.
    """
    if real is None:
        real, real_labels = features, labels
    features = feature_matrix(features, "given", labels=labels)
    real = feature_matrix(real, "real", labels=real_labels)
    known, positions = np.unique(np.asarray(real_labels), return_inverse=True)
    sums, counts = _sums(real, positions, len(known))
    missing = np.setdiff1d(labels, known)
    if len(missing):
        raise InputError(
            f"There is no real image of {len(missing)} characters, such as "
            f"{missing[0]}; leave them out."
        )
    return features - (sums / counts[:, None])[np.searchsorted(known, labels)]


def writer_retrieval(
    features: ArrayLike,
    writers: ArrayLike,
    labels: ArrayLike,
    most_queries: int = 2000,
    seed: int = 0,
) -> dict:
    """Retrieve the images of a query's writer by cosine similarity.

    Each image is a query once; the candidates are all images of other characters. Top-1
    is the share of queries whose most similar candidate is by the same writer; the mean
    average precision (mAP) is over all of the writer's candidates. Queries whose writer
    has no candidate are left out.

    Args:
        features: (n, width), centred by character.
        writers, labels: writer and character of each image, (n,).
        most_queries: the most queries; of more images as many are drawn.
        seed: integer, of the draw.

    Returns:
        A dict: "top1" and "map" in [0, 1]; "top1_chance" and "map_chance", their
        expectations for a random order; "queries", the number of queries.

    Raises:
        InputError: no writer has images of two characters, or there is one writer.

    Reference: the usual protocol of writer retrieval (Louloudis et al., ICDAR 2011
    writer identification contest); the expected average precision of a random order
    is Bestgen's, 2015.
    """
    features, writers, labels = _checked(features, writers, labels)
    unit = normalize(features)
    rows = []
    for query in np.random.default_rng(seed).permutation(len(unit))[:most_queries]:
        candidates = labels != labels[query]
        same = writers[candidates] == writers[query]
        if not same.any():
            continue
        similarity = unit[candidates] @ unit[query]
        # Among equally similar candidates, the mean over which comes first.
        first = same[similarity == similarity.max()].mean()
        precision = average_precision_score(same, similarity)
        rows.append((first, same.mean(), precision, _random_precision(same)))
    if not rows:
        raise InputError(
            "No query has another character by its writer; give more queries."
        )
    names = ("top1", "top1_chance", "map", "map_chance")
    means = np.mean(rows, axis=0).tolist()
    return {**dict(zip(names, means, strict=True)), "queries": len(rows)}


def writer_verification(
    features: ArrayLike,
    writers: ArrayLike,
    labels: ArrayLike,
    most_pairs: int = 1_000_000,
    seed: int = 0,
) -> dict:
    """Verify by cosine similarity whether two images are by one writer.

    The pairs are of different characters. At the equal error rate (EER) the share of
    refused pairs by one writer equals that of accepted pairs by two; it is interpolated
    between thresholds. The area under the ROC curve (AUC) is the probability that a
    pair by one writer is more similar than a pair by two. At random both are 0.5.

    Args:
        features, writers, labels: see `writer_retrieval`.
        most_pairs: the most pairs; of more as many are drawn.
        seed: integer, of the draw.

    Returns:
        A dict: "eer" and "auc" in [0, 1]; "same_pairs" and "different_pairs".

    Raises:
        InputError: no writer has images of two characters, or no two writers have
            images of different ones.
    """
    features, writers, labels = _checked(features, writers, labels)
    first, second = _pairs(len(features), most_pairs, seed)
    apart = labels[first] != labels[second]
    first, second = first[apart], second[apart]
    same = writers[first] == writers[second]
    if same.all() or not same.any():
        raise InputError(
            f"Of {len(same)} pairs of different characters {same.sum()} are by one "
            "writer; verification needs pairs by one writer and by two."
        )
    unit = normalize(features)
    similarity = np.empty(len(first))
    for start in range(0, len(first), _CHUNK):
        part = slice(start, start + _CHUNK)
        similarity[part] = np.einsum("ij,ij->i", unit[first[part]], unit[second[part]])
    false_positives, true_positives, _ = roc_curve(same, similarity)
    # The equal error rate is where both kinds of errors are equally frequent.
    differences = false_positives - (1 - true_positives)
    rate = np.interp(0.0, differences, false_positives)
    return {
        "eer": float(rate),
        "auc": float(roc_auc_score(same, similarity)),
        "same_pairs": int(same.sum()),
        "different_pairs": int((~same).sum()),
    }


def writer_similarity(
    generated: ArrayLike,
    generated_writers: ArrayLike,
    generated_labels: ArrayLike,
    real: ArrayLike,
    real_writers: ArrayLike,
    real_labels: ArrayLike,
) -> dict:
    """The share of generated images that are nearest to the writer they imitate.

    From each feature the mean of its character over the real images is subtracted. A
    writer's centre is the mean over the writer's real images of all *other* characters;
    so real images may be given as generated ones, as a bound for perfect imitations.
    The distance is Euclidean. Generated images of characters or writers without real
    images are left out.

    Args:
        generated: features (n, width).
        generated_writers, generated_labels: imitated writer and character of each
            image, (n,).
        real, real_writers, real_labels: the same of real images, (m, ...). Several
            writers should have each character, or its mean removes the hand.

    Returns:
        A dict: "accuracy" in [0, 1]; "chance", one over the number of real writers;
        "writers", that number; "images", the number of images compared.

    Raises:
        InputError: fewer than two real writers, a writer with a single character, or no
            generated image of a real writer and character.
    """
    generated, real = feature_pair(generated, real)
    writers, labels = np.asarray(generated_writers), np.asarray(generated_labels)
    feature_matrix(generated, "generated", writers=writers, labels=labels)
    _, real_writers, real_labels = _checked(real, real_writers, real_labels)
    compared = np.isin(writers, real_writers) & np.isin(labels, real_labels)
    if not compared.any():
        raise InputError(
            "No generated image has a writer and a character of the real images; "
            "generate in their hands, or check the names of the writers."
        )
    names, writer = np.unique(real_writers, return_inverse=True)
    centred = centred_by_character(real, real_labels)
    sums, counts = _sums(centred, writer, len(names))
    correct = 0
    for label in np.unique(labels[compared]):
        own = real_labels == label
        own_sums, own_counts = _sums(centred[own], writer[own], len(names))
        others = counts - own_counts
        if not others.all():
            raise InputError(
                f"The writer {names[others == 0][0]} has real images of one character "
                "alone; leave the writer out, or give more characters."
            )
        centres = (sums - own_sums) / others[:, None]
        chosen = compared & (labels == label)
        moved = generated[chosen] - real[own].mean(axis=0)
        nearest = names[cdist(moved, centres).argmin(axis=1)]
        correct += np.sum(nearest == writers[chosen])
    return {
        "accuracy": float(correct / compared.sum()),
        "chance": 1 / len(names),
        "writers": len(names),
        "images": int(compared.sum()),
    }


def _checked(features, writers, labels):
    features = feature_matrix(features, "given", 2, writers=writers, labels=labels)
    writers, labels = np.asarray(writers), np.asarray(labels)
    names, writer = np.unique(writers, return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"All images are by one writer, {names[0]}; give images by two or more."
        )
    both = np.unique([writer, np.unique(labels, return_inverse=True)[1]], axis=1)
    if np.bincount(both[0]).max() < 2:
        raise InputError(
            "No writer has images of two characters; hands are compared across "
            "characters, so give more of them."
        )
    return features, writers, labels


def _sums(features, positions, count):
    """Sums (count, width) and numbers (count,) of the rows at each position."""
    sums = np.zeros((count, features.shape[1]))
    np.add.at(sums, positions, features)
    return sums, np.bincount(positions, minlength=count)


def _random_precision(same):
    """Expected average precision of a random order."""
    count, relevant = len(same), same.sum()
    if count == 1:
        return 1.0
    harmonic = np.sum(1 / np.arange(1, count + 1))
    return (harmonic + (relevant - 1) / (count - 1) * (count - harmonic)) / count


def _pairs(count, most, seed):
    """Positions (first, second) of all pairs of `count`, or of `most` drawn ones."""
    if count * (count - 1) // 2 <= most:
        return np.triu_indices(count, 1)
    pairs = np.random.default_rng(seed).integers(0, count, (most, 2))
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.divmod(np.unique(pairs @ [count, 1]), count)
