"""Reading images and cleaning those of one character.

Images are uint8 NumPy arrays (height, width) in which 0 is ink and 255 is paper.
"""

import math
import unicodedata

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps
from scipy import ndimage
from skimage.filters import threshold_otsu

from hwgen_keras.errors import InputError, check_number, check_whole
from hwgen_keras.files import StrPath, as_path

SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ") | frozenset(
    map(chr, range(0x31F0, 0x3200))
)
# Below this distance between ink and paper, in grey levels, an image is blank.
LEAST_CONTRAST = 24
# A connected piece is a speck if it is at most these shares of the image and the ink.
_SPECK_SHARE_OF_IMAGE = 0.0005
_SPECK_SHARE_OF_INK = 0.01


def keeps_place(character: str) -> bool:
    """Whether size and place in the box are part of the character's identity.

    They are for small kana, punctuation and lower-case letters: enlarged to fill the
    box, っ would be つ.
    """
    category = unicodedata.category(character)
    return character in SMALL_KANA or category[0] == "P" or category in ("Sk", "Ll")


def check_layout(image_size: int, margin: float) -> None:
    """Raises InputError unless a square with this margin leaves room for ink."""
    check_whole(image_size, "image_size", 8)
    check_number(
        *(margin, "margin", "a fraction of the image's side from 0 to 0.4"), most=0.4
    )


def place_in_square(
    ink: Image.Image,
    image_size: int,
    margin: float = 0.08,
    resampling: Image.Resampling = Image.Resampling.LANCZOS,
) -> NDArray[np.uint8]:
    """Scales a cropped image of mode "L" to fill a square, centred, aspect ratio kept.

    Returns:
        uint8 array (image_size, image_size); see `clean_image` for the arguments.
    """
    check_layout(image_size, margin)
    inner = image_size * (1 - 2 * margin)
    scale = inner / max(ink.size)
    width, height = (max(1, round(side * scale)) for side in ink.size)
    small = ink.resize((width, height), resampling)
    square = Image.new("L", (image_size, image_size), 255)
    square.paste(small, ((image_size - width) // 2, (image_size - height) // 2))
    return np.array(square)


def read_image(path: StrPath) -> NDArray[np.uint8]:
    """Reads an image file of a common format as greys.

    Transparency becomes white paper, 16-bit and floating-point greys are scaled to
    8 bits, and the orientation in the EXIF data is applied.

    Args:
        path: the image file.

    Returns:
        uint8 array (height, width).

    Raises:
        InputError: the file is missing, damaged or not an image.

    Example:
        >>> from PIL import Image
        >>> Image.new("RGB", (40, 30), "white").save("scan.png")
        >>> hw.read_image("scan.png").shape
        (30, 40)
    """
    path = as_path(path, "The image")
    try:
        with Image.open(path) as image:
            return to_grey(image)
    except FileNotFoundError:
        raise InputError(f"The image {path} does not exist; check the path.") from None
    except Image.UnidentifiedImageError:
        raise InputError(
            f"{path} is not an image that can be read; give a PNG, JPEG or TIFF file."
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"The image {path} cannot be read ({error}); replace or remove the file."
        ) from None


def to_grey(image):
    """Greys of a PIL image of any mode, as `read_image` returns those of a file."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        if image.mode != "F":
            # Pillow opens 16-bit files in several integer modes.
            values = values / (257 if values.max() > 255 else 1)
        elif values.max() <= 1:
            values = values * 255
        return np.clip(values, 0, 255).round().astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return np.array(image.convert("L"))


def as_array(images: ArrayLike, name: str) -> NDArray:
    """An array of images, or nested lists, as NumPy has it; InputError if it cannot."""
    try:
        return np.asarray(images)
    except ValueError:
        raise InputError(
            f"{name}: the rows or images of the list differ in size; give one array."
        ) from None


def clean_image(
    image: ArrayLike,
    image_size: int,
    margin: float = 0.08,
    *,
    border_fraction: float = 0.0,
    threshold: bool = False,
    box_margin: float | None = None,
    name: str = "The image",
) -> NDArray[np.uint8]:
    """Turns a scan of one character into a centred square, black on white.

    White ink on black paper is inverted, the contrast is stretched to the full
    range, the empty border is cut off with the specks in it, and the character is
    scaled to fill the square.

    Args:
        image: uint8 array (height, width), ink on paper of either polarity.
        image_size: side of the square in pixels.
        margin: empty border on each side as a fraction of the side, in [0, 0.4].
        border_fraction: share of the side to cut off first at each edge, in
            [0, 0.45]; for ruled boxes around the character.
        threshold: whether to reduce the scan to pure black and white (Otsu's
            method) before scaling; only the antialiased edges are grey then.
        box_margin: None, or a number in [0, 0.4] if the scan is the whole box in which
            the character was written: then the box, without this share of its side at
            each edge, fills the square instead of the ink, so that small kana and
            punctuation keep their size and place. No ink is cut off.
        name: name of the image in an error, for instance its path.

    Returns:
        uint8 array (image_size, image_size).

    Raises:
        InputError: the image is blank, or it is not uint8 (height, width).

    Example:
        >>> scan = np.full((60, 40), 230, "uint8")
        >>> scan[20:40, 18:21] = 60
        >>> image = hw.clean_image(scan, image_size=32)
        >>> image.shape, int(image.min()), int(image.max())
        ((32, 32), 0, 255)

    Reference: N. Otsu, A threshold selection method from gray-level histograms,
    IEEE Transactions on Systems, Man, and Cybernetics 9 (1979).
    """
    check_layout(image_size, margin)
    image = as_array(image, name)
    if image.ndim != 2 or image.dtype != np.uint8 or 0 in image.shape:
        raise InputError(
            f"{name} has shape {image.shape} and type {image.dtype}; "
            "give uint8 greys of shape (height, width), as read_image returns them."
        )
    check_number(
        *(border_fraction, "border_fraction", "a number from 0 to 0.45"), most=0.45
    )
    if box_margin is not None:
        check_number(
            *(box_margin, "box_margin", "None, or a number from 0 to 0.4"), most=0.4
        )
    trim_y, trim_x = (math.floor(side * border_fraction) for side in image.shape)
    image = image[trim_y : image.shape[0] - trim_y, trim_x : image.shape[1] - trim_x]
    image = _black_on_white(image, name)
    ink = image <= threshold_otsu(image)
    top, bottom, left, right = _ink_box(ink, name)
    if threshold:
        image = np.where(ink, 0, 255).astype(np.uint8)
    if box_margin is not None:
        side = max(image.shape)
        box = np.full((side, side), 255, np.uint8)
        y, x = (side - np.array(image.shape)) // 2
        top, bottom, left, right = y + top, y + bottom, x + left, x + right
        box[top:bottom, left:right] = image[top - y : bottom - y, left - x : right - x]
        cut = min(round(box_margin * side), top, left, side - bottom, side - right)
        box = np.ascontiguousarray(box[cut : side - cut, cut : side - cut])
        return place_in_square(Image.fromarray(box), image_size, margin)
    cropped = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    return place_in_square(cropped, image_size, margin)


def edge_pixels(image):
    """The pixels along the four edges of an image, as a flat array."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def bounds(ink):
    """(top, bottom, left, right) of the ink in a bool array (height, width)."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def pieces(ink):
    """Labels of the connected pieces of ink, and the area of each; 0 is paper."""
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    return labels, areas


def _black_on_white(image, name):
    """Inverts white ink on black and stretches the contrast, so that paper is 255."""
    blank = InputError(f"{name} is blank; remove it, or scan it with more contrast.")
    if image.max() - image.min() < LEAST_CONTRAST:
        raise blank
    dark = image <= threshold_otsu(image)
    # Even bold ink rarely touches most of the edges.
    if edge_pixels(dark).mean() > 0.5:
        image, dark = 255 - image, ~dark
    paper, black = np.median(image[~dark]), np.percentile(image[dark], 20)
    if paper - black < LEAST_CONTRAST:
        raise blank
    stretched = (image - black) * (255 / (paper - black))
    return np.clip(stretched, 0, 255).round().astype(np.uint8)


def _ink_box(ink, name):
    """Bounds (top, bottom, left, right) of all ink but specks, edges included."""
    labels, areas = pieces(ink)
    speck = min(_SPECK_SHARE_OF_IMAGE * ink.size, _SPECK_SHARE_OF_INK * areas.sum())
    kept = areas > speck
    if not kept.any():
        raise InputError(f"{name} holds nothing but specks; remove it.")
    top, bottom, left, right = bounds(kept[labels])
    # The grey rim of antialiased ink lies one pixel outside the threshold.
    height, width = ink.shape
    return (
        *(max(top - 1, 0), min(bottom + 1, height)),
        *(max(left - 1, 0), min(right + 1, width)),
    )
