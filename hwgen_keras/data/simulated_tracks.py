"""Tracks of simulated writers as a stroke store."""

from collections.abc import Sequence

import numpy as np

from hwgen_keras import parallel
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.rows import row_generator
from hwgen_keras.data.stroke_store import SIMULATED, StrokeStore
from hwgen_keras.sources import PenWriter


def simulated_tracks(
    writers: Sequence[int],
    characters: CharacterSet,
    each: int,
    points: int = 24,
    seed: int = 0,
    workers: int | None = None,
) -> StrokeStore:
    """A stroke store of simulated writers, who each write some of the characters.

    Args:
        writers: seeds of the `PenWriter`s.
        characters: the `CharacterSet`, of which each writer has a choice of his own.
        each: number of characters of a writer, at most all.
        points: points of a line.
        seed: of the choices.
        workers: number of processes; default: one for each core.

    Raises:
        InputError: KanjiVG does not describe a character.
    """
    jobs = []
    for writer in writers:
        order = row_generator(seed, writer).permutation(len(characters))
        chosen = [characters[label] for label in order[:each].tolist()]
        jobs.append((writer, chosen, points))
    counts = [len(job[1]) for job in jobs]
    parts: list[list] = [[]] * len(jobs)
    results = parallel.each(_write, jobs, "track", "writers", counts, workers)
    for index, tracks in results:
        parts[index] = tracks
    names = np.repeat([PenWriter(job[0]).name for job in jobs], counts).tolist()
    written = [track for tracks in parts for track in tracks]
    return StrokeStore.of_tracks(written, names, SIMULATED).relabel(characters)


def _write(writer, characters, points):
    pen = PenWriter(writer)
    return [pen.track(character, points=points) for character in characters]
