"""Statistics over seeds that compare two training sets.

Every seed of every arm reads the same test images. So an interval is that of another
seed, not of other writers.
"""

import statistics
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from hwgen_keras.errors import InputError

CONFIDENCE = 0.95


def mean_interval(values: Iterable[float]) -> tuple[float, float | None]:
    """Mean and half the width of its 95 % interval, by Student's t.

    Args:
        values: a value a seed.

    Returns:
        (mean, half width); the half width is None for a single value.

    Raises:
        InputError: there is no value.
    """
    values = [float(value) for value in values]
    if not values:
        raise InputError("There is no result to average; train one seed or more.")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return mean, None
    t = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return mean, float(t * stats.sem(values))


def error_reduction(
    before: Sequence[float], after: Sequence[float]
) -> tuple[float | None, float | None]:
    """The relative reduction of the error rate.

    The interval is that of the differences of seeds, over the mean error before; it
    ignores the uncertainty of that error.

    Args:
        before, after: accuracies in [0, 1], one a seed, in the same order of seeds.

    Returns:
        (reduction, half width of its 95 % interval); 1: no error is left; below 0: more
        errors. Both are None where there was no error; the half width alone is None
        for a single seed.

    Raises:
        InputError: the numbers of seeds differ.
    """
    if len(before) != len(after):
        raise InputError(
            f"There are {len(before)} and {len(after)} seeds; differences are paired, "
            "give the same ones."
        )
    error = 1 - statistics.fmean(before)
    if error <= 0:
        return None, None
    differences = [a - b for b, a in zip(before, after, strict=True)]
    mean, half = mean_interval(differences)
    return mean / error, None if half is None else half / error


def chance_interval(accuracy: float, images: int) -> float:
    """Half the width of an accuracy's 95 % interval, by Wilson's score.

    The interval is for independent images; that of images by few hands is wider.

    Args:
        accuracy: in [0, 1].
        images: number of test images.
    """
    test = stats.binomtest(round(accuracy * images), images)
    interval = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.high - interval.low) / 2


def changed_images(
    before: ArrayLike, after: ArrayLike, most: int
) -> tuple[list[int], list[int]]:
    """The test images whose readings changed most between two arms.

    Args:
        before, after: bool (seeds, images), whether a seed read an image correctly; the
            arms may have different numbers of seeds.
        most: the longest list to return.

    Returns:
        Two lists of indices of images: those that a larger share of the seeds reads
        correctly after than before, and those that a smaller share does; the largest
        change first, equal changes in the order of the images.
    """
    change = _shares(after) - _shares(before)

    def largest(gain):
        order = np.argsort(-gain, kind="stable")
        return order[gain[order] > 0][:most].tolist()

    return largest(change), largest(-change)


def changed_characters(
    labels: ArrayLike, before: ArrayLike, after: ArrayLike
) -> list[dict]:
    """The accuracies of two arms for each character.

    Args:
        labels: class ids (images,).
        before, after: bool (seeds, images), see `changed_images`.

    Returns:
        A dict for each class id in `labels`, the largest gain first: "label", "images",
        "before" and "after", the accuracies over seeds and images, and "change".
    """
    labels = np.asarray(labels)
    shares = _shares(before), _shares(after)
    rows = []
    for label in np.unique(labels):
        first, second = (float(share[labels == label].mean()) for share in shares)
        rows.append(
            {
                "label": int(label),
                "images": int(np.sum(labels == label)),
                "before": first,
                "after": second,
                "change": second - first,
            }
        )
    return sorted(rows, key=lambda row: -row["change"])


def _shares(right):
    """The share of seeds that read each image correctly, (images,)."""
    right = np.asarray(right)
    if right.ndim != 2 or right.dtype != bool or not right.size:
        raise InputError(
            f"The readings have shape {right.shape} and type {right.dtype}; give bool "
            "of shape (seeds, images)."
        )
    return right.mean(axis=0)
