"""Traits of hands in numbers, and how closely generated images follow them."""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.data.forms import second_moments, slant_and_stretch
from hwgen_keras.errors import InputError

LEAST_CHARACTERS = 5


def trait_by_hand(
    generated: tuple[NDArray, NDArray, NDArray],
    real: tuple[NDArray, NDArray, NDArray],
    trait: str = "ink",
    least: int = LEAST_CHARACTERS,
) -> list[dict]:
    """A trait of generated and of real images by each hand, of the same characters.

    Args:
        generated, real: (images, writers, labels): uint8 (n, height, width), 0 ink, 255
            paper; names (n,); class ids (n,).
        trait: `"ink"`, the mean blackness, from 0, paper, to 1, all black; `"slant"`,
            the shift of ink to the right per length upwards; or `"proportions"`, the
            logarithm of the horizontal over the vertical spread of ink without slant.
        least: the fewest characters that both must have of a hand, or it is left out.

    Returns:
        A list of {"hand", "characters", "generated", "real"}: means over the
        characters.

    Raises:
        InputError: there is no such trait.

    Example:
        >>> images = np.full((5, 8, 8), 255, "uint8")
        >>> images[:, 2:6] = 0
        >>> set_of_one = images, np.array(["a"] * 5), np.arange(5)
        >>> point, = hw.evaluation.trait_by_hand(set_of_one, set_of_one)
        >>> point["real"]
        0.5

    Reference: slant and proportions are the second central moments of Teague, Image
    analysis via the general theory of moments, 1980.
    """
    if trait not in TRAITS:
        raise InputError(f"There is no trait {trait!r}; use {', '.join(TRAITS)}.")
    function, points = TRAITS[trait], []
    values = [(function(images), *names) for images, *names in (generated, real)]
    for hand in np.unique(generated[1]):
        own = [(value[w == hand], k[w == hand]) for value, w, k in values]
        labels = np.intersect1d(own[0][1], own[1][1])
        if len(labels) < least:
            continue
        means = [
            float(np.mean([value[k == label].mean() for label in labels]))
            for value, k in own
        ]
        point = {"hand": str(hand), "characters": len(labels)}
        points.append({**point, "generated": means[0], "real": means[1]})
    return points


def trait_followed(points: list[dict]) -> dict | None:
    """Correlation and slope of a trait of generated images against that of the hands.

    Args:
        points: of `trait_by_hand`.

    Returns:
        {"r": correlation over the hands, from -1 to 1; "slope": change for each unit of
        the real trait, 1 if all differences are kept; "hands": their number}; None for
        fewer than three hands, or hands without differences.
    """
    real, generated = (
        np.array([point[name] for point in points]) for name in ("real", "generated")
    )
    if len(points) < 3 or real.std() == 0 or generated.std() == 0:
        return None
    return {
        "r": float(np.corrcoef(real, generated)[0, 1]),
        "slope": float(np.polyfit(real, generated, 1)[0]),
        "hands": len(points),
    }


# {trait: a function, images → values (n,)}.
TRAITS = {
    "ink": lambda images: 1 - images.reshape(len(images), -1).mean(axis=1) / 255,
    "slant": lambda images: slant_and_stretch(second_moments(images))[0],
    "proportions": lambda images: slant_and_stretch(second_moments(images))[1],
}
