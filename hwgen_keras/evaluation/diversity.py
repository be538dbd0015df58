"""How much images of one character differ: distances and near-duplicates."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from hwgen_keras.data import duplicates
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.distances import feature_matrix


def diversity(features: ArrayLike, labels: ArrayLike) -> dict:
    """Mean Euclidean distance of two images of one character.

    The mean over the pairs of each character, then over the characters with two images
    or more. It does not depend on how many images a character has. Noise is diverse,
    too: compare accuracies as well, and real images under the same recogniser.

    Args:
        features: (n, width).
        labels: the character of each image, (n,).

    Returns:
        A dict: "distance", 0 or more; "characters", the number averaged.

    Raises:
        InputError: no character has two images.
    """
    features = feature_matrix(features, "given", labels=labels)
    labels = np.asarray(labels)
    means = [
        pdist(features[labels == label]).mean()
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
        if count > 1
    ]
    if not means:
        raise InputError("No character has two images; diversity needs more of them.")
    return {"distance": float(np.mean(means)), "characters": len(means)}


def near_duplicate_share(
    images: NDArray[np.uint8],
    labels: ArrayLike | None = None,
    others: tuple[NDArray[np.uint8], ArrayLike | None] | None = None,
) -> float:
    """The share of images that have a near-duplicate.

    Their thumbnails correlate at 0.98 or more; `hwgen_keras.data.duplicates` finds them
    by random planes and may miss a few. Simple characters such as 一 are alike without
    being copies.

    Args:
        images: uint8 (n, height, width), 0 ink, 255 paper.
        labels: the character of each image, (n,), to compare within characters only;
            None: all with all.
        others: (images, labels) of a set such as the training images; an image then
            counts if it has a near-duplicate in this set: was it memorised?

    Returns:
        A float in [0, 1].

    Raises:
        InputError: no images, or images of another shape or type.
    """
    thumbnails = duplicates.thumbnails_of(images)
    labels = np.zeros(len(thumbnails), int) if labels is None else np.asarray(labels)
    count = len(thumbnails)
    if others is not None:
        thumbnails = np.concatenate([thumbnails, duplicates.thumbnails_of(others[0])])
        more = np.zeros(len(others[0]), int) if others[1] is None else others[1]
        labels = np.concatenate([labels, more])
    if len(labels) != len(thumbnails):
        raise InputError(
            f"There are {len(thumbnails)} images and {len(labels)} labels; give one "
            "for each image."
        )
    total = 0
    for label in np.unique(labels[:count]):
        positions = np.flatnonzero(labels == label)
        for group in duplicates.near_duplicates(thumbnails[positions]):
            own = np.sum(positions[group] < count)
            if others is None or own < len(group):
                total += own
    return float(total / count)
