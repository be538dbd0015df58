"""Where the tracks of a font come from."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from hwgen_keras import generation, inputs, models
from hwgen_keras.data import StrokeStore
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import SamplingSettings, WriterSettings
from hwgen_keras.generation.tracks import FIRST_ROW, new_hand, write_tracks
from hwgen_keras.settings import rules_of
from hwgen_keras.sources import PenWriter, Track
from hwgen_keras.sources.strokes import has_strokes
from hwgen_keras.sources.text_size import in_text

# Points of each line of a simulated writer: as many as its strokes have themselves.
_POINTS = 48
# Characters that a stroke writer writes between two steps of the bar, and at once.
_TOGETHER, _BATCH = 512, 64
_CREDIT = "Strokes after KanjiVG, copyright Ulrich Apel, https://kanjivg.tagaini.net"
_LICENCE = "Creative Commons Attribution-ShareAlike 3.0 Unported (CC BY-SA 3.0)"
_LICENCE_URL = "https://creativecommons.org/licenses/by-sa/3.0/"


@dataclasses.dataclass(frozen=True)
class TrackSource:
    """One who writes characters.

    Attributes:
        name: of the writer, for messages and as the font's designer.
        write: a function of a list of (character, number of the sample from 0) that
            returns a list of `Track`.
        samples: a function character → how many samples differ; 0: it is not written.
        description, licence, licence_url: for the name table, or "".
    """

    name: str
    write: Callable[[Sequence[tuple[str, int]]], list[Track]]
    samples: Callable[[str], float]
    description: str = ""
    licence: str = ""
    licence_url: str = ""


def check_source(settings):
    """Raises InputError unless the flags name one source of strokes."""
    if settings.generator_weights is None:
        if (settings.simulated_writer is None) == (settings.strokes is None):
            raise InputError(
                "Give one of --simulated_writer, --strokes and --generator_weights."
            )
        names = {"handwriting", *rules_of(SamplingSettings)}
        names |= rules_of(WriterSettings).keys() - {"strokes"}
        for name in sorted(names & settings.given):
            raise InputError(
                f"--{name} is for a stroke writer; give --generator_weights, too."
            )
    elif settings.simulated_writer is not None:
        raise InputError(
            "Give one of --simulated_writer and --generator_weights; a stroke "
            "writer takes the hand of --handwriting or --strokes."
        )


def load_source(settings):
    """The `TrackSource` of a stroke writer, `--strokes` or `--simulated_writer`."""
    if settings.generator_weights is not None:
        return _of_writer(settings)
    if settings.strokes is not None:
        return _of_store(settings.strokes, settings.writer)
    writer = PenWriter(settings.simulated_writer)
    return TrackSource(
        writer.name,
        lambda wanted: [writer.track(*one, _POINTS) for one in wanted],
        lambda character: float("inf") if writer.covers(character) else 0,
        *(_CREDIT, _LICENCE, _LICENCE_URL),
    )


def _of_writer(settings):
    """The source of `--generator_weights`, in a given hand or in a new one."""
    flag, path = "--generator_weights", settings.generator_weights
    model = models.load_trained(path, models.StrokeWriter, flag, "generator.keras")
    generation.sampling.check_writer(model, f"{flag}: {path}")
    model = generation.sampling.apply(settings, models.with_policy(model, "float32"))
    strokes = () if settings.strokes is None else (settings.strokes,)
    name, hand = inputs.load_hand_tracks(
        *(settings, model.network.points),
        strokes=strokes,
        handwriting=settings.handwriting,
        writer=settings.writer,
    )
    if not hand:
        name, hand = f"new-{settings.seed}", new_hand(model, settings.seed)

    def write(wanted):
        tracks = []
        with tqdm(total=len(wanted), unit="character", desc="writing") as bar:
            for first in range(0, len(wanted), _TOGETHER):
                part = wanted[first : first + _TOGETHER]
                # A sample follows from the seed, its character and number alone.
                rows = [FIRST_ROW + (ord(c) << 4) + sample for c, sample in part]
                characters = [character for character, _ in part]
                written = write_tracks(
                    *(model, characters, hand, settings.seed, np.array(rows)),
                    *(_BATCH, settings.hand_samples),
                )
                tracks += written
                bar.update(len(part))
        # The first samples, since others differ in number.
        samples = zip(tracks, wanted, strict=True)
        return in_text(tracks, [track for track, (_, sample) in samples if not sample])

    return TrackSource(
        *(name, write),
        lambda character: float("inf") if has_strokes(character) else 0,
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
        lambda wanted: [store.track(indices(c)[sample]) for c, sample in wanted],
        lambda character: len(indices(character)),
        licence=store.licences[store.source_names.index(writer)],
    )
