"""Strokes of hands beside those of KanjiVG, for the stroke writer."""

import functools

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.data.hand_mixer import mixed
from hwgen_keras.errors import InputError
from hwgen_keras.sources import Track
from hwgen_keras.sources.strokes import strokes

# The strokes of the template are placed as lines of this radius.
_TEMPLATE_RADIUS = 0.02


@functools.cache
def template_strokes(character: str, points: int) -> NDArray[np.float32]:
    """The strokes of KanjiVG in the place that the stroke writer knows.

    They fill the box as images do; small kana and punctuation keep their place.

    Args:
        character: a string of one character.
        points: points of a stroke.

    Returns:
        Read-only float32 array (strokes, points, 2).

    Raises:
        InputError: KanjiVG does not describe the character.
    """
    lines = strokes(character, points)
    radii = np.full(lines.shape[:2], _TEMPLATE_RADIUS)
    placed = np.ascontiguousarray(
        Track.of_strokes(character, lines, radii).filling().strokes
    )
    placed.setflags(write=False)
    return placed


def padded(items, count: int) -> tuple[NDArray, NDArray[np.bool_]]:
    """Arrays of different lengths as one array, and the mask of what they have.

    Args:
        items: list of b arrays (n, ...), n at most `count`.
        count: length of a row.

    Returns:
        (b, count, ...), filled up with zeros, and bool (b, count).
    """
    rows = np.zeros((len(items), count, *items[0].shape[1:]), items[0].dtype)
    mask = np.zeros((len(items), count), bool)
    for row, item in enumerate(items):
        rows[row, : len(item)], mask[row, : len(item)] = item, True
    return rows, mask


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most so many of the numbers below `count`, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


class HandStrokes:
    """The strokes of many tracks as pairs: the template's and the written one.

    Args:
        tracks: list of `Track`, all with as many points a line, in the place that the
            stroke writer knows (`Track.filling`).

    Attributes:
        counts: int64 (tracks,), the number of strokes of each track.

    Raises:
        InputError: a track has another number of strokes than KanjiVG's character.
    """

    def __init__(self, tracks) -> None:
        self.counts = np.array([track.n for track in tracks])
        self.first = np.cumsum(self.counts) - self.counts
        templates, written, widths = [], [], []
        for track in tracks:
            template = template_strokes(track.character, track.points.shape[1])
            if len(template) != track.n:
                raise InputError(
                    f"A track of {track.character} has {track.n} strokes and KanjiVG "
                    f"{len(template)}; leave it out, or match it to KanjiVG's strokes."
                )
            templates.append(template)
            rest = np.repeat(track.points[-1:, -1:], track.points.shape[1], axis=1)
            lines = np.concatenate([track.points, rest])
            radii = np.concatenate([track.radii, 0 * track.radii[:1]])
            written.append(lines.reshape(track.n, 2, -1, 2))
            widths.append(radii.reshape(track.n, 2, -1))
        self.templates = np.concatenate(templates)
        self.lines, self.radii = np.concatenate(written), np.concatenate(widths)

    def written(self, index, others=None, share=None) -> tuple[NDArray, NDArray]:
        """Lines and radii of strokes, mixed with those of another hand.

        Args:
            index: integer array, numbers of strokes.
            others: as many numbers of the other hand's strokes, -1 for none; None:
                nothing is mixed.
            share: float32 of a shape that fits, that of the other hand, 0 to 1.

        Returns:
            (..., 2, P, 2) and (..., 2, P).
        """
        own = self.lines[index], self.radii[index]
        if others is None:
            return own
        share = np.where(others < 0, np.float32(0), share)[..., None]
        return mixed(own, (self.lines[others], self.radii[others]), share)

    def pairs(self, chosen, count, rng, others=None, share=None) -> dict[str, NDArray]:
        """The inputs of a hand from some of its tracks.

        Args:
            chosen: integer array (hands, samples), numbers of tracks; -1 for none.
            count: most pairs of a hand; of more, evenly spread ones are drawn.
            rng: a NumPy generator.
            others: (hands, samples), the tracks of the same characters by another
                hand that is mixed with it, -1 for none; None: nothing is mixed.
            share: float32 (hands,), that of the other hand, 0 to 1.

        Returns:
            The inputs `hand_template`, `hand_points`, `hand_radii` and `hand_mask` of a
            `StrokeWriter`, with `count` pairs a hand.
        """
        lengths = np.where(chosen < 0, 0, self.counts[chosen])
        ends = np.cumsum(lengths, axis=1)
        total = ends[:, -1:]
        # Evenly spread from a random start on; where there are fewer, all.
        spread = (np.arange(count) + rng.random((len(chosen), 1))) / count
        position = np.where(total > count, spread * total, np.arange(count))
        position = position.astype(np.int64)
        mask = position < total
        position = np.where(mask, position, 0)
        # The track in which a position lies: how many end at it or before it.
        slot = (position[:, :, None] >= ends[:, None]).sum(2)
        slot = np.minimum(slot, chosen.shape[1] - 1)
        track = np.take_along_axis(chosen, slot, 1)
        start = np.take_along_axis(ends - lengths, slot, 1)
        index = np.where(mask, self.first[track] + position - start, 0)
        if others is not None:
            other = np.take_along_axis(others, slot, 1)
            place = self.first[other] + position - start
            others, share = np.where(mask & (other >= 0), place, -1), share[:, None]
        lines, radii = self.written(index, others, share)
        return {
            "hand_template": self.templates[index],
            "hand_points": lines,
            "hand_radii": radii,
            "hand_mask": mask,
        }
