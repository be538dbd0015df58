"""Batches of tracks, with new simulated writers in every epoch."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.rows import Groups, check_rows, row_generator
from hwgen_keras.data.stroke_store import SIMULATED, StrokeStore
from hwgen_keras.errors import InputError, check_whole, described
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.strokes import strokes

# Numbers of strokes are rounded up to a multiple, or each would be compiled for itself.
_MULTIPLE = 4
# Seeds below name the simulated writers of stores and tests, which no epoch draws.
_FIRST_SEED = 1_000_000


class Templates:
    """KanjiVG's strokes of the characters of tracks, filled up to one array.

    Args:
        characters: the `CharacterSet` of the labels.
        labels: the class ids that occur.
        points: P, points of each stroke.

    Attributes:
        counts: int64 (classes,), the number of strokes; 0 for other classes.
        lines: float32 (classes, strokes, P, 2).
    """

    def __init__(self, characters: CharacterSet, labels: NDArray, points: int) -> None:
        known = {label: strokes(characters[label], points) for label in set(labels)}
        self.counts = np.zeros(len(characters), np.int64)
        most = max(map(len, known.values()), default=0)
        shape = len(characters), _rounded(most), points, 2
        self.lines = np.zeros(shape, np.float32)
        for label, lines in known.items():
            self.counts[label] = len(lines)
            self.lines[label, : len(lines)] = lines


class StrokeBatches:
    """An epoch of tracks after the other, in batches of like numbers of strokes.

    A batch is a dict of arrays; S is its greatest number of strokes, rounded up to a
    multiple of 4, and L = 2 S - 1 the number of lines:

    - `points`: float32 (batch, L, P, 2), strokes and the ways between them in turn, see
      `Track`;
    - `radii`: float32 (batch, L, P), 0 where the pen is lifted;
    - `present`: bool (batch, L), whether the character has the line;
    - `strokes`: int32 (batch,), the number of strokes;
    - `template`: float32 (batch, S, P, 2), KanjiVG's strokes;
    - `label`: int32 (batch,), class ids, positions in `characters`;
    - `writer`: int32 (batch,), positions in the store's `source_names`, behind which
      follow the epoch's simulated writers;
    - `references`, if there are any: such a dict of (batch × references) other tracks
      by the writer of each row, in turn; a row whose writer has no other is its own.

    The batches depend on the seed and the epoch alone. Each track of the store occurs
    once in an epoch, but for those that do not fill a batch.

    Args:
        store: a `StrokeStore`; None: simulated writers alone.
        batch_size: rows of a batch.
        simulated_writers: writers that are drawn anew.
        characters_each: characters that each of them writes, drawn by chance.
        epochs_each: epochs for which each of them stays; drawing their tracks takes
            most of the time. With 2 or more, an equal share is new in each epoch.
        characters: the `CharacterSet` of the labels; None: the store's.
        points: P; None: the store's.
        references: other tracks by the same writer to give with each row.
        weights: float (n,), chances of the store's tracks; None: each once.
        rows_per_epoch: rows drawn of the store, with `weights`; None: n.
        seed: of everything random.

    Raises:
        InputError: there are neither tracks nor simulated writers, too few for a batch,
            or KanjiVG has another number of strokes for a character.

    Example:
        >>> tracks = [hw.PenWriter(seed).track("あ") for seed in range(4)]
        >>> store = hw.StrokeStore.of_tracks(tracks, list("abcd"), hw.SIMULATED)
        >>> batches = hw.StrokeBatches(store, batch_size=2)
        >>> [batch["points"].shape for batch in batches.epoch(0)]
        [(2, 7, 24, 2), (2, 7, 24, 2)]
    """

    def __init__(
        self,
        store: StrokeStore | None,
        batch_size: int,
        simulated_writers: int = 0,
        characters_each: int = 100,
        epochs_each: int = 1,
        characters: CharacterSet | None = None,
        points: int | None = None,
        references: int = 0,
        weights: ArrayLike | None = None,
        rows_per_epoch: int | None = None,
        seed: int = 0,
    ) -> None:
        if store is not None and not isinstance(store, StrokeStore):
            raise InputError(f"store is {described(store)}; give a StrokeStore.")
        check_whole(batch_size, "batch_size", 1)
        check_whole(simulated_writers, "simulated_writers", 0)
        check_whole(characters_each, "characters_each", 1)
        check_whole(epochs_each, "epochs_each", 1)
        check_whole(references, "references", 0)
        if store is None and (not simulated_writers or None in (characters, points)):
            raise InputError(
                "Without a store there are no tracks; give simulated_writers, "
                "characters and points."
            )
        if store is not None and characters is not None:
            store = store.relabel(characters)
        self.store, self.batch_size, self.seed = store, batch_size, seed
        self.simulated_writers, self.references = simulated_writers, references
        self.epochs_each = epochs_each
        # Stores of the simulated writers of the last epoch, by their seeds.
        self._pens: dict[tuple[int, ...], StrokeStore] = {}
        self.characters: Any = characters or store.characters  # type: ignore[union-attr]
        self.points: Any = points or store.points  # type: ignore[union-attr]
        check_set(self.characters)
        self._written = self._characters_of_pens()
        self.characters_each = min(characters_each, len(self._written))
        labels = self._written if store is None else [*self._written, *store.labels]
        self._templates = Templates(self.characters, np.unique(labels), self.points)
        self._weights = None
        self._rows = 0 if store is None else len(store)
        if store is not None:
            self._check_store(store)
            self._set_weights(store, weights, rows_per_epoch)
        if len(self) == 0:
            raise InputError(
                f"An epoch has {self._rows_of_all} tracks, fewer than a batch of "
                f"{batch_size}; give more, or a smaller batch_size."
            )

    def _characters_of_pens(self):
        """The class ids that simulated writers can write."""
        if not self.simulated_writers:
            return np.zeros(0, np.int64)
        covers = PenWriter(0).covers
        known = [i for i, c in enumerate(self.characters) if covers(c)]
        if not known:
            raise InputError(
                f"KanjiVG has no character of the set {self.characters.name}; "
                "simulated writers cannot write it."
            )
        return np.array(known)

    def _check_store(self, store):
        if store.points != self.points:
            raise InputError(
                f"The store has {store.points} points a line, not {self.points}; give "
                "its number, or none."
            )
        wrong = np.flatnonzero(
            store.stroke_counts != self._templates.counts[store.labels]
        )
        if len(wrong):
            index = wrong[0]
            label = store.labels[index]
            raise InputError(
                f"Track {index} of the store has {store.stroke_counts[index]} strokes, "
                f"and KanjiVG {self._templates.counts[label]} for "
                f"{self.characters[label]}; make the store again."
            )

    def _set_weights(self, store, weights, rows_per_epoch):
        if weights is None:
            if rows_per_epoch is not None:
                raise InputError(
                    "rows_per_epoch needs weights: without them each track occurs once."
                )
            return
        weights = np.asarray(weights, float)
        if weights.shape != (len(store),) or not (weights >= 0).all():
            raise InputError(
                f"The weights have the shape {weights.shape}; give a number of 0 or "
                f"more for each of the {len(store)} tracks."
            )
        if not 0 < weights.sum() < np.inf:
            raise InputError("The weights of the tracks have no finite sum above 0.")
        self._weights = weights / weights.sum()
        self._rows = check_rows(rows_per_epoch or len(store))

    @property
    def _rows_of_all(self):
        return self._rows + self.simulated_writers * self.characters_each

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._rows_of_all // self.batch_size

    def epoch(self, epoch: int) -> Iterator[dict[str, Any]]:
        """The batches of an epoch.

        Args:
            epoch: number of the epoch, from 0.

        Yields:
            Dicts of arrays, see the class.
        """
        rng = row_generator(self.seed, epoch)
        store, rows = self._tracks(rng, epoch)
        # Those that do not fill a batch are others in every epoch.
        rows = rng.permutation(rows)[: len(self) * self.batch_size]
        order = np.argsort(store.stroke_counts[rows], kind="stable")
        batches = rows[order].reshape(len(self), self.batch_size)
        batches = batches[rng.permutation(len(batches))]
        references = self._draw_references(rng, store, batches)
        for chosen, others in zip(batches, references, strict=True):
            batch = self._arrays(store, chosen)
            if self.references:
                batch["references"] = self._arrays(store, others.ravel())
            yield batch

    def _tracks(self, rng, epoch):
        """The store of an epoch, and the rows drawn of it."""
        rows = np.arange(self._rows)
        if self._weights is not None:
            rows = rng.choice(len(self._weights), self._rows, p=self._weights)
        if not self.simulated_writers:
            return self.store, rows
        simulated = self._simulate(epoch)
        known = () if self.store is None else (self.store,)
        store = _beside(*known, *simulated)
        new = np.arange(len(store) - sum(map(len, simulated)), len(store))
        return store, np.concatenate([rows, new])

    def _simulate(self, epoch):
        """Stores of the simulated writers of an epoch, one of each writer."""
        keys = [
            (self.seed, number, (epoch + number) // self.epochs_each)
            for number in range(self.simulated_writers)
        ]
        self._pens = {key: self._pens.get(key) or self._draw_pen(key) for key in keys}
        return list(self._pens.values())

    def _draw_pen(self, key):
        """The tracks of a new simulated writer."""
        rng = np.random.default_rng(key)
        writer = PenWriter(int(rng.integers(_FIRST_SEED, 2**31)))
        labels = rng.choice(self._written, self.characters_each, replace=False)
        characters = [self.characters[label] for label in labels]
        tracks = [writer.track(c, points=self.points) for c in characters]
        names = [writer.name] * len(tracks)
        store = StrokeStore.of_tracks(tracks, names, SIMULATED)
        return store.relabel(self.characters)

    def _draw_references(self, rng, store, batches):
        """(batches, batch_size, references): other tracks by the same writers."""
        shape = *batches.shape, self.references
        if not self.references:
            return np.zeros(shape, np.int64)
        groups = Groups(np.arange(len(store)), store.sources)
        place = np.empty(len(store), np.int64)
        place[groups.members] = np.arange(len(store))
        rows = np.broadcast_to(batches[..., None], shape).ravel()
        sources = store.sources[rows]
        several = groups.sizes[sources] > 1
        position = place[rows]
        drawn = groups.draw(rng, sources, position, position + several)
        return drawn.reshape(shape)

    def _arrays(self, store, rows):
        """The batch of some tracks of a store."""
        points, radii = store.decode(rows)
        counts, labels = store.stroke_counts[rows], store.labels[rows]
        most = _rounded(counts.max())
        missing = 2 * most - 1 - points.shape[1]
        return {
            "points": np.pad(points, ((0, 0), (0, missing), (0, 0), (0, 0))),
            "radii": np.pad(radii, ((0, 0), (0, missing), (0, 0))),
            "present": np.arange(2 * most - 1) < 2 * counts[:, None] - 1,
            "strokes": counts.astype(np.int32),
            "template": self._templates.lines[labels, :most],
            "label": labels,
            "writer": store.sources[rows],
        }


def _beside(*stores):
    """Stores as one; merged, their writers would get other numbers."""
    counts = [len(store.source_names) for store in stores]
    first = np.repeat(np.cumsum(counts) - counts, [len(store) for store in stores])
    return StrokeStore(
        PackedFiles.join([store.records for store in stores]),
        np.concatenate([store.labels for store in stores]),
        first + np.concatenate([store.sources for store in stores]),
        np.concatenate([store.kinds for store in stores]),
        sum((store.source_names for store in stores), ()),
        stores[0].characters,
        stores[0].points,
        sum((store.licences for store in stores), ()),
    )


def _rounded(count):
    return -(-int(count) // _MULTIPLE) * _MULTIPLE
