"""Whose hand it is: retrieval and verification of writers, likeness to their centres.

All measures compare images of *different* characters, so that a likeness is one of the
hands. Features of a recogniser tell characters first: subtract what is common to a
character with `centred_by_character` before retrieval and verification.
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
        labels: the character of each, (n,).
        real, real_labels: the images whose means are subtracted; None: these.

    Returns:
        float64 (n, width).

    Raises:
        InputError: a character has no image among the real ones.
    """
    if real is None:
        real, real_labels = features, labels
    features = feature_matrix(features, "given", labels=labels)
    real = feature_matrix(real, "real", labels=real_labels)
    known, positions = np.unique(np.asarray(real_labels), return_inverse=True)
    means = _means(real, positions, len(known))
    missing = np.setdiff1d(labels, known)
    if len(missing):
        raise InputError(
            f"There is no real image of {len(missing)} characters, such as "
            f"{missing[0]}; leave them out."
        )
    return features - means[np.searchsorted(known, labels)]


def writer_retrieval(
    features: ArrayLike,
    writers: ArrayLike,
    labels: ArrayLike,
    most_queries: int = 2000,
    seed: int = 0,
) -> dict:
    """Does an image find its writer's other characters before other writers'?

    Each image is a query once; the candidates are all images of other characters, by
    descending cosine similarity. Top-1 is the share of queries whose first candidate is
    by the same writer; the mean average precision (mAP) is over all of the writer's
    candidates. Queries whose writer has no candidate are left out.

    Args:
        features: (n, width), centred by character.
        writers, labels: writer and character of each image, (n,).
        most_queries: of more images than this, as many are drawn as queries.
        seed: integer, of the draw.

    Returns:
        A dict: "top1" and "map" in [0, 1], "top1_chance" and "map_chance", what an
        order at random is expected to reach, and "queries", how many there were.

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
        # Of equally similar candidates an average one is the first.
        first = same[similarity == similarity.max()].mean()
        precision = average_precision_score(same, similarity)
        rows.append((first, precision, same.mean(), _random_precision(same)))
    if not rows:
        raise InputError(
            "No query has another character by its writer; give more queries."
        )
    top1, precision, top1_chance, map_chance = np.mean(rows, axis=0)
    return {
        "top1": float(top1),
        "top1_chance": float(top1_chance),
        "map": float(precision),
        "map_chance": float(map_chance),
        "queries": len(rows),
    }


def writer_verification(
    features: ArrayLike,
    writers: ArrayLike,
    labels: ArrayLike,
    most_pairs: int = 1_000_000,
    seed: int = 0,
) -> dict:
    """Are two images of different characters by one writer? By cosine similarity.

    The equal error rate is where as large a share of pairs by one writer is refused as
    of pairs by two is accepted; between thresholds it is interpolated. The area under
    the ROC curve (AUC) is the chance that a pair by one writer is more similar than a
    pair by two. At random both are 0.5.

    Args:
        features: (n, width), centred by character.
        writers, labels: writer and character of each image, (n,).
        most_pairs: of more pairs than this, as many are drawn.
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
    accepted, found, _ = roc_curve(same, similarity)
    # Refused minus accepted falls from 1 to -1 along the curve.
    rate = np.interp(0.0, accepted - (1 - found), accepted)
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
    """How often a generated image is nearest to the writer whose hand it should have.

    From each feature the mean of its character over the real images is subtracted. A
    writer's centre is the mean over the writer's real images of all *other* characters;
    so a real image may be asked, too, and gives what a perfect imitation can reach.
    Nearest is by Euclidean distance. Generated images of characters or writers without
    real images are left out.

    Args:
        generated: features (n, width).
        generated_writers: whose hand each should be, (n,).
        generated_labels: the character of each, (n,).
        real, real_writers, real_labels: the same of real images, (m, ...); each
            character should be by several writers, or its mean takes the hand away.

    Returns:
        A dict: "accuracy" in [0, 1]; "chance", one over the number of real writers;
        "writers", that number; "images", how many were asked.

    Raises:
        InputError: fewer than two real writers, one with a single character, or no
            generated image of a real writer and character.
    """
    generated, real = feature_pair(generated, real)
    feature_matrix(
        generated, "generated", writers=generated_writers, labels=generated_labels
    )
    _, real_writers, real_labels = _checked(real, real_writers, real_labels)
    generated_writers = np.asarray(generated_writers)
    generated_labels = np.asarray(generated_labels)
    asked = np.isin(generated_writers, real_writers)
    asked &= np.isin(generated_labels, real_labels)
    if not asked.any():
        raise InputError(
            "No generated image has a writer and a character of the real images; "
            "generate in their hands, or check the names of the writers."
        )
    names, writer = np.unique(real_writers, return_inverse=True)
    centred = centred_by_character(real, real_labels)
    sums, counts = _sums(centred, writer, len(names))
    right = 0
    for label in np.unique(generated_labels[asked]):
        own = real_labels == label
        own_sums, own_counts = _sums(centred[own], writer[own], len(names))
        others = counts - own_counts
        if not others.all():
            raise InputError(
                f"The writer {names[others == 0][0]} has real images of one character "
                "alone; leave the writer out, or give more characters."
            )
        centres = (sums - own_sums) / others[:, None]
        chosen = asked & (generated_labels == label)
        moved = generated[chosen] - real[own].mean(axis=0)
        nearest = names[cdist(moved, centres).argmin(axis=1)]
        right += np.sum(nearest == generated_writers[chosen])
    return {
        "accuracy": float(right / asked.sum()),
        "chance": 1 / len(names),
        "writers": len(names),
        "images": int(asked.sum()),
    }


def _checked(features, writers, labels):
    features = feature_matrix(features, "given", 2, writers=writers, labels=labels)
    writers, labels = np.asarray(writers), np.asarray(labels)
    names, writer = np.unique(writers, return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"All images are by one writer, {names[0]}; writers can be told apart "
            "where there are two or more."
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


def _means(features, positions, count):
    sums, counts = _sums(features, positions, count)
    return sums / counts[:, None]


def _random_precision(same):
    """Expected average precision of a random order: by position, averaged."""
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
