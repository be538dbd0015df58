"""Reading images, and placing characters in squares.

Images are uint8 NumPy arrays (height, width) in which 0 is ink and 255 is paper.
"""

import unicodedata

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps
from scipy import ndimage

from hwgen_keras.errors import InputError, check_number, check_whole
from hwgen_keras.files import StrPath, as_path
from hwgen_keras.sources.colour import greys_of

SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ") | frozenset(
    map(chr, range(0x31F0, 0x3200))
)
# Below this distance between ink and paper, in grey levels, an image is blank.
LEAST_CONTRAST = 24


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
    8 bits, and the orientation in the EXIF data is applied. The greys of colours are
    their luminance. Where ink is hardly darker than paper, as yellow is, they are the
    channel that shows it best, and coloured rules around dark ink become white.

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
    if image.mode in ("1", "L", "LA"):
        return np.array(image.convert("L"))
    return greys_of(image.convert("RGB"))


def as_array(images: ArrayLike, name: str) -> NDArray:
    """An array of images, or nested lists, as NumPy has it; InputError if it cannot."""
    try:
        return np.asarray(images)
    except ValueError:
        raise InputError(
            f"{name}: the rows or images of the list differ in size; give one array."
        ) from None


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
