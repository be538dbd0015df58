"""Distances between the distributions of generated and real features.

Features are the codes (n, width) of a recogniser of this package, not of Inception: the
distances compare sets under one recogniser, not with published FID or KID.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import svdvals
from sklearn.metrics.pairwise import polynomial_kernel

from hwgen_keras.errors import InputError

# Images in a subset, as in the published code.
_SUBSET = 1000


def frechet_glyph_distance(real: ArrayLike, generated: ArrayLike) -> float:
    """Squared Fréchet distance of Gaussians fitted to two sets of features.

    |m - m'|² + tr(S) + tr(S') - 2 tr((S S')^½), with the means and covariances of the
    two sets. Its bias is positive and falls as the number of images grows. Give at
    least twice, better ten times, as many images as a feature is wide, and equally many
    in all sets that are compared.

    Args:
        real, generated: features (n, width) and (m, width).

    Returns:
        A float, 0 or more; 0 for sets of equal mean and covariance.

    Raises:
        InputError: fewer than 2 rows, values that are not finite, or unequal widths.

    Reference: Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to
    a Local Nash Equilibrium, 2017 (FID); Dowson and Landau, 1982, the equation.
    """
    real, generated = feature_pair(real, generated, least=2)
    means = real.mean(axis=0), generated.mean(axis=0)
    # With S = A'A and S' = B'B, tr((S S')^½) is the sum of the singular values of AB',
    # also where a covariance is singular.
    a, b = (
        # By NumPy's type stubs, every mode returns two matrices.
        np.asarray(np.linalg.qr((x - mean) / np.sqrt(len(x) - 1), mode="r"))
        for x, mean in zip((real, generated), means, strict=True)
    )
    traces = np.sum(a**2) + np.sum(b**2)
    distance = np.sum((means[0] - means[1]) ** 2) + traces - 2 * svdvals(a @ b.T).sum()
    return max(0.0, float(distance))


def kernel_glyph_distance(
    real: ArrayLike,
    generated: ArrayLike,
    subsets: int = 100,
    subset_size: int | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Unbiased squared maximum mean discrepancy (MMD²) with the kernel of KID.

    The kernel is (x·y / width + 1)³. The mean does not depend on the number of images,
    so it suits sets of a few dozen. For two sets of one distribution it is around 0 and
    may be negative.

    Args:
        real, generated: features (n, width) and (m, width).
        subsets: pairs of subsets to draw, each without replacement.
        subset_size: images in a subset; None: 1000, or half of the smaller set.
        seed: integer.

    Returns:
        (mean, standard deviation) over the subsets. Subsets share images, so the
        deviation is no standard error of the mean.

    Raises:
        InputError: see `frechet_glyph_distance`; or a subset below 2 or larger than a
            set.

    Reference: Bińkowski et al., Demystifying MMD GANs, 2018.
    """
    real, generated = feature_pair(real, generated, least=2)
    smaller = min(len(real), len(generated))
    if subset_size is None:
        subset_size = min(_SUBSET, max(2, smaller // 2))
    if not 2 <= subset_size <= smaller:
        raise InputError(
            f"A subset of {subset_size} images cannot be drawn from {smaller}; give a "
            f"subset_size from 2 to {smaller}."
        )
    if subsets < 1:
        raise InputError(f"There are {subsets} subsets; give 1 or more.")
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(subsets):
        x, y = (
            rng.choice(features, subset_size, replace=False)
            for features in (real, generated)
        )
        kernels = polynomial_kernel(x), polynomial_kernel(y)
        within = sum(kernel.sum() - np.trace(kernel) for kernel in kernels)
        across = polynomial_kernel(x, y).mean()
        values.append(within / (subset_size * (subset_size - 1)) - 2 * across)
    return float(np.mean(values)), float(np.std(values))


def feature_pair(
    real: ArrayLike, generated: ArrayLike, least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two sets of features as float64 matrices of one width, or InputError."""
    real = feature_matrix(real, "real", least)
    generated = feature_matrix(generated, "generated", least)
    if real.shape[1] != generated.shape[1]:
        raise InputError(
            f"The real features are {real.shape[1]} wide and the generated ones "
            f"{generated.shape[1]}; encode both with one recogniser."
        )
    return real, generated


def feature_matrix(
    features: ArrayLike, name: str, least: int = 1, **columns
) -> NDArray[np.float64]:
    """Features (n, width), n `least` or more, as a float64 matrix, or InputError.

    Of `columns`, {name: values (n,)} such as labels, only the length is checked.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or not features.shape[1]:
        raise InputError(
            f"The {name} features have shape {features.shape}; give (images, width)."
        )
    if len(features) < least:
        raise InputError(
            f"There are {len(features)} {name} images and at least {least} are needed; "
            "give more."
        )
    if not np.isfinite(features).all():
        raise InputError(
            f"The {name} features are not all finite numbers; check the recogniser."
        )
    for column, values in columns.items():
        if len(values) != len(features):
            raise InputError(
                f"There are {len(features)} {name} images and {len(values)} {column}; "
                "give one for each image."
            )
    return features
