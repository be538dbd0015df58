"""Images that are sorted into folders, a folder per character."""

import pathlib
import re
import unicodedata

import numpy as np
from PIL import Image
from skimage.filters import threshold_otsu

from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path
from hwgen_keras.sources.images import LEAST_CONTRAST, edge_pixels, keeps_place
from hwgen_keras.sources.pages.cells import draw_clean, oddities, without_specks

# Apple's .heic cannot be read; listed, it raises an error instead of being ignored.
IMAGES = (".heic", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
_CODE_POINT = re.compile(r"(?:U\+|0x|u)?([0-9a-f]{4,6})", re.IGNORECASE)
_SPECK = 0.0005  # share of the image
# Smaller drawings are enlarged before their strokes are thickened or thinned.
_LEAST_SIDE = 192


def character_of(name):
    """The character that a folder's name stands for.

    Args:
        name: the character itself, or its code point as U+3042, 0x3042 or 3042.

    Returns:
        A string of one character, or None.
    """
    text = unicodedata.normalize("NFC", name)
    if len(text) == 1:
        return text
    code = _CODE_POINT.fullmatch(text)
    if not code or int(code[1], 16) > 0x10FFFF:
        return None
    character = chr(int(code[1], 16))
    # Controls, surrogates and unassigned code points are typing errors.
    return None if unicodedata.category(character)[0] in "CZ" else character


def list_images(paths, flag, kinds=IMAGES):
    """The image files among files and in folders, in order, without hidden ones.

    Args:
        paths: list of files and folders; folders are searched to any depth.
        flag: name of the paths in an error.
        kinds: endings of files in folders.

    Raises:
        InputError: a path does not exist, or there is no image.
    """
    images = []
    for path in (as_path(path, flag) for path in paths):
        if not path.exists():
            raise InputError(f"{flag}: {path} does not exist; check the path.")
        if not path.is_dir():
            images.append(path)
            continue
        inside = [p for p in path.rglob("*") if p.suffix.lower() in kinds]
        inside = [p for p in inside if not p.name.startswith(".") and p.is_file()]
        if not inside:
            raise InputError(
                f"{flag}: {path} holds no image; put JPEG, PNG or TIFF files there."
            )
        images += sorted(inside)
    return list(dict.fromkeys(images))


def character_of_file(path, folder):
    """The character that the folder of an image names.

    Args:
        path: the image, somewhere in `folder`.
        folder: of all images; it names no character.

    Raises:
        InputError: the image is in no folder that names one character.
    """
    path = pathlib.Path(path)
    inside = path.parent != pathlib.Path(folder)
    character = character_of(path.parent.name) if inside else None
    if character is None:
        raise InputError(
            f"--folder: {path} is not in a folder that names one character; name the "
            "folder with the character, or its code point as in U+3042."
        )
    return character


def clean_sorted(image, character, image_size, margin=0.08, stroke_width=0.06):
    """Cleans one image that shows one character.

    Args:
        image: uint8 (height, width), ink on paper of either polarity.
        character: the character that it shows.
        image_size, margin, stroke_width: as in `read_cells`.

    Returns:
        (uint8 (image_size, image_size), or None if it is blank; reasons of suspicion).
    """
    if int(image.max()) - int(image.min()) < LEAST_CONTRAST:
        return None, ()
    if edge_pixels(image <= threshold_otsu(image)).mean() > 0.5:
        image = 255 - image
    if max(image.shape) < _LEAST_SIDE:
        enlarge = _LEAST_SIDE / max(image.shape)
        size = [max(1, round(side * enlarge)) for side in image.shape[::-1]]
        image = np.asarray(
            Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
        )
    dark = image <= threshold_otsu(image)
    paper = max(1.0, float(np.median(image[~dark])))
    brightness = np.minimum(image / paper, 1)
    ink = without_specks(dark, _SPECK * image.size)
    if not ink.any() or (brightness[ink].mean() > 1 - LEAST_CONTRAST / 255):
        return None, ()
    # Ink at all four edges was cropped to its bounds, not cut off.
    edges = ink[0].any(), ink[-1].any(), ink[:, 0].any(), ink[:, -1].any()
    small = keeps_place(character)
    reasons = oddities(brightness, ink, max(image.shape), small, cut=not all(edges))
    box = (0, image.shape[0], 0, image.shape[1]) if small else None
    return draw_clean(brightness, ink, image_size, margin, stroke_width, box), reasons
