"""StrokeStore: tracks of characters, packed for random access."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Self, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.packed_store import PackedStore
from hwgen_keras.data.store_file import STROKES
from hwgen_keras.data.store_writer import PackedWriter
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath
from hwgen_keras.sources import Track

ONLINE = 0
"""Kind of a track in a store: recorded with a pen."""
FITTED = 1
"""Kind of a track in a store: fitted to the ink of a glyph or a scan."""
SIMULATED = 2
"""Kind of a track in a store: of a simulated writer."""

# Numbers on disk are whole multiples of 1/8192, from -4 to 4: they are off by at most
# 0.00006 of the box. Half precision would be off by 0.00024 near 1.
_UNITS = 8192
_NUMBER = np.dtype("<i2")
# x, y and radius of a point.
_COLUMNS = 3


class StrokeStore(PackedStore):
    """Tracks of characters, with their labels, writers, kinds and licences.

    On disk a coordinate is off by at most 0.00006 of the box, and so is a radius; one
    above 0 stays above 0.

    Args:
        records: `PackedFiles`, or a list of packed tracks as bytes, as `pack` makes
            them.
        labels: int32 (n,), class ids, positions in `characters`.
        sources: int32 (n,), positions in `source_names`.
        kinds: uint8 (n,), each `ONLINE`, `FITTED` or `SIMULATED`.
        source_names: the writers, or the fonts that tracks were fitted to.
        characters: the `CharacterSet` of the labels.
        points: P, the points of each line.
        licences: for each source the licence of its handwriting, "" if unknown.

    Attributes:
        stroke_counts: int64 (n,), the number of strokes of each track.

    Raises:
        InputError: the columns differ in number from the tracks, or are out of range.

    Example:
        >>> tracks = [hw.PenWriter(seed).track("あ") for seed in (1, 2)]
        >>> store = hw.StrokeStore.of_tracks(tracks, ["one", "two"], hw.SIMULATED)
        >>> store
        StrokeStore(2 tracks of 24 points a line, 1 of 1 characters, 2 sources)
        >>> store.track(store.find("あ", "two")[0]).n
        3
    """

    store_format = STROKES
    arguments = (
        *("records", "labels", "sources", "kinds"),
        *("source_names", "characters", "points", "licences"),
    )

    def __init__(
        self,
        records: PackedFiles | Sequence[bytes],
        labels: ArrayLike,
        sources: ArrayLike,
        kinds: ArrayLike,
        source_names: Iterable[str],
        characters: CharacterSet,
        points: int,
        licences: Iterable[str],
    ) -> None:
        if not isinstance(records, PackedFiles):
            records = PackedFiles.pack(records)
        self.records = records
        self.points = int(points)
        self.licences = tuple(licences)
        self._set_columns(labels, sources, kinds, source_names, characters)
        if len(self.licences) != len(self.source_names):
            raise InputError(
                f"A stroke store has {len(self.source_names)} sources and "
                f"{len(self.licences)} licences; give one for each source."
            )
        lines, rest = np.divmod(self.records.length, self._line_bytes)
        if rest.any() or not (lines % 2).all() or self.points < 2:
            raise InputError(
                f"The tracks of the store {' '.join(self.records.names)} are not of "
                f"{self.points} points a line; make the store again."
            )
        self.stroke_counts = (lines + 1) // 2

    @property
    def _line_bytes(self):
        return self.points * _COLUMNS * _NUMBER.itemsize

    @classmethod
    def of_tracks(
        cls,
        tracks: Iterable[Track],
        sources: Iterable[str],
        kind: int,
        licences: Mapping[str, str] | None = None,
    ) -> Self:
        """Packs tracks that are in memory.

        Args:
            tracks: list of `Track`, all with the same number of points a line.
            sources: for each track the name of its writer.
            kind: `ONLINE`, `FITTED` or `SIMULATED`.
            licences: {name of a writer: licence}; default: unknown.

        Raises:
            InputError: there is no track, they differ in their points, or the names
                are not as many.
        """
        tracks = as_list(tracks, "tracks", "a list of Track", Track)
        names = as_list(sources, "sources", "a list of names, one for each track", str)
        if not tracks or len(names) != len(tracks):
            raise InputError(
                f"There are {len(tracks)} tracks and {len(names)} sources; give at "
                "least one track, and the name of the writer of each."
            )
        points = {track.points.shape[1] for track in tracks}
        if len(points) > 1:
            raise InputError(
                f"The tracks have {min(points)} to {max(points)} points a line; give "
                "all the same number (Track.resampled)."
            )
        writers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        characters = dict.fromkeys(track.character for track in tracks)
        known = CharacterSet("tracks", characters)
        return cls(
            [pack(track) for track in tracks],
            [known.index(track.character) for track in tracks],
            [writers[name] for name in names],
            np.full(len(tracks), kind),
            writers,
            known,
            points.pop(),
            [(licences or {}).get(name, "") for name in writers],
        )

    def _writer(self, path):
        return StrokeStoreWriter(path, self.characters, self.points)

    def track(self, index: SupportsIndex) -> Track:
        """One track.

        Args:
            index: number of the track, from 0.
        """
        points, radii = self.decode(operator.index(index))
        return Track(self.characters[self.labels[index]], points[0], radii[0])

    def decode(self, indices: ArrayLike) -> tuple[NDArray, NDArray]:
        """The tracks at `indices`, filled up with lifted lines to the same number.

        Args:
            indices: one or n integers, numbers of tracks.

        Returns:
            float32 points (n, lines, P, 2) and radii (n, lines, P), where lines is the
            greatest number of lines among the tracks; further lines are 0.
        """
        indices = np.atleast_1d(np.asarray(indices, np.int64))
        length = self.records.length[indices] // _NUMBER.itemsize
        start = self.records.start[indices] // _NUMBER.itemsize
        block = self.records.block[indices]
        position = np.arange(length.max(initial=0))
        numbers = np.empty((len(indices), len(position)), _NUMBER)
        for number in np.unique(block):
            rows = block == number
            content = self.records.blocks[number].view(_NUMBER)
            # What follows the last track of a block is not there to be read.
            wanted = start[rows, None] + position
            numbers[rows] = content[np.minimum(wanted, len(content) - 1)]
        numbers[position >= length[:, None]] = 0
        lines = len(position) // (self.points * _COLUMNS)
        shape = len(indices), lines, self.points, _COLUMNS
        values = numbers.reshape(shape).astype(np.float32) / _UNITS
        return values[..., :2], values[..., 2]


class StrokeStoreWriter(PackedWriter):
    """Writes a stroke store; its file appears when it is complete.

    The tracks go to disk at once; 13 bytes of each stay in memory until the end.

    Args:
        path: the file to write; an older one is replaced at the end.
        characters: the `CharacterSet` of the labels.
        points: P, the points of each line.

    Raises:
        InputError: the path is empty, or `characters` is no `CharacterSet`; at the end,
            if there is no track; or the disk is full.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> with hw.StrokeStoreWriter("two.store", characters, points=24) as writer:
        ...     writer.add(hw.PenWriter(1).track("あ"), "pen-0001", hw.SIMULATED, "")
        >>> hw.StrokeStore.open("two.store")
        StrokeStore(1 tracks of 24 points a line, 1 of 2 characters, 1 sources)
    """

    store_format = STROKES

    def __init__(self, path: StrPath, characters: CharacterSet, points: int) -> None:
        super().__init__(path, characters, points)
        self.points = points

    def add(self, track: Track, source: str, kind: int, licence: str) -> None:
        """Adds a track.

        Args:
            track: a `Track` of a character of the set, with `points` points a line.
            source: name of the writer.
            kind: `ONLINE`, `FITTED` or `SIMULATED`.
            licence: of the source's handwriting; "" if it is unknown.

        Raises:
            InputError: a character outside the set, another number of points, another
                kind, or the disk is full.
        """
        label = self.characters.index(track.character)
        if track.points.shape[1] != self.points:
            raise InputError(
                f"The track of {track.character} by {source} has "
                f"{track.points.shape[1]} points a line; all of {self.path} must have "
                f"{self.points}."
            )
        if kind not in (ONLINE, FITTED, SIMULATED):
            raise InputError(
                f"The kind of the track of {track.character} by {source} is {kind!r}; "
                "use ONLINE, FITTED or SIMULATED."
            )
        number = self._sources.number(source, kind, licence)
        self._add(pack(track), label, number, kind)


def pack(track: Track) -> bytes:
    """A track as the bytes that a store keeps: x, y and radius of each point in turn.

    Args:
        track: the `Track`.
    """
    columns = np.concatenate([track.points, track.radii[..., None]], axis=-1)
    units = np.round(columns.astype(np.float64) * _UNITS)
    # A pen that is down stays down, however thin the line.
    units[..., 2] = np.where(track.radii > 0, np.maximum(units[..., 2], 1), 0)
    return np.clip(units, -(1 << 15), (1 << 15) - 1).astype(_NUMBER).tobytes()
