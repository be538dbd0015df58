"""Look: how written characters look, from clean ink to scans."""

import dataclasses
import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.errors import InputError, check_whole, described
from hwgen_keras.sources.fitting import draw_track
from hwgen_keras.sources.images import check_layout
from hwgen_keras.sources.looks.pens import Pen, draw_pen
from hwgen_keras.sources.looks.scanner import Scanner, draw_scanner
from hwgen_keras.sources.track import Track

LOOKS = CLEAN, PEN, SCAN = ("clean", "pen", "scan")
# First numbers of the seeds, which keep the random sequences apart.
_PEN, _SCANNER, _INK, _SHEET = range(101, 105)


def check_look(name: str) -> None:
    """Raises InputError unless it is the name of a look."""
    if not isinstance(name, str) or name not in LOOKS:
        raise InputError(f"look is {described(name)}; use {', '.join(LOOKS)}.")


@dataclasses.dataclass(frozen=True)
class Look:
    """How written characters look.

    Each hand has one pen and one scanner, which follow from the seed and the hand's
    name. What differs between its images follows from the row and the attempt, too,
    and from nothing else.

    Args:
        name: `"clean"`: even, black lines; `"pen"`: each hand writes with a ball pen,
            a pencil, a felt pen or a brush of its own; `"scan"`: that, on paper, as a
            scanner sees it.
        seed: integer of 0 or more.

    Raises:
        InputError: there is no such look, or the seed is none.

    Example:
        >>> look = hw.Look("scan", seed=1)
        >>> track = hw.PenWriter(seed=1).track("永")
        >>> look.draw(track, image_size=64, hand="hanako").shape
        (64, 64)
        >>> look.pen("hanako").kind, look.scanner("hanako").kind
        ('felt', 'binary')
    """

    name: str = CLEAN
    seed: int = 0

    def __post_init__(self):
        check_look(self.name)
        check_whole(self.seed, "seed", 0)

    def pen(self, hand: str) -> Pen:
        """The pen of a hand.

        Args:
            hand: name of the hand.
        """
        return _pen(self.seed, hand)

    def scanner(self, hand: str) -> Scanner:
        """The paper and the scanner of a hand.

        Args:
            hand: name of the hand.
        """
        return _scanner(self.seed, hand)

    def draw(
        self,
        track: Track,
        image_size: int,
        hand: str = "",
        row: int = 0,
        attempt: int = 0,
        margin: float = 0.08,
    ) -> NDArray[np.uint8]:
        """Draws a track so that it fills the square.

        Args:
            track: the `Track`.
            image_size: side of the square in pixels, at least 8.
            hand: name of the hand.
            row, attempt: numbers of the image.
            margin: empty border on each side as a fraction of the side, in [0, 0.4].

        Returns:
            uint8 array (image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: a value is out of range.
        """
        image = self.ink(track, image_size, hand, row, attempt, margin)
        return self.scan(image, hand, row, attempt)

    def ink(
        self,
        track: Track,
        image_size: int,
        hand: str = "",
        row: int = 0,
        attempt: int = 0,
        margin: float = 0.08,
    ) -> NDArray[np.uint8]:
        """As `draw`, on white paper that nobody scanned.

        Args:
            track, image_size, hand, row, attempt, margin: see `draw`.
        """
        if self.name == CLEAN:
            return draw_track(track, image_size, margin)
        check_layout(image_size, margin)
        rng = _rng(_INK, self.seed, hand, row, attempt)
        ink = self.pen(hand).draw(track, image_size, rng, margin)
        return np.round(255 * (1 - ink)).astype(np.uint8)

    def scan(
        self,
        image: NDArray[np.uint8],
        hand: str = "",
        row: int = 0,
        attempt: int = 0,
        side: float | None = None,
    ) -> NDArray[np.uint8]:
        """The scan of an image; with another look than `"scan"` the image itself.

        Args:
            image: uint8 (height, width), 0 ink, 255 paper.
            hand, row, attempt: see `draw`.
            side: of a character in pixels, if the image is a page; see `Scanner.scan`.
        """
        if self.name != SCAN:
            return image
        rng = _rng(_SHEET, self.seed, hand, row, attempt)
        return self.scanner(hand).scan(image, rng, side)


@functools.lru_cache(4096)
def _pen(seed, hand):
    return draw_pen(_rng(_PEN, seed, hand))


@functools.lru_cache(4096)
def _scanner(seed, hand):
    return draw_scanner(_rng(_SCANNER, seed, hand))


@functools.lru_cache(4096)
def _number(hand):
    """A number that stands for the name of a hand."""
    return int.from_bytes(hashlib.sha256(hand.encode()).digest()[:8], "big")


def _rng(first, seed, hand, *numbers):
    return np.random.default_rng((first, seed, _number(hand), *map(int, numbers)))
