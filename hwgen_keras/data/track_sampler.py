"""Batches of tracks for the stroke writer, each row with strokes of its hand."""

import math

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import StructureTokenizer
from hwgen_keras.characters.knowledge import Encodes
from hwgen_keras.data.hand_mixer import HandMixer
from hwgen_keras.data.hand_strokes import HandStrokes, padded
from hwgen_keras.data.rows import InputTable, row_generator
from hwgen_keras.data.stroke_store import StrokeStore
from hwgen_keras.errors import InputError, check_number, check_whole
from hwgen_keras.sources.hand import warp

# A batch has characters of at most so many strokes more than the fewest in it.
_STEP = 4
# The golden ratio: evenly spread numbers, of which two in turn are 0.38 or more apart.
_GOLDEN = 0.6180339887498949
_LARGEST_SHARE = 0.38
# Rows of a batch that are by the same hand, which is then encoded once.
_ROWS_OF_HAND = 8
# Deviations of what makes another hand of a hand: of its proportions, of its slant and
# stretch, and of the logarithm of its width.
_PLANE, _LEAN, _WIDTH = 0.1, 0.1, 0.35
# Other samples of a hand that are drawn to be shown, where so many are asked for.
MOST_SAMPLES = 20


class TrackSampler:
    """Draws batches of tracks, with strokes of other characters of each row's hand.

    A batch depends on the seed and its number alone. Its characters have about as many
    strokes, so that little is filled up.

    Args:
        store: a `StrokeStore`, whose sources are the hands.
        batch_size: rows of a batch.
        seed: whole number of at least 0.
        pairs: strokes of the hand that a row is shown, at most.
        samples: of how many other characters these are: 1 to so many, drawn for each
            row.
        weights: (n,) numbers of 0 or more, how often the hand of each track is drawn
            for its sake; None: all alike.
        variation: how much each drawn hand becomes another one, whose proportions,
            slant, stretch and width are its own: 0, the default, not at all; with 1
            about as much as simulated writers differ. Few hands become many, so that
            the writer has to look at what it is shown.
        mixed_hands: the share of the drawn hands, 0 to 1, that become a hand between
            two, where another one wrote half of their characters or more: its strokes
            lie between those of both. So are there hands that lie between the fonts.
        tokenizer: optional `StructureTokenizer`, for a condition that needs structures.
        condition: optional `Condition` of the writer, or its class; its inputs are
            drawn for each row's character.

    Raises:
        InputError: a track has another number of strokes than KanjiVG's character, or
            an argument is out of range.
    """

    def __init__(
        self,
        store: StrokeStore,
        batch_size: int,
        seed: int = 0,
        pairs: int = 64,
        samples: int = MOST_SAMPLES,
        weights: NDArray | None = None,
        variation: float = 0.0,
        mixed_hands: float = 0.0,
        tokenizer: StructureTokenizer | None = None,
        condition: Encodes | None = None,
    ) -> None:
        for name, value in (
            ("batch_size", batch_size),
            ("pairs", pairs),
            ("samples", samples),
        ):
            check_whole(value, name, 1)
        check_whole(seed, "seed", 0)
        check_number(variation, "variation", "a number of 0 or more")
        self.store, self.batch_size, self.seed = store, batch_size, seed
        check_number(mixed_hands, "mixed_hands", "a number from 0 to 1", most=1)
        self.variation, self.mixed_hands = variation, mixed_hands
        self.pairs, self.samples = pairs, samples
        self.rows_of_hand = math.gcd(batch_size, _ROWS_OF_HAND)
        # The tracks of a hand lie in turn.
        self.order = np.argsort(store.sources, kind="stable")
        self.sources = store.sources[self.order]
        self.labels = store.labels[self.order]
        self.strokes = HandStrokes([store.track(i).filling() for i in self.order])
        if mixed_hands:
            self.mixer = HandMixer(self.sources, self.labels)
            if not self.mixer.partners.any():
                raise InputError(
                    f"mixed_hands is {mixed_hands}, and no hand wrote half of the "
                    "characters of another; give hands of the same characters, such as "
                    "strokes fitted to fonts, or 0."
                )
        self.tokenizer, self.condition = tokenizer, condition
        self._inputs = None
        if condition is not None:
            self._inputs = InputTable(
                store.characters, store.labels, tokenizer, condition
            )
        self.widths = self._widths()
        weights = np.ones(len(store)) if weights is None else np.asarray(weights, float)
        self.weights = weights[self.order]

    def _widths(self):
        """The number of strokes to which each track is filled up."""
        widths = -(-self.strokes.counts // _STEP) * _STEP
        shares = np.unique(widths, return_counts=True)[1] / len(widths)
        # A graph learns that the number varies from the first two batches.
        if len(shares) > 1 and shares.max() > _LARGEST_SHARE:
            return np.full_like(widths, widths.max())
        return widths

    def rows(self, step: int, rng) -> NDArray[np.int64]:
        """The tracks of a batch, several of a hand in turn.

        Args:
            step: number of the batch.
            rng: a NumPy generator.

        Returns:
            Numbers of tracks in the order of the hands, (hands, rows of each).
        """
        start = row_generator(self.seed, 0).random()
        place = (start + step * _GOLDEN) % 1.0
        order = np.argsort(self.widths, kind="stable")
        until = np.cumsum(self.weights[order])
        # A place near 1 must not lie behind the last track.
        chosen = np.searchsorted(until[:-1], place * until[-1], side="right")
        width = self.widths[order[chosen]]
        tracks = np.flatnonzero(self.widths == width)
        # Hands with more such characters are drawn more often.
        chance = self.weights[tracks] / self.weights[tracks].sum()
        count = self.batch_size // self.rows_of_hand
        hands = self.sources[rng.choice(tracks, count, p=chance)]
        low = np.searchsorted(self.sources[tracks], hands)
        high = np.searchsorted(self.sources[tracks], hands, side="right")
        drawn = rng.random((len(hands), self.rows_of_hand))
        return tracks[low[:, None] + (drawn * (high - low)[:, None]).astype(np.int64)]

    def batch(self, step: int) -> dict[str, NDArray]:
        """The data of a `StrokeDiffusion`, a dict of arrays.

        Args:
            step: number of the batch, from 0.
        """
        rng = row_generator(self.seed, step + 1)
        return self.batch_of(self.rows(step, rng), rng)

    def batch_of(self, rows, rng) -> dict[str, NDArray]:
        """The data of given tracks.

        Args:
            rows: numbers of tracks in the order of the hands, (hands, rows of each).
            rng: a NumPy generator, for the strokes of the hands.
        """
        shown, parts = self._others(rows, rng), self.strokes
        others = shown_others = share = None
        if self.mixed_hands:
            hands, share = self.mixer.draw(
                self.sources[rows[:, 0]], self.mixed_hands, rng
            )
            others = self.mixer.find(hands, self.labels[rows]).ravel()
            shown_others = self.mixer.find(hands, self.labels[shown])
            # A mixed hand shows what both wrote.
            shown = np.where((hands[:, None] >= 0) & (shown_others < 0), -1, shown)
        rows, width = rows.ravel(), self.widths[rows].max()
        counts = parts.counts[rows]
        place = np.concatenate([np.arange(count) for count in counts])
        index = np.repeat(parts.first[rows], counts) + place
        lines, radii = parts.written(index, *self._places(others, share, counts, place))
        ends = np.cumsum(counts)[:-1]
        template, mask = padded(np.split(parts.templates[index], ends), width)
        lines, _ = padded(np.split(lines, ends), width)
        radii, _ = padded(np.split(radii, ends), width)
        shape = len(rows), 2 * width, parts.lines.shape[2]
        data = {
            "template": template,
            "template_mask": mask,
            "points": lines.reshape(*shape, 2)[:, :-1],
            "radii": radii.reshape(shape)[:, :-1],
            **parts.pairs(shown, self.pairs, rng, shown_others, share),
        }
        if self.variation:
            data = self._varied(data, len(shown), rng)
        if self._inputs is not None:
            data |= self._inputs.draw(rng, self.labels[rows])
        return data

    def _places(self, others, share, counts, place):
        """Each stroke's number in the tracks of other hands, and these hands' share."""
        if others is None:
            return None, None
        track = np.repeat(others, counts)
        rows = len(counts) // len(share)
        number = np.where(track < 0, -1, self.strokes.first[track] + place)
        return number, np.repeat(np.repeat(share, rows), counts)

    def _varied(self, data, hands, rng):
        """The data of a batch in other hands; the templates stay."""
        spread = self.variation * rng.standard_normal((hands, 4))
        planes = self.variation * _PLANE * rng.standard_normal((hands, 2, 4))
        stretch, slant, rise = _LEAN * spread[:, :3].T
        lean = np.stack([1 + stretch, -slant, -rise, 1 - stretch], -1)
        lean = lean.reshape(-1, 2, 2)
        width = np.exp(_WIDTH * spread[:, 3])
        for points, radii in (("points", "radii"), ("hand_points", "hand_radii")):
            # All rows of a hand change alike.
            lines = data[points].reshape(hands, -1, 2)
            lines = np.stack([warp(*both) for both in zip(lines, planes, strict=True)])
            lines = 0.5 + (lines - 0.5) @ lean.transpose(0, 2, 1)
            data[points] = lines.reshape(data[points].shape).astype(np.float32)
            widths = data[radii].reshape(hands, -1) * width[:, None]
            data[radii] = widths.reshape(data[radii].shape).astype(np.float32)
        return data

    def _others(self, rows, rng):
        """Tracks of other characters by each hand: (hands, samples); -1: none."""
        hands = self.sources[rows[:, 0]]
        low = np.searchsorted(self.sources, hands)
        high = np.searchsorted(self.sources, hands, side="right")
        drawn = rng.random((len(hands), self.samples)) * (high - low)[:, None]
        chosen = low[:, None] + drawn.astype(np.int64)
        shown = rng.integers(1, self.samples + 1, len(hands))
        used = np.arange(self.samples) < shown[:, None]
        same = self.labels[chosen][:, :, None] == self.labels[rows][:, None]
        return np.where(used & ~same.any(2), chosen, -1)
