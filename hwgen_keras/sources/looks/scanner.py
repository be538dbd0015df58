"""Paper and scanner: what a scan makes of clean ink."""

import dataclasses
import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

# What a scanner keeps: greys, the 16 greys of ETL's files, or black and white.
SCANNERS = ("grey", "levels", "binary")
_SHARES = (0.45, 0.3, 0.25)
_LEVELS = 15
# Points a side of the grid from which shading and fading are interpolated.
_COARSE = 3
# No printed line comes nearer to the middle of an image, as a share of its side.
_EDGE = 0.06


@dataclasses.dataclass(frozen=True)
class Scanner:
    """A sheet of paper and its scanner. Lengths are shares of a character's side.

    Args:
        kind: one of `SCANNERS`.
        paper: brightness of the paper; above 1 it is white whatever the shading.
        shading: how much darker the sheet gets towards a side.
        direction: of that side, in radians.
        contrast: share of the ink's darkness that is left.
        fading: deviation of this share over an image.
        blur: deviation of the Gaussian blur.
        noise: deviation of the noise, as a share of white.
        dust: specks an image, on average.
        jpeg: quality of the JPEG compression, or None.
        lines: share of the edges of characters with the remains of a printed line.
        line_darkness, line_width: of these lines.
        box: whether they are boxes around characters, rather than lines below them.
        threshold: darkness above which black and white scans are black, as a share of
            `contrast`.
    """

    kind: str
    paper: float
    shading: float
    direction: float
    contrast: float
    fading: float
    blur: float
    noise: float
    dust: float
    jpeg: int | None
    lines: float
    line_darkness: float
    line_width: float
    box: bool
    threshold: float

    def scan(
        self,
        image: NDArray[np.uint8],
        rng: np.random.Generator,
        side: float | None = None,
    ) -> NDArray[np.uint8]:
        """The scan of an image.

        Args:
            image: uint8 (height, width), 0 ink, 255 paper.
            rng: of the image.
            side: of a character in pixels, if the image is a page; such an image gets
                no printed lines. None: the image's height.

        Returns:
            uint8 array of the same shape.
        """
        ink = (255 - image.astype(np.float32)) / 255
        page = side is not None
        side = float(image.shape[0] if side is None else side)
        if self.lines and not page:
            ink = np.maximum(ink, self._printed(image.shape, rng))
        ink = self._specked(ink, rng, side)
        ink = ndimage.gaussian_filter(ink, self.blur * side, truncate=2.5)
        ink *= self.contrast * np.clip(1 - self.fading * _slow(image.shape, rng), 0, 1)
        noise = self.noise * rng.standard_normal(image.shape, np.float32)
        if self.kind == "binary":
            black = ink + noise > self.threshold * self.contrast
            return np.where(black, 0, 255).astype(np.uint8)
        # A character is at some place of the sheet, and sees a part of its slope.
        place, part = (0.5, 1.0) if page else (rng.uniform(), 0.3)
        slope = place + part * self._slope(image.shape, rng)
        white = self.paper * (1 - self.shading * slope)
        grey = np.clip(white * (1 - ink) + noise, 0, 1)
        if self.kind == "levels":
            return (np.rint(grey * _LEVELS) * (255 // _LEVELS)).astype(np.uint8)
        grey = np.rint(255 * grey).astype(np.uint8)
        return grey if self.jpeg is None else _compressed(grey, self.jpeg)

    def _slope(self, shape, rng):
        """How dark the sheet is: a ramp, bent a little, from about -0.5 to 0.5."""
        y, x = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in shape)
        ramp = np.cos(self.direction) * x + np.sin(self.direction) * y[:, None]
        return ramp + 0.2 * _slow(shape, rng)

    def _specked(self, ink, rng, side):
        """Adds dust: specks of about a pixel of a character's image."""
        height, width = ink.shape
        # A page has as much dust for its size.
        count = rng.poisson(self.dust * ink.size / side**2)
        places = rng.random((count, 2))
        darkness = rng.uniform(0.3, 1, count).astype(np.float32)
        if not count:
            return ink
        reach = max(1, round(0.014 * side))
        rows = (places[:, 0] * (height - reach)).astype(int)
        columns = (places[:, 1] * (width - reach)).astype(int)
        square = np.arange(reach)
        index = rows[:, None, None] + square[:, None], columns[:, None, None] + square
        ink = ink.copy()
        np.maximum.at(ink, index, darkness[:, None, None])
        return ink

    def _printed(self, shape, rng):
        """What is left of printed lines near the edges of an image."""
        printed = np.zeros(shape, np.float32)
        numbers = rng.random((4, 4)).tolist()
        for edge, (kept, offset, start, length) in enumerate(numbers):
            # Lines are below characters; boxes have all four sides.
            if kept >= self.lines or (edge and not self.box):
                continue
            canvas = printed.T if edge in (2, 3) else printed
            height, width = canvas.shape
            thick = max(1, round(self.line_width * height))
            row = int(offset * max(0, round(_EDGE * height) - thick))
            row = row if edge in (1, 3) else height - row - thick
            first = int((start - 0.3) * width)
            last = first + int((0.3 + length) * width)
            canvas[row : row + thick, max(0, first) : max(0, last)] = self.line_darkness
        return printed


def draw_scanner(rng: np.random.Generator, kind: str | None = None) -> Scanner:
    """A random sheet and scanner.

    Args:
        rng: decides them.
        kind: one of `SCANNERS`; None: any.
    """
    drawn = str(rng.choice(SCANNERS, p=_SHARES))
    kind = drawn if kind is None else kind
    has_jpeg, has_lines, box = rng.random(3) < (0.5, 0.3, 0.6)
    # Between two of few greys, paper would be all blots: such scanners make it white.
    white, darker = (1.04, 0.25) if kind == "levels" else (1.0, 1.0)
    return Scanner(
        kind=kind,
        paper=white - darker * rng.uniform(0.0, 0.14),
        shading=darker * rng.uniform(0.0, 0.1),
        direction=rng.uniform(0, 2 * np.pi),
        contrast=rng.uniform(0.7, 1.0),
        fading=rng.uniform(0.0, 0.15),
        blur=rng.uniform(0.004, 0.01),
        noise=rng.uniform(0.004, 0.025),
        dust=rng.uniform(0.0, 1.0),
        jpeg=int(rng.integers(50, 91)) if has_jpeg else None,
        lines=rng.uniform(0.2, 0.7) if has_lines else 0.0,
        line_darkness=rng.uniform(0.08, 0.35),
        line_width=rng.uniform(0.008, 0.02),
        box=bool(box),
        threshold=rng.uniform(0.28, 0.42),
    )


def _slow(shape, rng):
    """Smooth noise of about the deviation 1, from a coarse grid."""
    coarse = rng.standard_normal((_COARSE, _COARSE)).astype(np.float32)
    down, across = (_interpolation(length) for length in shape)
    return down @ coarse @ across.T


@functools.lru_cache(64)
def _interpolation(length):
    """Weights (length, points) of linear interpolation between the coarse points."""
    place = np.linspace(0, _COARSE - 1, length, dtype=np.float32)[:, None]
    return np.maximum(0, 1 - np.abs(place - np.arange(_COARSE, dtype=np.float32)))


def _compressed(image, quality):
    """An image as JPEG compression leaves it."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file, formats=("JPEG",)))
