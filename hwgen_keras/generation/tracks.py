"""The tracks that a stroke writer writes of characters, in a hand or in a new one."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hwgen_keras.data import (
    MOST_SAMPLES,
    SIMULATED,
    HandStrokes,
    StrokeStore,
    evenly,
    padded,
    template_strokes,
)
from hwgen_keras.errors import InputError
from hwgen_keras.generation import character_inputs
from hwgen_keras.sources import Track
from hwgen_keras.sources.hand_frames import framed

# Characters with about as many strokes are written together.
_STEP = 4
# A new hand writes these one after the other, each in the hand of those before.
FIRST_CHARACTERS = ("永", "道", "国語", "あのな", "書言東山")
PAIRS = 64
# A character may not get the noise that those of its new hand had.
FIRST_ROW = 1000


def write_tracks(
    writer,
    characters: Sequence[str],
    hand: Sequence[Track] = (),
    seed: int = 0,
    rows: NDArray | None = None,
    batch_size: int = 32,
    hand_samples: int = MOST_SAMPLES,
) -> list[Track]:
    """Writes characters; each depends on its own row alone.

    Args:
        writer: a built `StrokeWriter`; a condition that does not know a character is
            dropped for it.
        characters: list of characters, each of KanjiVG.
        hand: tracks that the hand wrote, of any characters; none: no hand, so that
            every character is by another writer.
        seed: integer of 0 or more.
        rows: (n,) integers that with `seed` fix the noise of each character; None: 0 to
            n - 1.
        batch_size: characters written at once.
        hand_samples: tracks of the hand that the writer is shown, at most; of more,
            evenly chosen ones.

    Returns:
        A list of `Track`, see `Track.in_box`.

    Raises:
        InputError: KanjiVG does not describe a character, a track of the hand does not
            fit it, or see `character_inputs.knowledge_of`.
    """
    rows = np.arange(len(characters)) if rows is None else np.asarray(rows)
    shown: dict = {}
    if len(hand):
        hand = [hand[index] for index in evenly(len(hand), hand_samples)]
        strokes = hand_strokes(hand, writer.network.points)
        every = np.arange(len(hand))[None]
        shown = strokes.pairs(every, PAIRS, np.random.default_rng((seed, len(hand))))
    seeds = [(seed, row) for row in rows.tolist()]
    return write_shown(writer, characters, shown, seeds, batch_size)


def write_shown(
    writer,
    characters: Sequence[str],
    shown: Mapping[str, NDArray],
    seeds: Sequence[tuple[int, ...]],
    batch_size: int = 32,
) -> list[Track]:
    """Writes characters, each in a hand of its own or all in one.

    Args:
        writer, characters, batch_size: see `write_tracks`.
        shown: the inputs of hands, see `HandStrokes.pairs`: of one for all characters,
            or of one for each; {}: no hand.
        seeds: for each character what its noise follows from.

    Returns, Raises: see `write_tracks`.
    """
    count = writer.network.points
    templates = [template_strokes(character, count) for character in characters]
    given = character_inputs.of_writer(writer, characters) if characters else {}
    written: list = [None] * len(characters)
    for chosen, width in _batches([len(t) for t in templates], batch_size):
        inputs = _inputs(writer, [templates[i] for i in chosen], width)
        for noise, number in zip(inputs["noise"], chosen, strict=True):
            # The first strokes' noise does not depend on how many there are.
            rng = np.random.default_rng(seeds[number])
            noise[:] = rng.standard_normal(noise.shape)
        inputs |= {
            name: values if len(values) == 1 else values[chosen]
            for name, values in shown.items()
        }
        inputs |= {name: values[chosen] for name, values in given.items()}
        track = writer.predict_on_batch(inputs)
        points, radii = (np.asarray(track[name]) for name in ("points", "radii"))
        for place, number in enumerate(chosen):
            lines = slice(0, 2 * len(templates[number]) - 1)
            parts = points[place, lines], radii[place, lines]
            try:
                written[number] = Track(characters[number], *parts).in_box()
            except InputError:
                raise InputError(
                    f"The stroke writer put strokes of {characters[number]} far "
                    "outside its box; train it longer, or lower the temperature."
                ) from None
    return written


def new_hand(writer, seed: int = 0) -> list[Track]:
    """Characters in a new hand, which `write_tracks` then takes as a hand.

    Its frame (`HandFrame`) is drawn among those of the writer's training.

    Args:
        writer: see `write_tracks`.
        seed: integer of 0 or more; each is another hand.
    """
    first, *groups = FIRST_CHARACTERS
    numbers = writer.network.draw_frame(np.random.default_rng(seed))
    hand = [
        Track(track.character, *framed(track.points, track.radii, numbers)).in_box()
        for track in write_tracks(writer, list(first), (), seed)
    ]
    for group in groups:
        rows = len(hand) + np.arange(len(group))
        hand += write_tracks(writer, list(group), hand, seed, rows, len(group))
    return hand


def new_hands(writer, count: int, seed: int = 0, progress: bool = True) -> StrokeStore:
    """A stroke store of characters in new hands, named `new-<seed>-<number>`.

    Args:
        writer: see `write_tracks`.
        count: number of hands.
        seed: integer of 0 or more, from which all follow; the first hands are the same
            however many follow.
        progress: whether to show a progress bar.
    """
    tracks, names = [], []
    bar = tqdm(range(count), unit="hand", desc="new hands", disable=not progress)
    for number in bar:
        own = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
        hand = new_hand(writer, own)
        tracks += hand
        names += len(hand) * [f"new-{seed}-{number:04d}"]
    return StrokeStore.of_tracks(tracks, names, SIMULATED)


def hand_strokes(hand: Sequence[Track], points: int) -> HandStrokes:
    """The strokes of a hand's tracks, as a stroke writer is shown them.

    Args:
        hand: one or more tracks.
        points: points of a line of the writer.

    Raises:
        InputError: a track is none, or has another number of strokes than KanjiVG's
            character.
    """
    for track in hand:
        if not isinstance(track, Track):
            raise InputError(
                f"The hand has a {type(track).__name__}; give Tracks, as of "
                "PenWriter.track or StrokeStore.track."
            )
    tracks = [
        track if track.points.shape[1] == points else track.resampled(points)
        for track in hand
    ]
    return HandStrokes([track.filling() for track in tracks])


def _batches(counts, batch_size) -> Iterator[tuple[NDArray, int]]:
    """(numbers of characters, strokes to fill them up to).

    A batch repeats its last character up to a power of two, since each size is compiled
    anew.
    """
    widths = -(-np.array(counts) // _STEP) * _STEP
    for width in np.unique(widths):
        numbers = np.flatnonzero(widths == width)
        size = min(batch_size, 1 << (len(numbers) - 1).bit_length())
        for first in range(0, len(numbers), size):
            places = np.arange(first, first + size)
            yield numbers[np.minimum(places, len(numbers) - 1)], int(width)


def _inputs(writer, templates, width):
    template, mask = padded(templates, width)
    shape = *mask.shape, writer.network.features
    return {
        "template": template,
        "template_mask": mask,
        "noise": np.zeros(shape, np.float32),
    }
