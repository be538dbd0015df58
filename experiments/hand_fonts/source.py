"""Where the tracks of a font come from."""

import dataclasses
from collections.abc import Callable

from hwgen_keras.data import StrokeStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, Track

# Points of each line of a simulated writer: as many as its strokes have themselves.
_POINTS = 48
_CREDIT = "Strokes after KanjiVG, copyright Ulrich Apel, https://kanjivg.tagaini.net"
_LICENCE = "Creative Commons Attribution-ShareAlike 3.0 Unported (CC BY-SA 3.0)"
_LICENCE_URL = "https://creativecommons.org/licenses/by-sa/3.0/"


@dataclasses.dataclass(frozen=True)
class TrackSource:
    """One who writes characters.

    Attributes:
        name: of the writer, for messages and as the font's designer.
        write: a function (character, number of the sample from 0) → `Track`.
        samples: a function character → how many samples differ; 0: it is not written.
        description, licence, licence_url: for the name table, or "".
    """

    name: str
    write: Callable[[str, int], Track]
    samples: Callable[[str], float]
    description: str = ""
    licence: str = ""
    licence_url: str = ""


def load_source(settings):
    """The `TrackSource` of `--strokes` or `--simulated_writer`."""
    if settings.strokes is not None:
        return _of_store(settings.strokes, settings.writer)
    writer = PenWriter(settings.simulated_writer)
    return TrackSource(
        writer.name,
        lambda character, sample: writer.track(character, sample, _POINTS),
        lambda character: float("inf") if writer.covers(character) else 0,
        *(_CREDIT, _LICENCE, _LICENCE_URL),
    )


def _of_store(path, writer):
    store = StrokeStore.open(path)
    if writer is None and len(store.source_names) > 1:
        raise InputError(
            f"--strokes: {path} is by {len(store.source_names)} writers "
            f"({store.source_names[0]}, …); name one with --writer."
        )
    writer = store.source_names[0] if writer is None else writer
    if writer not in store.source_names:
        raise InputError(
            f"--writer: {path} has no writer {writer!r}; it has "
            f"{', '.join(store.source_names[:5])}."
        )

    def indices(character):
        known = character in store.characters
        return store.find(character, writer) if known else []

    return TrackSource(
        writer,
        lambda character, sample: store.track(indices(character)[sample]),
        lambda character: len(indices(character)),
        licence=store.licences[store.source_names.index(writer)],
    )
