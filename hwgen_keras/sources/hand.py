"""The habits of a simulated writer, and how they bend strokes."""

import dataclasses

import numpy as np

# Corners of the polygon that an angular hand writes instead of a stroke.
_CORNERS = 7
# Range of the wavelengths of tremor, in sides of the box.
_TREMOR_WAVES = (0.06, 0.25)


def bell(rng, spread, size=None):
    """Normal numbers, cut off at two standard deviations."""
    return spread * np.clip(rng.standard_normal(size), -2, 2)


@dataclasses.dataclass(frozen=True)
class Hand:
    """A writer's habits. Lengths are fractions of the character's box."""

    slant: float  # shift to the right per length upwards
    rise: float  # shift upwards per length to the right
    rotation: float  # of the whole character, in radians
    aspect: float  # logarithm of width over height
    plane: np.ndarray  # (2, 4), see `warp`
    roundness: float  # factor on the distance of strokes from their chord
    angularity: float  # in [0, 1]; 1 writes polygons
    corner: float  # width of the smoothing of corners by a fast hand
    bows: tuple[float, float]  # of flat strokes upwards, of steep ones to the left
    stretches: tuple[float, float]  # log lengths of flat and of steep strokes
    tremor: float  # amplitude
    looseness: float  # factor on the displacement of strokes
    overshoot: float  # length added at the ends of strokes
    join_chance: float  # share of gaps up to `join_reach` crossed without a lift
    join_reach: float
    join_width: float  # relative to a stroke
    hook_chance: float  # share of strokes that end in a flick
    hook: float  # length of a flick
    width: float  # of the pen
    start_taper: float  # share of the width lost at an end; negative for blobs
    end_taper: float
    taper_length: float  # along which the width grows to full
    nib_contrast: float  # change of width with the direction of a broad nib
    nib_angle: float
    flutter: float  # uneven pressure, as a share of the width
    darkness: float  # of the ink, in [0, 1]
    grain: float  # roughness of the ink on paper, in [0, 1]


def draw_hand(rng):
    """The random `Hand` of one writer, from a NumPy generator."""
    haste = rng.uniform()
    return Hand(
        slant=bell(rng, 0.125),
        rise=0.04 + bell(rng, 0.07),
        rotation=bell(rng, 0.05),
        aspect=bell(rng, 0.18),
        plane=bell(rng, 0.105, (2, 4)),
        roundness=1 + bell(rng, 0.16),
        angularity=max(0.0, bell(rng, 0.45)),
        corner=0.005 + 0.05 * haste**1.5,
        bows=(bell(rng, 0.06), bell(rng, 0.05)),
        stretches=(bell(rng, 0.08), bell(rng, 0.08)),
        tremor=0.001 * np.exp(bell(rng, 0.5)),
        looseness=np.exp(bell(rng, 0.3)) * (0.7 + 0.6 * haste),
        overshoot=bell(rng, 0.025),
        join_chance=max(0.0, 1.2 * haste - 0.35) * rng.uniform(0.5, 1),
        join_reach=rng.uniform(0.15, 0.55),
        join_width=rng.uniform(0.4, 0.9),
        hook_chance=rng.choice([0.0, rng.uniform(0, 0.5)]),
        hook=rng.uniform(0.03, 0.09),
        **_draw_pen(rng),
    )


def _draw_pen(rng):
    """The habits that belong to a ball pen, pencil, felt pen or brush pen."""
    kind = rng.choice(["ball", "pencil", "felt", "brush"], p=[0.35, 0.25, 0.2, 0.2])
    widths = {"ball": 0.035, "pencil": 0.042, "felt": 0.07, "brush": 0.07}
    brush = kind == "brush"
    return {
        "width": widths[kind] * np.exp(bell(rng, 0.17)),
        "start_taper": rng.uniform(-0.3, 0.5) if brush else bell(rng, 0.15),
        "end_taper": rng.uniform(0.4, 0.95) if brush else bell(rng, 0.2),
        "taper_length": rng.uniform(0.05, 0.2),
        "nib_contrast": rng.uniform(0.1, 0.35) if brush else rng.uniform(0, 0.08),
        "nib_angle": rng.uniform(0, np.pi),
        "flutter": rng.uniform(0.02, 0.12),
        "darkness": rng.uniform(0.6, 0.85) if kind == "pencil" else 1.0,
        "grain": rng.uniform(0.1, 0.4) if kind == "pencil" else 0.0,
    }


def warp(points, plane):
    """Moves points of the unit box by a smooth field of low frequency.

    Args:
        points: float array (..., 2) of x and y.
        plane: float array (2, 4): for x, and with the axes exchanged for y, the growth
            of the left at the cost of the right, the growth of the middle, the excess
            width of the bottom over the top, and the bend of upright lines.

    Returns:
        float array like `points`.
    """
    across = 2 * points - 1
    along = across[..., ::-1]
    terms = np.stack(
        [1 - across**2, across - across**3, across * along, along**2], axis=-1
    )
    return points + 0.5 * np.einsum("...ak,ak->...a", terms, plane)


class StrokeBender:
    """Bends strokes of `count` points between their ends.

    A stroke is its chord plus a sine series that vanishes at both ends, so smoothing,
    bows and tremor leave the ends in place.
    """

    def __init__(self, count):
        order = np.arange(1, count - 1)
        self.waves = np.sin(np.pi * np.outer(order, order) / (count - 1))
        self.order = order[None, :, None]
        self.position = np.linspace(0, 1, count)[None, :, None]
        corners = np.linspace(0, count - 1, _CORNERS)
        points, spacing = np.arange(count)[:, None], corners[1] - corners[0]
        self.polygon = np.maximum(0, 1 - np.abs(points - corners) / spacing)
        self.corners = corners.round().astype(int)

    def bend(self, strokes, hand, sway, rng):
        """Gives strokes the writer's roundness, bows, soft corners and tremor.

        `strokes` is (strokes, points, 2); `sway` (strokes, 3, 2) has the amplitudes of
        three sine waves to add, as fractions of each stroke's length; `rng` gives the
        tremor of the sample.
        """
        polygon = self.polygon @ strokes[:, self.corners]
        strokes = strokes + hand.angularity * (polygon - strokes)
        first, last = strokes[:, :1], strokes[:, -1:]
        chord = last - first
        straight = first + self.position * chord
        count = strokes.shape[1]
        series = 2 / (count - 1) * self.waves @ (strokes - straight)[:, 1:-1]
        length = _lengths(strokes)[:, None, None]
        series *= hand.roundness
        # A short stroke limits how widely a corner is cut.
        cut = np.minimum(hand.corner, 0.08 * length)
        series *= np.exp(-0.5 * (cut * self.order * np.pi / length) ** 2)
        series[:, 0] += _bow(chord[:, 0], hand.bows)
        series[:, :3] += sway * length / self.order[:, :3]
        wave = 2 * length / self.order
        trembling = (wave > _TREMOR_WAVES[0]) & (wave < _TREMOR_WAVES[1])
        noise = rng.standard_normal(series.shape)
        share = np.sqrt(np.maximum(trembling.sum(1, keepdims=True), 1))
        series += 2 * hand.tremor * trembling * noise / share
        bent = straight + 0.0
        bent[:, 1:-1] += self.waves @ series
        return bent


def _lengths(strokes):
    steps = np.diff(strokes, axis=1)
    return np.maximum(np.hypot(steps[..., 0], steps[..., 1]).sum(1), 1e-3)


def _bow(chord, bows):
    """Amplitude (strokes, 2) of each chord's bow: flat ones up, steep ones left."""
    flat = chord[:, 0] ** 2 / np.maximum((chord**2).sum(1), 1e-9)
    upwards = -np.abs(chord[:, 0]) * bows[0] * flat
    leftwards = -np.abs(chord[:, 1]) * bows[1] * (1 - flat)
    return np.stack([leftwards, upwards], axis=1)
