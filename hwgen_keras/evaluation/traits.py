"""How each hand writes, in numbers: whether generated images follow it."""

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.data.forms import second_moments, slant_and_stretch
from hwgen_keras.errors import InputError

LEAST_CHARACTERS = 5


def trait_by_hand(
    made: tuple[NDArray, NDArray, NDArray],
    real: tuple[NDArray, NDArray, NDArray],
    trait: str = "ink",
    least: int = LEAST_CHARACTERS,
) -> list[dict]:
    """A trait of generated and of real images by each hand, of the same characters.

    Args:
        made, real: (images, writers, labels) of generated and real images: uint8
            (n, height, width), 0 ink, 255 paper; names (n,); class ids (n,).
        trait: `"ink"`, the mean blackness, from 0, paper, to 1, all black; `"slant"`,
            how far ink moves to the right per length upwards; or `"proportions"`,
            the logarithm of the spread of ink across over that down, the slant
            taken away.
        least: how many characters both must have of a hand for it to count.

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
    values = [TRAITS[trait](images) for images, _, _ in (made, real)]
    points = []
    for hand in np.unique(made[1]):
        chosen = [images[1] == hand for images in (made, real)]
        labels = np.intersect1d(made[2][chosen[0]], real[2][chosen[1]])
        if len(labels) < least:
            continue
        generated, written = (
            _mean_of(value[own], images[2][own], labels)
            for value, images, own in zip(values, (made, real), chosen, strict=True)
        )
        points.append(
            {
                "hand": str(hand),
                "characters": len(labels),
                "generated": generated,
                "real": written,
            }
        )
    return points


def trait_followed(points: list[dict]) -> dict | None:
    """How closely a trait of generated images goes with that of the hands.

    Args:
        points: of `trait_by_hand`.

    Returns:
        {"r": correlation over the hands, from -1 to 1, "slope": what is gained for
        each unit of the real trait, 1 if all differences are kept, "hands": how
        many}; None of fewer than three hands, or hands that are all alike.
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


def _ink(images):
    return 1 - images.reshape(len(images), -1).mean(axis=1) / 255


def _slant(images):
    return slant_and_stretch(second_moments(images))[0]


def _proportions(images):
    return slant_and_stretch(second_moments(images))[1]


TRAITS = {"ink": _ink, "slant": _slant, "proportions": _proportions}


def _mean_of(values, labels, wanted):
    return float(np.mean([values[labels == label].mean() for label in wanted]))
