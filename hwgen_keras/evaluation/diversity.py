"""Whether a generator writes a character in many ways, or one way again and again."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from hwgen_keras.data import duplicates
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.distances import feature_matrix


def diversity(features: ArrayLike, labels: ArrayLike) -> dict:
    """Mean Euclidean distance of two images of one character.

    The mean over the pairs of each character, then over the characters; those with
    one image have no pair and are left out. It does not depend on how many images a
    character has. Noise is diverse, too: read it beside the accuracy, and against the
    diversity of real images under the same recogniser.

    Args:
        features: (n, width).
        labels: the character of each image, (n,).

    Returns:
        A dict: "distance", 0 or more; "characters", how many were averaged.

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
    """The share of images that are almost the same as another one.

    Almost the same are thumbnails that correlate at 0.98 or more, as
    `hwgen_keras.data.duplicates` finds them (by random planes: a few may be missed).
    Simple characters such as 一 are alike without being copies.

    Args:
        images: uint8 (n, height, width), 0 ink, 255 paper.
        labels: the character of each image, (n,), to compare within characters
            alone; None: all with all.
        others: (images, labels) of a set such as the training images; then an image
            counts if one of these is in its group: was it learned by heart?

    Returns:
        A float in [0, 1].

    Raises:
        InputError: no images, or not of that kind.
    """
    thumbnails = duplicates.thumbnails_of(images)
    labels = np.zeros(len(thumbnails), int) if labels is None else np.asarray(labels)
    count = len(thumbnails)
    if others is not None:
        thumbnails = np.concatenate([thumbnails, duplicates.thumbnails_of(others[0])])
        more = others[1]
        if more is None:
            more = np.zeros(len(others[0]), int)
        labels = np.concatenate([labels, more])
    if len(labels) != len(thumbnails):
        raise InputError(
            f"There are {len(thumbnails)} images and {len(labels)} labels; give one "
            "for each image."
        )
    found = 0
    for label in np.unique(labels[:count]):
        positions = np.flatnonzero(labels == label)
        for group in duplicates.near_duplicates(thumbnails[positions]):
            own = np.sum(positions[group] < count)
            if others is None or own < len(group):
                found += own
    return float(found / count)
