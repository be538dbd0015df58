"""Hands between two hands, for the stroke writer to learn from."""

import numpy as np
from numpy.typing import NDArray

# A hand is mixed with one that wrote this share of its characters, or more.
_SHARED = 0.5
# The larger part is the hand's own, so that its joins are in keeping with its lines.
_MOST = 0.5


class HandMixer:
    """Draws for a hand another one to be mixed with it, and finds what that one wrote.

    Args:
        sources: integer array (tracks,), numbers of the hands.
        labels: integer array (tracks,), class ids of their characters.
    """

    def __init__(self, sources: NDArray, labels: NDArray) -> None:
        self.tracks = np.full((sources.max() + 1, labels.max() + 1), -1)
        self.tracks[sources, labels] = np.arange(len(sources))
        wrote = (self.tracks >= 0).astype(np.float32)
        shared = wrote @ wrote.T
        enough = np.maximum(1, _SHARED * shared.diagonal())
        np.fill_diagonal(shared, 0)
        self.partners = shared >= enough[:, None]

    def draw(self, hands, chance, rng) -> tuple[NDArray, NDArray]:
        """Other hands, and their shares in the mixtures.

        Args:
            hands: integer array (n,), numbers of hands.
            chance: that a hand is mixed, where another wrote enough of its characters.
            rng: a NumPy generator.

        Returns:
            (numbers of hands, -1 for none; float32 numbers of 0 to 0.5), (n,) each.
        """
        mixed = rng.random(len(hands)) < chance
        order = rng.random((len(hands), len(self.partners)))
        order = np.where(self.partners[hands], order, -1)
        mixed &= self.partners[hands].any(1)
        share = _MOST * rng.random(len(hands))
        return np.where(mixed, order.argmax(1), -1), share.astype(np.float32)

    def find(self, hands, labels) -> NDArray[np.int64]:
        """The tracks of characters by hands; -1: there is none.

        Args:
            hands: integer array (n,), numbers of hands; -1 for none.
            labels: integer array (n, m), class ids.

        Returns:
            (n, m).
        """
        return np.where(hands[:, None] < 0, -1, self.tracks[hands[:, None], labels])


def mixed(one, other, share) -> tuple[NDArray, NDArray]:
    """Lines between the lines of two hands.

    What only one of them wrote with the pen down stays as in `one`, line for line, and
    the pen is down where it is in `one`.

    Args:
        one, other: (lines, radii) of the same strokes, float32 (..., P, 2) and
            (..., P).
        share: float32 (...), that of `other`, 0 to 1.

    Returns:
        (lines, radii) of the same shapes.
    """
    (lines, radii), (lines_2, radii_2) = one, other
    both = (radii.max(-1) > 0) & (radii_2.max(-1) > 0)
    share = np.where(both, share, np.float32(0))[..., None]
    # A line may be lifted for a part; there it has no width to be mixed.
    inked = (share > 0) & (radii > 0) & (radii_2 > 0)
    # Widths are mixed as the eye compares them: by their ratio.
    ratio = np.divide(radii_2, radii, out=np.ones_like(radii), where=inked)
    return lines + share[..., None] * (lines_2 - lines), radii * ratio**share
