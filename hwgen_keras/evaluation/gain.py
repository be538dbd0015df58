"""What one training set is worth beside another: statistics over seeds.

Every seed of every arm reads the same test images. So an interval here tells what
another seed would change, not what other writers would.
"""

import math
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
        values: one a seed.

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
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return mean, t * statistics.stdev(values) / math.sqrt(len(values))


def error_reduction(
    before: Sequence[float], after: Sequence[float]
) -> tuple[float | None, float | None]:
    """By how much errors are fewer, as a share of those before.

    The interval is that of the differences of seeds, over the mean error before; it
    takes that error as known.

    Args:
        before, after: accuracies in [0, 1], one a seed, in the same order of seeds.

    Returns:
        (reduction, half width of its 95 % interval); 1 is no error left, below 0 more
        errors. Both are None where there was no error; the half width alone is None
        for a single seed.

    Raises:
        InputError: the seeds are not as many.
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
    """Half the width of the 95 % interval that a number of test images leaves.

    As large as this is what other images by as many independent hands would change;
    images by few hands tell less. From Wilson's score, as `content_accuracy`.

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
    """Test images that changed most between two arms.

    Args:
        before, after: bool (seeds, images), whether a seed read an image right; the
            arms may have different numbers of seeds.
        most: how many to return of each sort.

    Returns:
        Two lists of indices of images: those that a larger share of the seeds reads
        right after than before, and those that fewer do; the largest change first,
        equal ones in the order of the images.
    """
    change = _shares(after) - _shares(before)
    order = np.argsort(-change, kind="stable")
    better = [int(index) for index in order if change[index] > 0][:most]
    order = np.argsort(change, kind="stable")
    worse = [int(index) for index in order if change[index] < 0][:most]
    return better, worse


def changed_characters(
    labels: ArrayLike, before: ArrayLike, after: ArrayLike
) -> list[dict]:
    """How well two arms read each character.

    Args:
        labels: class ids (images,).
        before, after: bool (seeds, images), see `changed_images`.

    Returns:
        A list of dicts, one for each class id in `labels`: "label", "images", "before"
        and "after", the share of right readings over seeds and images, and "change";
        the largest gain first.
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
    """The share of seeds that read each image right, (images,)."""
    right = np.asarray(right)
    if right.ndim != 2 or right.dtype != bool or not right.size:
        raise InputError(
            f"The readings have shape {right.shape} and type {right.dtype}; give bool "
            "of shape (seeds, images)."
        )
    return right.mean(axis=0)
