"""Damage that scans of one character bring, each kind by a stated amount.

Images are uint8 arrays (height, width), 0 ink, 255 paper. Lengths are pixels, greys are
steps of 255. What is random follows from the generator `rng` alone.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from hwgen_keras.sources.looks.pens import smooth

Grey = NDArray[np.uint8]
SIDES = TOP, RIGHT, BOTTOM, LEFT = (0, 1, 2, 3)


def frame(
    image: Grey,
    width: float,
    distance: float = 0,
    grey: int = 0,
    sides: tuple[int, ...] = SIDES,
    beyond: bool = False,
    turn: float = 0.0,
) -> Grey:
    """Draws ruled lines along the edges.

    Args:
        image: the image.
        width: of the lines.
        distance: from the edge of the image to a line; a negative one cuts the line.
        grey: of the lines.
        sides: which of the four, `TOP` and so on.
        beyond: whether the lines go on to the edges of the image, as in a grid.
        turn: of the whole frame around the image's middle, in degrees.
    """
    height, across = image.shape
    y, x = np.indices(image.shape, np.float32)
    middle_y, middle_x = (height - 1) / 2, (across - 1) / 2
    angle = math.radians(turn)
    y, x = y - middle_y, x - middle_x
    x, y = (
        math.cos(angle) * x + math.sin(angle) * y,
        math.cos(angle) * y - math.sin(angle) * x,
    )
    # From each side inwards.
    depths = (
        *(y + height / 2 - distance, across / 2 - distance - x),
        *(height / 2 - distance - y, x + across / 2 - distance),
    )
    ink = np.zeros(image.shape, np.float32)
    for side in sides:
        covered = np.minimum(depths[side] + 0.5, width - depths[side] + 0.5)
        line = np.clip(covered, 0, 1)
        if not beyond:
            for other in (depths[side - 1], depths[(side + 1) % 4]):
                line = line * np.clip(other + 0.5, 0, 1)
        ink = np.maximum(ink, line)
    return np.minimum(image, np.rint(255 - ink * (255 - grey)).astype(np.uint8))


def neighbour(image: Grey, other: Grey, share: float, side: int = RIGHT) -> Grey:
    """Lets a part of another character in at one edge.

    Args:
        image: the image.
        other: the neighbour, of the same shape.
        share: of the image's side that the neighbour's box covers.
        side: on which it comes in, `TOP` and so on.
    """
    turned, guest = np.rot90(image, side).copy(), np.rot90(other, side)
    rows = round(share * len(turned))
    if rows:
        turned[:rows] = np.minimum(turned[:rows], guest[-rows:])
    return np.ascontiguousarray(np.rot90(turned, -side))


def shadow(
    image: Grey, greys: float, direction: float = 0.8, edge: float = 1.0
) -> Grey:
    """Darkens the image towards one side.

    Args:
        image: the image.
        greys: by which white paper is darker at the dark end.
        direction: of the dark end, in radians; 0 is the right, pi / 2 the bottom.
        edge: over which share of the image the light falls off; a small one is the
            border of a hand's shadow.
    """
    y, x = (np.linspace(-0.5, 0.5, n) for n in image.shape)
    along = math.cos(direction) * x + math.sin(direction) * y[:, None]
    along /= abs(math.cos(direction)) + abs(math.sin(direction))
    light = 1 - greys / 255 * np.clip(along / edge + 0.5, 0, 1)
    return np.rint(image * light).astype(np.uint8)


def show_through(image: Grey, other: Grey, opacity: float, blur: float = 1.0) -> Grey:
    """Lets the other side of the paper shine through.

    Args:
        image: the image.
        other: what is written on the other side, of the same shape.
        opacity: share of its darkness that is seen.
        blur: deviation of the Gaussian blur of it.
    """
    back = ndimage.gaussian_filter(255 - other[:, ::-1].astype(np.float32), blur)
    return np.rint(image * (1 - opacity * back / 255)).astype(np.uint8)


def pencil(image: Grey, grey: int, grain: float, rng: np.random.Generator) -> Grey:
    """Makes the ink that of a pencil on rough paper.

    Args:
        image: the image.
        grey: mean of the ink.
        grain: deviation of the ink's darkness, as a share of it.
        rng: of the texture.
    """
    texture = smooth(rng.standard_normal(image.shape, np.float32), 0.8)
    darkness = (255 - image.astype(np.float32)) / 255 * (255 - grey)
    darkness *= np.clip(1 + grain * texture, 0, 2)
    return np.rint(255 - np.clip(darkness, 0, 255)).astype(np.uint8)


def noise(image: Grey, greys: float, rng: np.random.Generator) -> Grey:
    """Adds the noise of a sensor.

    Args:
        image: the image.
        greys: its standard deviation.
        rng: of the noise.
    """
    noisy = image + greys * rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def specks(image: Grey, count: int, side: int, rng: np.random.Generator) -> Grey:
    """Adds black squares at random places.

    Args:
        image: the image.
        count: of the squares.
        side: of a square.
        rng: of the places.
    """
    image = image.copy()
    height, width = image.shape
    for top, left in rng.random((count, 2)) * (height - side + 1, width - side + 1):
        image[int(top) : int(top) + side, int(left) : int(left) + side] = 0
    return image


def inverted(image: Grey) -> Grey:
    """White ink on black paper."""
    return 255 - image


def pen(image: Grey, pixels: float) -> Grey:
    """Writes with another pen.

    Args:
        image: the image.
        pixels: by which lines get wider; negative: thinner.
    """
    # The distance from the outline, exact to a part of a pixel on both of its sides.
    fine = ndimage.zoom(
        image.astype(np.float32), 3, order=1, grid_mode=True, mode="nearest"
    )
    ink = fine < 128
    inside, outside = map(ndimage.distance_transform_edt, (ink, ~ink))
    beyond = np.where(ink, 0.5 - inside, outside - 0.5)
    covered = np.clip(0.5 + (1.5 * pixels - beyond) / 3, 0, 1)
    height, width = image.shape
    covered = covered.reshape(height, 3, width, 3).mean((1, 3))
    return np.rint(255 * (1 - covered)).astype(np.uint8)


def coloured(
    image: Grey,
    ink: tuple[int, int, int],
    paper: tuple[int, int, int] = (255, 255, 255),
) -> Image.Image:
    """A picture in colour.

    Args:
        image: the image.
        ink, paper: red, green and blue, each from 0 to 255.
    """
    paper_share = image[..., None] / 255
    colours = paper_share * np.array(paper) + (1 - paper_share) * np.array(ink)
    return Image.fromarray(np.rint(colours).astype(np.uint8))


# Each takes an image of about 100 pixels a side, another character and a generator.
DAMAGES: dict[str, Callable[[Grey, Grey, np.random.Generator], Grey]] = {
    "none": lambda image, other, rng: image,
    "box of 1 pixel at the edge": lambda image, other, rng: frame(image, 1),
    "box of 2 pixels, 4 inside": lambda image, other, rng: frame(image, 2, 4),
    "box of 3 pixels, 5 inside, turned by 1°": (
        lambda image, other, rng: frame(image, 3, 5, turn=1)
    ),
    "grid of 2 pixels, 5 inside": (
        lambda image, other, rng: frame(image, 2, 5, beyond=True)
    ),
    "grey box of 3 pixels, 3 inside, noise of 8": (
        lambda image, other, rng: noise(frame(image, 3, 3, grey=130), 8, rng)
    ),
    "line of 1 pixel below": (
        lambda image, other, rng: frame(image, 1, 3, sides=(BOTTOM,), beyond=True)
    ),
    "neighbour on the right, 20 %": (
        lambda image, other, rng: neighbour(image, other, 0.2, RIGHT)
    ),
    "shadow of 100 greys": lambda image, other, rng: shadow(image, 100),
    "shadow of 150 greys, to the left": (
        lambda image, other, rng: shadow(image, 150, math.pi)
    ),
    "show-through of 30 %": lambda image, other, rng: show_through(image, other, 0.3),
    "pencil of grey 150": lambda image, other, rng: pencil(image, 150, 0.15, rng),
    "pencil of grey 150, box of 2 pixels": (
        lambda image, other, rng: frame(pencil(image, 150, 0.15, rng), 2, 4)
    ),
    "white on black": lambda image, other, rng: inverted(image),
    "white on black, box of 2 pixels": (
        lambda image, other, rng: inverted(frame(image, 2, 4))
    ),
    "8 specks of 2 pixels": lambda image, other, rng: specks(image, 8, 2, rng),
    "noise of 15 greys": lambda image, other, rng: noise(image, 15, rng),
    "pen thicker by 3 pixels": lambda image, other, rng: pen(image, 3),
    "pen thinner by 1 pixel": lambda image, other, rng: pen(image, -1),
}
