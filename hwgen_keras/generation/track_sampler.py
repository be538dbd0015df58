"""The rows of a set that a stroke writer writes: which character in which hand."""

import collections
import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import MOST_SAMPLES, StrokeStore
from hwgen_keras.errors import InputError, check_whole
from hwgen_keras.generation.batches import divided
from hwgen_keras.generation.rows import DRAWS, CharacterRows
from hwgen_keras.generation.tracks import PAIRS, hand_strokes, write_shown
from hwgen_keras.sources.images import check_layout
from hwgen_keras.sources.looks import Look
from hwgen_keras.sources.strokes import has_strokes

# What the provenance calls the strokes that a stroke writer moves.
TEMPLATE = "KanjiVG"
# Batches whose rows are sorted by their numbers of strokes.
_TOGETHER = 4


class TrackGenerationSampler(CharacterRows):
    """Draws who writes each character, and which tracks of the hand are shown.

    The sibling of `GenerationSampler` for stroke writers. Row r at its attempt a
    follows from (seed, r, a) alone, not from its batch. It has the columns `label`,
    `content`, which is -1, and `style`, the tracks that are shown; -1: none.

    Args:
        store: a `StrokeStore`, whose sources are the hands.
        characters: the `CharacterSet` to write; those that KanjiVG lacks are left out.
        count: images of each character, or a dict {character: images}.
        image_size: side of the images in pixels.
        seed: integer of 0 or more.
        hand_samples: tracks of the hand that are shown for each row, at most; those of
            other characters, if there are any.
        look: `"clean"`, `"pen"` or `"scan"`, see `Look`.

    Raises:
        InputError: KanjiVG has none of the characters, or lacks one that `count`
            names; a track has another number of strokes than KanjiVG's character; there
            is no such look; or a value is out of range.

    Example:
        >>> hand = [hw.PenWriter(1).track(character) for character in "あいう"]
        >>> store = hw.StrokeStore.of_tracks(hand, ["one"] * 3, hw.SIMULATED)
        >>> characters = hw.CharacterSet("two", "永遠")
        >>> sampler = hw.TrackGenerationSampler(store, characters, 3, image_size=32)
        >>> sampler.draw([0, 5])["label"].tolist()
        [0, 1]
    """

    store: StrokeStore

    def __init__(
        self,
        store: StrokeStore,
        characters: CharacterSet,
        count: int | dict[str, int],
        image_size: int,
        seed: int = 0,
        hand_samples: int = MOST_SAMPLES,
        look: str = "clean",
    ) -> None:
        self.look = Look(look, seed)
        check_layout(image_size, 0.0)
        check_whole(hand_samples, "hand_samples", 1)
        able = [
            label
            for label, character in enumerate(characters)
            if has_strokes(character)
        ]
        if not able:
            raise InputError(
                f"KanjiVG has no strokes for any character of {characters.name}; "
                "choose other characters."
            )
        lack = "KanjiVG has no strokes for"
        super().__init__(characters, able, count, lack, "do not ask for it")
        self.store, self.image_size, self.seed = store, image_size, seed
        self.hand_samples = hand_samples
        self.strokes = hand_strokes(
            [store.track(index) for index in range(len(store))], store.points
        )
        self.hands = [
            np.flatnonzero(store.sources == source)
            for source in np.unique(store.sources)
        ]
        known = [
            characters.index(c) if c in characters else -1 for c in store.characters
        ]
        self._labels = np.array(known)[store.labels]

    def request(self) -> dict:
        """All that determines the rows of a store, as JSON."""
        digest = hashlib.sha256()
        for array in (self.labels, self.counts):
            digest.update(array.tobytes())
        digest.update("".join(self.characters[label] for label in self.labels).encode())
        return {
            "seed": self.seed,
            "hand_samples": self.hand_samples,
            "image_size": self.image_size,
            "look": self.look.name,
            "count": self._requested(),
            "sha256": digest.hexdigest(),
        }

    def batches(self, writer, batch_size: int, pool) -> "TrackBatches":
        """The `TrackBatches` of a stroke writer.

        Args:
            writer, batch_size, pool: see `TrackBatches`.
        """
        return TrackBatches(writer, self, batch_size, pool)

    def template_of(self, content: int) -> str:
        """What a character was before it was written in the hand.

        Args:
            content: -1.
        """
        return TEMPLATE

    def draw(self, rows: ArrayLike, attempt: int = 0) -> dict[str, NDArray]:
        """The table of rows at an attempt, a dict of arrays.

        Args:
            rows: (n,) integers from 0, in any order.
            attempt: number of images of these rows that were rejected before.
        """
        rows = np.asarray(rows)
        labels = self.label_of(rows)[0]
        style = np.full((len(rows), self.hand_samples), -1, np.int32)
        for shown, row, label in zip(style, rows, labels, strict=True):
            rng = self._rng(row, attempt)
            hand = self.hands[rng.integers(len(self.hands))]
            others = hand[self._labels[hand] != label]
            # Training showed no writer the character to be written.
            drawn = rng.permutation(others if len(others) else hand)
            shown[: len(drawn)] = drawn[: len(shown)]
        return {
            "content": np.full(len(rows), -1, np.int32),
            "style": style,
            "label": labels.astype(np.int32),
        }

    def shown(self, rows, table, attempt) -> dict[str, NDArray]:
        """The inputs of each row's hand, of those that `draw` gave.

        Args:
            rows, table, attempt: those of `draw`.
        """
        parts = collections.defaultdict(list)
        for row, style in zip(rows, table["style"], strict=True):
            rng = self._rng(row, attempt, 1)
            for name, value in self.strokes.pairs(style[None], PAIRS, rng).items():
                parts[name].append(value)
        return {name: np.concatenate(values) for name, values in parts.items()}

    def _rng(self, row, attempt, *more):
        return np.random.default_rng((self.seed, int(row), attempt, DRAWS, *more))


class TrackBatches:
    """Writes rows with a stroke writer, and draws them; threads do all but the network.

    The images are not scanned yet.

    Args:
        writer: a built `StrokeWriter`.
        sampler: a `TrackGenerationSampler`.
        batch_size: characters written at once.
        pool: the threads, a `concurrent.futures.Executor`.
        ahead: batches prepared in advance.
    """

    def __init__(self, writer, sampler, batch_size, pool, ahead=2):
        self.writer, self.sampler = writer, sampler
        self.batch_size, self.pool, self.ahead = batch_size, pool, ahead

    def written(self, parts, attempt=0):
        """Yields (rows, their table, uint8 images), batch by batch.

        `parts` is a list of arrays or ranges of rows; no batch has rows of two.
        """
        # Of several batches, characters with as many strokes fill one together.
        size = _TOGETHER * self.batch_size
        waiting: collections.deque = collections.deque()
        for batch in divided(parts, size):
            waiting.append(self.pool.submit(self._prepare, batch, attempt))
            if len(waiting) > self.ahead:
                yield self._write(*waiting.popleft().result())
        while waiting:
            yield self._write(*waiting.popleft().result())

    def _prepare(self, rows, attempt):
        table = self.sampler.draw(rows, attempt)
        seeds = [(self.sampler.seed, row, attempt) for row in rows.tolist()]
        return rows, table, self.sampler.shown(rows, table, attempt), seeds

    def _write(self, rows, table, shown, seeds):
        characters = [self.sampler.characters[label] for label in table["label"]]
        tracks = write_shown(self.writer, characters, shown, seeds, self.batch_size)
        size, look = self.sampler.image_size, self.sampler.look

        def draw(track, hand, seed):
            _, row, attempt = seed
            return look.ink(track, size, hand, row, attempt)

        hands = self.sampler.hands_of(table)
        images = list(self.pool.map(draw, tracks, hands, seeds))
        return rows, table, np.stack(images)
