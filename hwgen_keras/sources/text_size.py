"""The characters of a hand in the sizes that they have in a line of text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.sources.images import keeps_place
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.track import Track

# Of the characters of a hand that many fit into their box.
_FIT = 0.95
# Share that remains of how the logarithm of a character's width differs from the mean.
# In texts of 60 characters its deviation is 0.12 over 4 hands that a stroke writer was
# shown, and 0.08 over these hands.
_PEN = 2 / 3


def in_text(
    tracks: Sequence[Track], like: Sequence[Track] | None = None
) -> list[Track]:
    """Tracks by one hand, in the sizes and places of their characters in a text.

    The ink of an image fills its square, so し is as high there as 鬱. In a text the
    strokes spread about their middle as the same strokes of KanjiVG do: the root mean
    square of the distance, along the strokes, is the same. A hand that stretches all
    that it writes is made smaller as a whole, until 19 of 20 characters fit into their
    boxes; the others become smaller alone. Of what the pen of a character differs from
    that of all, a third is taken away: so much more than people's do the pens of a
    stroke writer differ.

    Args:
        tracks: as of `write_tracks`, each with ink; small kana, punctuation and
            lower-case letters have the sizes and places that the hand gave them.
        like: tracks by the hand, each with ink, which tell how wide it is and what its
            pen is; None: `tracks`.

    Raises:
        InputError: KanjiVG does not describe a character.

    Example:
        >>> from hwgen_keras.sources.text_size import in_text
        >>> images = [hw.PenWriter(1).track(c).filling() for c in "口鬱"]
        >>> def height(track):
        ...     return float(np.ptp(track.strokes[..., 1]))
        >>> small, large = map(height, images)
        >>> small / large > 0.85
        True
        >>> small, large = map(height, in_text(images))
        >>> small / large < 0.75
        True
    """
    placed = [_natural(track) for track in tracks]
    if not placed:
        return placed
    told = placed if like is None else [_natural(track) for track in like]
    sides = [np.ptp(ink_box(track), axis=0).max() for track in told]
    scale = 1 / max(1.0, float(np.quantile(sides, _FIT)))
    pen = np.mean([_pen(track) for track in told])
    return [_inside(_scaled(_with_pen(track, pen), scale)) for track in placed]


def _natural(track):
    if keeps_place(track.character):
        return track
    template = strokes(track.character, track.points.shape[1])
    middle, spread = _spread(template[track.written])
    own, own_spread = _spread(track.strokes[track.written])
    scale = spread / own_spread
    points = (track.points - own) * scale + middle
    return Track(track.character, points, track.radii * scale)


def _pen(track):
    """The logarithm of the mean width of a track's strokes."""
    written = track.written
    lengths, radii = _lengths(track.strokes)[written], track.radii[::2][written]
    return np.log((lengths * radii[:, 1:, None]).sum() / lengths.sum())


def _with_pen(track, pen):
    change = np.exp((1 - _PEN) * (pen - _pen(track)))
    return Track(track.character, track.points, track.radii * change)


def _scaled(track, scale, middle=0.5):
    points = (track.points - middle) * scale + middle
    return Track(track.character, points, track.radii * scale)


def _inside(track):
    """The track, with all of its ink in the box."""
    box = ink_box(track)
    side = np.ptp(box, axis=0).max()
    if side > 1:
        track = _scaled(track, 1 / side, box.mean(0))
        box = ink_box(track)
    move = np.maximum(-box[0], 0) + np.minimum(1 - box[1], 0)
    return Track(track.character, track.points + move, track.radii)


def _spread(lines):
    """The middle (2,) of lines (n, P, 2), and the spread of their ink about it."""
    lengths = _lengths(lines)
    lengths = lengths / lengths.sum()
    centres = (lines[:, 1:] + lines[:, :-1]) / 2
    middle = (lengths * centres).sum((0, 1))
    return middle, np.sqrt((lengths * (centres - middle) ** 2).sum())


def _lengths(lines):
    pieces = lines[:, 1:] - lines[:, :-1]
    return np.hypot(pieces[..., 0], pieces[..., 1])[..., None]


def ink_box(track: Track) -> NDArray[np.floating]:
    """The box of a track's ink: its upper left and lower right corner, (2, 2).

    Args:
        track: the `Track`, with ink.
    """
    down = track.radii > 0
    points, radii = track.points[down], track.radii[down][:, None]
    return np.stack([(points - radii).min(0), (points + radii).max(0)])
