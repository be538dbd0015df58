"""How black the writing of each hand is: whether generated images follow its pen."""

import numpy as np
from numpy.typing import NDArray

LEAST_CHARACTERS = 5


def ink_by_hand(
    made: tuple[NDArray, NDArray, NDArray],
    real: tuple[NDArray, NDArray, NDArray],
    least: int = LEAST_CHARACTERS,
) -> list[dict]:
    """Mean ink of generated and of real images by each hand, of the same characters.

    Args:
        made, real: (images, writers, labels) of generated and real images: uint8
            (n, height, width), 0 ink, 255 paper; names (n,); class ids (n,).
        least: how many characters both must have of a hand for it to count.

    Returns:
        A list of {"hand", "characters", "generated", "real"}; ink from 0, paper, to
        1, all black.
    """
    points = []
    for hand in np.unique(made[1]):
        chosen = [images[1] == hand for images in (made, real)]
        labels = np.intersect1d(made[2][chosen[0]], real[2][chosen[1]])
        if len(labels) < least:
            continue
        generated, written = (
            _mean_ink(images[own], characters[own], labels)
            for (images, _, characters), own in zip((made, real), chosen, strict=True)
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


def ink_followed(points: list[dict]) -> dict | None:
    """How closely the ink of generated images goes with that of the hands.

    Args:
        points: of `ink_by_hand`.

    Returns:
        {"r": correlation over the hands, from -1 to 1, "slope": ink that is gained
        for each unit of real ink, 1 if all differences are kept, "hands": how many};
        None of fewer than three hands, or hands that are all alike.
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


def _mean_ink(images, labels, wanted):
    ink = 1 - images.reshape(len(images), -1).mean(axis=1) / 255
    return float(np.mean([ink[labels == label].mean() for label in wanted]))
