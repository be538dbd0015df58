"""Simulated handwriting: the strokes of KanjiVG, written with a writer's habits."""

import functools

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import kanjivg
from hwgen_keras.characters.sets import check_character
from hwgen_keras.errors import check_whole
from hwgen_keras.sources.hand import StrokeBender, bell, draw_hand, warp
from hwgen_keras.sources.images import check_layout, keeps_place
from hwgen_keras.sources.ink import stamp
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.track import Track, placement, resampled_lines, straight_ways

# First numbers of the seeds, which keep the three random sequences apart.
_WRITER, _LETTERFORM, _SAMPLE = 1, 2, 3
# Deviation of a writer's form of a character from KanjiVG, and of a sample from it.
_FORM_SPREAD, _SAMPLE_SPREAD = 0.9, 0.4
_JOIN_POINTS = 12


_bender = functools.cache(StrokeBender)


class PenWriter:
    """A simulated writer, whose habits are drawn once from a seed.

    Slant, proportions, roundness, corners, tremor, joins, stroke ends and the pen
    belong to the writer and appear in every character. Each character has a form of
    the writer, from which samples differ slightly.

    Args:
        seed: whole number of at least 0; each seed is a different writer.

    Attributes:
        name: the writer's name in a manifest.
        hand: the habits, a `Hand`.

    Raises:
        InputError: the seed is not a whole number of at least 0.

    Example:
        >>> hw.PenWriter(seed=1).draw("あ", image_size=64).shape
        (64, 64)

    Strokes: KanjiVG, copyright Ulrich Apel, CC BY-SA 3.0.
    """

    def __init__(self, seed: int) -> None:
        check_whole(seed, "The writer's seed", 0)
        self.seed = int(seed)
        self.name = f"pen-{self.seed:04d}"
        self.hand = draw_hand(np.random.default_rng((_WRITER, self.seed)))

    def __repr__(self):
        return f"PenWriter({self.seed})"

    def covers(self, character: str) -> bool:
        """Whether the strokes of `character` are known.

        Args:
            character: a string of one character.

        Raises:
            InputError: it is no string.
        """
        if isinstance(character, str) and len(character) != 1:
            return False
        return kanjivg.has_character(character)

    def draw(
        self, character: str, image_size: int, sample: int = 0, margin: float = 0.08
    ) -> NDArray[np.uint8]:
        """Writes one character, filling the square, centred, aspect ratio kept.

        Small kana, punctuation and lower-case letters keep their size and place in
        the box instead. The image depends on the writer's seed and the arguments
        alone.

        Args:
            character: a string of one character.
            image_size: side of the square in pixels, at least 8.
            sample: number of the sample, at least 0.
            margin: empty border on each side as a fraction of the side, in [0, 0.4].

        Returns:
            uint8 array (image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: it is not one character, KanjiVG does not describe it, or a
                value is out of range.
        """
        check_character(character)
        check_layout(image_size, margin)
        lines, _, rng = self._write(character, sample)
        ink = self._draw_lines(lines, character, image_size, margin)
        return self._tint(ink, rng)

    def track(self, character: str, sample: int = 0, points: int = 24) -> Track:
        """The way of the pen that `draw` draws, before it is scaled to the square.

        Args:
            character: a string of one character.
            sample: number of the sample, at least 0.
            points: points of each line, at least 2, evenly spaced by arc length.

        Returns:
            A `Track` in KanjiVG's box; its `filling(margin)` has the place of `draw`.

        Raises:
            InputError: as `draw`.
        """
        check_character(character)
        check_whole(points, "points", 2)
        lines, joined, _ = self._write(character, sample)
        written, radii = resampled_lines(lines[0][0], lines[0][1], points)
        ways, way_radii = straight_ways(written), np.zeros((len(written) - 1, points))
        for curves, thickness in lines[1:]:
            curves = resampled_lines(curves, thickness, points)
            ways[joined], way_radii[joined] = curves
        return Track.of_strokes(character, written, radii, ways, way_radii)

    def _write(self, character, sample):
        """Lines (points, radii) of strokes, then of joins; which ways are joined; rng.

        The generator has drawn what the lines need; `_tint` draws from it, too.
        """
        check_whole(sample, "sample", 0)
        model = strokes(character)
        key = (self.seed, ord(character))
        form = np.random.default_rng((_LETTERFORM, *key))
        rng = np.random.default_rng((_SAMPLE, *key, int(sample)))
        written = self._place_strokes(model, form, rng)
        written = self._finish_ends(written, form, rng)
        sway = self._vary(form, rng, 0.024, (len(model), 3, 2))
        written = _bender(model.shape[1]).bend(written, self.hand, sway, rng)
        written = self._shape_plane(written, form, rng)
        if keeps_place(character):
            written = _refit(written, model)
        lines = [(written, self._radii(written, form, rng))]
        joined, curves = self._joins(*lines[0], form)
        return lines + curves, joined, rng

    def _vary(self, form, rng, spread, size):
        """Random numbers: a large part of the writer and a small one of the sample."""
        own = _FORM_SPREAD * bell(form, spread, size)
        return own + _SAMPLE_SPREAD * bell(rng, spread, size)

    def _place_strokes(self, model, form, rng):
        """Shifts, turns and stretches each stroke about its middle."""
        count = len(model)
        # More strokes leave each less room.
        loose = self.hand.looseness * min(1.0, (5 / count) ** 0.5)
        shift = self._vary(form, rng, 0.024 * loose, (count, 1, 2))
        turn = self._vary(form, rng, 0.08 * loose, count)
        size = np.exp(self._vary(form, rng, 0.08 * loose, (count, 1, 1)))
        middle = (model.min(1, keepdims=True) + model.max(1, keepdims=True)) / 2
        extent = np.ptp(model, axis=1)
        flat = extent[:, 0] ** 2 / np.maximum((extent**2).sum(1), 1e-9)
        stretch = flat * self.hand.stretches[0] + (1 - flat) * self.hand.stretches[1]
        size = size * np.exp(stretch)[:, None, None]
        cosine, sine = np.cos(turn), np.sin(turn)
        turning = np.stack([cosine, sine, -sine, cosine], -1).reshape(-1, 2, 2)
        return middle + shift + (model - middle) @ turning * size

    def _finish_ends(self, written, form, rng):
        """Lengthens the ends of strokes, or adds flicks to them."""
        count, points, _ = written.shape
        written = written.copy()
        ramp = np.clip(np.linspace(-2, 1, points), 0, 1)[None, :, None] ** 1.5
        forward = written[:, -1] - written[:, -points // 5]
        forward /= np.maximum(np.hypot(*forward.T), 1e-6)[:, None]
        extent = np.ptp(written, axis=1).max(1)
        run = self.hand.overshoot + self._vary(form, rng, 0.012, count)
        run = np.minimum(run, 0.2 * extent)[:, None]
        flick = self.hand.hook * (form.uniform(size=count) < self.hand.hook_chance)
        flick = np.minimum(flick, 0.25 * extent)[:, None]
        # A flick turns back towards the start of the next stroke: up and to the left.
        aside = np.array([-0.7, -0.7]) + bell(form, 0.3, 2)
        written += ramp * (forward * run)[:, None]
        written[:, -points // 8 :] += (
            np.linspace(0, 1, points - points * 7 // 8)[None, :, None]
            * (aside * flick)[:, None]
        )
        return written

    def _shape_plane(self, written, form, rng):
        """Applies the proportions, slant and rotation of the whole character."""
        hand = self.hand
        plane = hand.plane + self._vary(form, rng, 0.055, (2, 4))
        written = warp(written, plane)
        turn = hand.rotation + self._vary(form, rng, 0.03, None)
        slant = hand.slant + self._vary(form, rng, 0.035, None)
        rise = hand.rise + self._vary(form, rng, 0.02, None)
        aspect = np.exp((hand.aspect + self._vary(form, rng, 0.05, None)) / 2)
        shear = np.array([[1.0, -slant], [-rise, 1.0]])
        cosine, sine = np.cos(turn), np.sin(turn)
        rotation = np.array([[cosine, -sine], [sine, cosine]])
        matrix = rotation @ shear @ np.diag([aspect, 1 / aspect])
        return 0.5 + (written - 0.5) @ matrix.T

    def _radii(self, written, form, rng):
        """Half the width of the line at each point of each stroke."""
        hand = self.hand
        steps = np.diff(written, axis=1, append=written[:, -1:])
        steps[:, -1] = steps[:, -2]
        length = np.hypot(steps[..., 0], steps[..., 1])
        travelled = np.cumsum(length, axis=1)
        remaining = travelled[:, -1:] - travelled
        # Dense characters get thinner lines.
        width = hand.width * min(1.0, (10 / len(written)) ** 0.4)
        width = width * np.exp(_SAMPLE_SPREAD * bell(rng, 0.12))
        falling = form.uniform(0.6, 1.2, size=(len(written), 1))
        start = hand.start_taper * np.exp(-travelled / (hand.taper_length / 2))
        end = falling * hand.end_taper * np.exp(-remaining / hand.taper_length)
        direction = np.arctan2(steps[..., 1], steps[..., 0])
        nib = hand.nib_contrast * np.cos(2 * (direction - hand.nib_angle))
        phases = rng.uniform(0, 2 * np.pi, (len(written), 1))
        flutter = hand.flutter * np.sin(travelled * 14 + phases)
        profile = (1 - start) * (1 - end) * (1 + nib) * (1 + flutter)
        return width / 2 * np.maximum(profile, 0.15)

    def _joins(self, written, radii, form):
        """Thin curves from the end of a stroke to the start of the next one.

        Returns the strokes that they leave, and the curves as a line (points, radii).
        """
        hand = self.hand
        chance = form.uniform(size=len(written))[1:]
        ends, starts = written[:-1, -1], written[1:, 0]
        gap = np.hypot(*(starts - ends).T)
        joined = np.flatnonzero((chance < hand.join_chance) & (gap < hand.join_reach))
        if not len(joined):
            return joined, []
        leaving = _directions(written[:-1, -4:])[joined] * gap[joined, None] * 0.8
        arriving = _directions(written[1:, :4])[joined] * gap[joined, None] * 0.8
        t = np.linspace(0, 1, _JOIN_POINTS)[:, None]
        curves = (
            (2 * t**3 - 3 * t**2 + 1) * ends[joined, None]
            + (t**3 - 2 * t**2 + t) * leaving[:, None]
            + (3 * t**2 - 2 * t**3) * starts[joined, None]
            + (t**3 - t**2) * arriving[:, None]
        )
        before, after = radii[joined, -1:], radii[joined + 1, :1]
        full = before + t[:, 0] * (after - before)
        # A join is thinnest in the middle, where the pen presses least.
        lifted = 1 - (1 - hand.join_width) * np.sin(np.pi * t[:, 0]) ** 0.7
        return joined, [(curves, full * lifted)]

    def _draw_lines(self, lines, character, image_size, margin):
        """Scales all lines to the square and inks them."""
        points = np.concatenate([line.reshape(-1, 2) for line, _ in lines])
        radii = np.concatenate([radius.ravel() for _, radius in lines])
        centre, scale = placement(character, points, radii, image_size, margin)
        pieces = []
        for line, radius in lines:
            line, radius = (line - centre) * scale + image_size / 2, scale * radius
            ends = line[:, :-1].reshape(-1, 2), line[:, 1:].reshape(-1, 2)
            pieces.append((*ends, radius[:, :-1].ravel(), radius[:, 1:].ravel()))
        columns = map(np.concatenate, zip(*pieces, strict=True))
        starts, ends, start_radii, end_radii = columns
        darkness = np.full(len(starts), self.hand.darkness)
        return stamp(starts, ends, start_radii, end_radii, darkness, image_size)

    def _tint(self, ink, rng):
        """Ink on paper as greys, with the grain of a pencil."""
        if self.hand.grain:
            ink = ink * rng.uniform(1 - self.hand.grain, 1, ink.shape)
        return np.round(255 * (1 - ink)).astype(np.uint8)


def _directions(pieces):
    """Unit vectors (pieces, 2) from the first to the last point of each piece."""
    vectors = pieces[:, -1] - pieces[:, 0]
    return vectors / np.maximum(np.hypot(*vectors.T), 1e-6)[:, None]


def _refit(written, model):
    """Moves and scales strokes to the place and size of a model, aspect ratio kept."""
    boxes = [np.stack([s.min((0, 1)), s.max((0, 1))]) for s in (written, model)]
    sides = [np.ptp(box, axis=0).max() for box in boxes]
    middles = [box.mean(0) for box in boxes]
    return middles[1] + (written - middles[0]) * sides[1] / max(sides[0], 1e-6)
