"""Pens: what a ball pen, a pencil, a felt pen or a brush makes of a track."""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hwgen_keras.sources.fitting.drawing import track_ink
from hwgen_keras.sources.track import Track

PENS = ("ball", "pencil", "felt", "brush")
# Shares of the pens, as those of simulated writers.
_SHARES = (0.35, 0.25, 0.2, 0.2)
# The least share of its width that a taper leaves.
_LEAST_WIDTH = 0.2
# The greatest width of a hand's line, in units of its usual one.
_MOST_WIDTH = 4.0
# How far the pen is slow around an end, and around which a skip fades, in the box.
_SLOW = 0.03


@dataclasses.dataclass(frozen=True)
class Pen:
    """A pen and its ink. Lengths are shares of the square's side.

    Args:
        kind: one of `PENS`.
        width: of the line of a simple character.
        pressure: exponent on the widths that the hand gave; 0: one width, 1: as it is.
        start_taper, end_taper: share of the width lost at the ends of strokes;
            negative: a blob.
        taper_length: along which the width grows to full.
        tone: darkness of the ink, in (0, 1].
        pooling: share of the lacking darkness that the ink has where the pen is slow.
        skips: chance of each segment to be faint.
        dryness: share of the ink that is lost at the end of a long stroke.
        grain: how much the texture of the paper shows.
        grain_size: deviation of the texture's smoothing.
    """

    kind: str
    width: float
    pressure: float
    start_taper: float
    end_taper: float
    taper_length: float
    tone: float
    pooling: float = 0.0
    skips: float = 0.0
    dryness: float = 0.0
    grain: float = 0.0
    grain_size: float = 0.01

    def draw(
        self, track: Track, image_size: int, rng: np.random.Generator, margin: float
    ) -> NDArray[np.floating]:
        """The ink of a track, written with this pen so that it fills the square.

        Args:
            track: the `Track`.
            image_size: side of the square in pixels.
            rng: of the image; as many numbers are drawn whatever the track's numbers.
            margin: empty border on each side as a fraction of the side.

        Returns:
            float array (image_size, image_size) in [0, 1], 0 where there is no ink.
        """
        track = track.filling(margin)
        ends = _ends(track)
        darkness = self._darkness(ends, track.points.shape, rng)
        noise = rng.standard_normal((image_size, image_size), np.float32)
        placed = self._widened(track, ends).in_box(margin).filling(margin)
        if self.pooling:
            ink = self._layered(placed, image_size, darkness)
        else:
            ink = track_ink(placed, image_size, darkness)
        if not self.grain:
            return ink
        noise = smooth(noise, self.grain_size * image_size)
        # Full ink covers the texture; edges and thin ink show it.
        return np.clip(ink + self.grain * noise * 4 * ink * (1 - ink), 0, 1)

    def _widened(self, track, ends):
        """The track with the radii that this pen makes of them."""
        inked = track.radii > 0
        if not inked[::2].any():
            return track
        radii = track.radii.astype(float)
        hand = np.median(radii[::2][inked[::2]])
        # Dense characters get thinner lines. Half of the width is the hand's.
        crowded = min(1.0, (10 / track.n) ** 0.4)
        base = np.sqrt(hand * self.width / 2 * crowded)
        pressed = np.where(inked, np.clip(radii / hand, 1e-3, _MOST_WIDTH), 1.0)
        pressed[::2] **= self.pressure
        pressed[::2] *= self._tapers(track, *ends)
        return Track(track.character, track.points, np.where(inked, base * pressed, 0))

    def _tapers(self, track, before, after):
        """Factors (n, P) on the width near the free ends of strokes."""
        start = np.ones((track.n, 1))
        end = np.ones((track.n, 1))
        # Where the pen stays down it keeps its pressure.
        start[1:][track.joined] = end[:-1][track.joined] = 0
        thinner = 1 - start * self.start_taper * np.exp(-2 * before / self.taper_length)
        thinner *= 1 - end * self.end_taper * np.exp(-after / self.taper_length)
        return np.maximum(thinner, _LEAST_WIDTH)

    def _darkness(self, ends, shape, rng):
        """The darkness (2n - 1, P - 1) of each segment."""
        numbers = rng.random((shape[0], shape[1] - 1))
        tone = np.full(numbers.shape, self.tone)
        before, after = (_middles(part) for part in ends)
        if self.pooling:
            slow = np.exp(-np.minimum(before, after) / _SLOW)
            tone[::2] += self.pooling * (1 - self.tone) * slow
        if self.dryness:
            length = before + after
            run = np.clip(2 * length, 0, 1) * (before / np.maximum(length, 1e-6)) ** 2
            tone[::2] *= 1 - self.dryness * run * numbers[::2, :1]
        if self.skips:
            faint = ndimage.maximum_filter1d(1 - numbers, 3, axis=1) > 1 - self.skips
            tone = np.where(faint, 0.6 * tone, tone)
        return tone

    def _layered(self, track, image_size, darkness):
        """The ink of every other stroke on that of the others, darker where they meet.

        A way belongs to the stroke before it.
        """
        odd = (np.arange(len(darkness)) // 2 % 2)[:, None]
        layers = [
            track_ink(track, image_size, darkness * chosen) for chosen in (odd, 1 - odd)
        ]
        darker, lighter = np.maximum(*layers), np.minimum(*layers)
        return darker + self.pooling * (1 - darker) * lighter


def draw_pen(rng: np.random.Generator, kind: str | None = None) -> Pen:
    """A random pen.

    Args:
        rng: decides the pen.
        kind: one of `PENS`; None: any.
    """
    drawn = str(rng.choice(PENS, p=_SHARES))
    kind = drawn if kind is None else kind
    width, numbers = np.exp(rng.uniform(-0.2, 0.2)), rng.random(8)

    def between(number, low, high):
        return low + (high - low) * numbers[number]

    if kind == "ball":
        return Pen(
            *(kind, 0.033 * width, between(0, 0.0, 0.3)),
            *(-between(1, 0.0, 0.5), between(2, -0.1, 0.2), 0.03),
            tone=between(3, 0.75, 1.0),
            skips=between(4, 0.0, 0.03),
            grain=between(5, 0.02, 0.1),
        )
    if kind == "pencil":
        return Pen(
            *(kind, 0.042 * width, between(0, 0.3, 0.8)),
            *(between(1, -0.1, 0.2), between(2, 0.0, 0.4), 0.08),
            tone=between(3, 0.55, 0.8),
            grain=between(4, 0.06, 0.16),
            grain_size=between(5, 0.006, 0.012),
        )
    if kind == "felt":
        return Pen(
            *(kind, 0.075 * width, between(0, 0.1, 0.4)),
            *(-between(1, 0.0, 0.15), -between(2, 0.0, 0.15), 0.05),
            tone=between(3, 0.65, 0.9),
            pooling=between(4, 0.4, 0.9),
            grain=between(5, 0.0, 0.1),
        )
    return Pen(
        *(kind, 0.08 * width, between(0, 1.0, 1.4)),
        *(between(1, -0.25, 0.4), between(2, 0.4, 0.85), between(3, 0.06, 0.16)),
        tone=between(4, 0.9, 1.0),
        dryness=between(5, 0.1, 0.4),
        grain=between(6, 0.06, 0.2),
        grain_size=between(7, 0.006, 0.015),
    )


def smooth(noise: NDArray, deviation: float) -> NDArray:
    """Noise smoothed by a Gaussian, with the deviation 1 again.

    Args:
        noise: float32 (height, width), standard normal.
        deviation: of the Gaussian in pixels; below half a pixel it does nothing.
    """
    if deviation < 0.5:
        return noise
    noise = ndimage.gaussian_filter(noise, deviation, mode="wrap", truncate=2.5)
    return noise * (2 * np.sqrt(np.pi) * deviation)


def _ends(track):
    """How far the points of strokes are from their starts and ends, two (n, P)."""
    steps = np.diff(track.strokes.astype(float), axis=1)
    travelled = np.zeros(track.strokes.shape[:2])
    travelled[:, 1:] = np.cumsum(np.hypot(steps[..., 0], steps[..., 1]), axis=1)
    return travelled, travelled[:, -1:] - travelled


def _middles(along):
    """The mean of neighbouring columns."""
    return (along[:, :-1] + along[:, 1:]) / 2
