"""The tracks of one hand, and of others, from which a stroke writer learns the hand."""

import numpy as np

from hwgen_keras import inputs
from hwgen_keras.data import FITTED, StrokeStore, TrackSampler
from hwgen_keras.errors import InputError
from hwgen_keras.generation.writing import joined


def hand_tracks(settings, points):
    """The tracks of the hand of a script's settings, and those of other writers.

    Args:
        settings: of adapt_hand. The hand is the writer of `--handwriting`, or else of
            `--strokes`; the others are all other writers of `--strokes`, and
            `--simulated_writers`.
        points: points of a line.

    Returns:
        The `StrokeStore` of the hand, and that of the others, None if there are none.

    Raises:
        InputError: no hand is named, there are several, it has a single character, or
            a file cannot be read.
    """
    images, strokes = settings.handwriting, settings.strokes
    name, tracks = inputs.load_hand_tracks(
        *(settings, points),
        handwriting=images,
        strokes=() if images else strokes,
        writer=settings.writer,
    )
    if not tracks:
        raise InputError(
            "A hand is needed: give --handwriting images by one writer, or --strokes a "
            "stroke store."
        )
    written = {track.character for track in tracks}
    if len(written) == 1:
        flag = "handwriting" if images else "strokes"
        raise InputError(
            f"--{flag}: {name} wrote one character, {written.pop()}, of which strokes "
            "are known; a stroke writer learns to write one from others, so give two "
            "or more, best 20."
        )
    store = StrokeStore.of_tracks(tracks, [name] * len(tracks), FITTED)
    hand, simulated = joined([store], points), settings.simulated_writers
    stores = inputs.load_tracks(
        settings, points, strokes=strokes, simulated_writers=simulated
    )
    if not stores:
        return hand, None
    others = joined(stores, points)
    # What is held out of the hand must not be among the others.
    rest = [k for k, n in enumerate(others.source_names) if n != name]
    rows = np.flatnonzero(np.isin(others.sources, rest))
    return hand, others.select(rows) if len(rows) else None


def hand_sampler(settings, known, others):
    """A `TrackSampler` of the hand, in `--own_share` of the rows, and of the others.

    Args:
        settings: of adapt_hand.
        known: the `StrokeStore` of the hand's training tracks.
        others: that of the other writers; None: there are none.
    """
    stores = [known] if others is None else [known, others]
    shares = np.array([settings.own_share, 1 - settings.own_share][: len(stores)])
    counts = np.array([len(store) for store in stores])
    weights = np.repeat(shares / shares.sum() / counts, counts)
    return TrackSampler(
        joined(stores, known.points),
        settings.batch_size,
        settings.seed,
        weights=weights,
    )
