"""What makes a simulated writer's hand: the habits, and how they bend strokes."""

import dataclasses

import numpy as np

# Corners of the polygon that an angular hand makes of a stroke.
_CORNERS = 7
# Tremor is what swings within this range of wavelengths, in box sides.
_TREMOR_WAVES = (0.06, 0.25)


def bell(rng, spread, size=None):
    """Normal numbers, cut off at two standard deviations."""
    return spread * np.clip(rng.standard_normal(size), -2, 2)


@dataclasses.dataclass(frozen=True)
class Hand:
    """A writer's habits. Lengths are fractions of the character's box.

    Attributes:
        slant: shift to the right per length upwards.
        rise: shift upwards per length to the right.
        rotation: of the whole character, in radians.
        aspect: logarithm of width over height.
        plane: float array (2, 4), the warp of the plane (see `warp`): the relative
            size of left and right, upper and lower, inner and outer parts.
        roundness: factor on how far strokes leave their chord.
        angularity: in [0, 1]; 1 writes polygons.
        corner: width of the smoothing that a fast hand gives to corners.
        bows: how far flat strokes arch upwards and steep ones to the left.
        stretches: logarithms of the length of flat and of steep strokes.
        tremor: amplitude of the trembling.
        looseness: how far strokes stray from their place.
        overshoot: length added at the ends of strokes.
        join_chance, join_reach: share of the gaps between successive strokes up to
            `join_reach` that the pen crosses without being lifted.
        join_width: width of such a join relative to a stroke.
        hook_chance, hook: share of strokes that end in a flick, and its length.
        width: of the pen.
        start_taper, end_taper: share of the width lost at the ends of a stroke;
            negative for blobs.
        taper_length: along which the width grows to full.
        nib_contrast, nib_angle: change of width with the direction of a broad nib.
        flutter: uneven pressure, as a share of the width.
        darkness: of the ink, in [0, 1].
        grain: roughness of the ink on paper, in [0, 1].
    """

    slant: float
    rise: float
    rotation: float
    aspect: float
    plane: np.ndarray
    roundness: float
    angularity: float
    corner: float
    bows: tuple[float, float]
    stretches: tuple[float, float]
    tremor: float
    looseness: float
    overshoot: float
    join_chance: float
    join_reach: float
    join_width: float
    hook_chance: float
    hook: float
    width: float
    start_taper: float
    end_taper: float
    taper_length: float
    nib_contrast: float
    nib_angle: float
    flutter: float
    darkness: float
    grain: float


def draw_hand(rng):
    """Draws the habits of one writer.

    Args:
        rng: NumPy generator.

    Returns:
        `Hand`.
    """
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
    """Ball pen, pencil, felt pen or brush pen: the habits that ink shows."""
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
        plane: float array (2, 4): for x, and with the axes exchanged for y, how much
            the left grows at the cost of the right, how much the middle grows, how
            much wider the bottom is than the top, and how far upright lines bend.

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
    """Bends strokes by what they do between their ends.

    A stroke is its chord plus a sine series that vanishes at both ends: smoothing,
    bowing or trembling then leaves the ends where they are.

    Args:
        count: points a stroke.
    """

    def __init__(self, count):
        order = np.arange(1, count - 1)
        self.waves = np.sin(np.pi * np.outer(order, order) / (count - 1))
        self.order = order[None, :, None]
        self.position = np.linspace(0, 1, count)[None, :, None]
        corners = np.linspace(0, count - 1, _CORNERS)
        at = np.arange(count)[:, None]
        spacing = corners[1] - corners[0]
        self.polygon = np.maximum(0, 1 - np.abs(at - corners) / spacing)
        self.corners = corners.round().astype(int)

    def bend(self, strokes, hand, sway, rng):
        """Gives strokes the writer's roundness, bows, soft corners and tremor.

        Args:
            strokes: float array (strokes, points, 2).
            hand: the `Hand`.
            sway: float array (strokes, 3, 2), amplitudes of the first three sine
                waves to add, as fractions of each stroke's length.
            rng: NumPy generator of the sample, for the tremor.

        Returns:
            float array like `strokes`, with the same ends.
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
        # A corner is cut no wider than a stroke of this length allows.
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
    """Sideways swing (strokes, 2) of each chord: flat ones up, steep ones left."""
    flat = chord[:, 0] ** 2 / np.maximum((chord**2).sum(1), 1e-9)
    upwards = -np.abs(chord[:, 0]) * bows[0] * flat
    leftwards = -np.abs(chord[:, 1]) * bows[1] * (1 - flat)
    return np.stack([leftwards, upwards], axis=1)
