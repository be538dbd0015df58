"""Prepares images of any form as those of the training are."""

import os
import pathlib

import numpy as np
from PIL import Image

from hwgen_keras.data import evenly, read_manifest
from hwgen_keras.data.folders import labelled_character
from hwgen_keras.data.placing import place
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import as_path
from hwgen_keras.inference.arguments import characters_of
from hwgen_keras.sources import clean_image, read_image
from hwgen_keras.sources.images import LEAST_CONTRAST, keeps_place, to_grey
from hwgen_keras.sources.pages.folders import list_images


def prepare(images, image_size, name="images", only=None, box_margin=None):
    """Images as networks take them, float32 (n, image_size, image_size, 1) in [-1, 1].

    Float arrays of the side `image_size` are taken as they are, unless they are blank.
    All others are scans, which are cleaned and placed as the images of a training are,
    see `clean_image`.

    Args:
        images: uint8 arrays (n, height, width), (n, height, width, 1) or
            (height, width), of any size; float arrays in [-1, 1] of these shapes; a
            path of an image or of a folder of images; a PIL image; or a list of
            paths, of PIL images or of arrays (height, width).
        image_size: side in pixels.
        name: name of the images in an error.
        only: numbers of the images to prepare; None: all.
        box_margin: see `clean_image`.

    Raises:
        InputError: there is no image, an array has another shape or range (floats from
            0 to 1, for instance), or an image cannot be read or is blank.
    """
    images = _listed(images, name)
    only = np.arange(len(images)) if only is None else only
    if not len(only):
        raise InputError(f"{name}: there is no image; give at least one.")
    if isinstance(images, np.ndarray):
        if images.dtype != np.uint8 and images.shape[1:] == (image_size, image_size):
            contrasts = 127.5 * np.ptp(images[only], axis=(1, 2))
            blank = np.flatnonzero(contrasts < LEAST_CONTRAST)
            if len(blank):
                raise InputError(
                    f"{name}[{only[blank[0]]}] is blank; remove it, or give it more "
                    "contrast."
                )
            return images[only, ..., None].astype(np.float32)
    scans = [_scan(images[i], f"{name}[{i}]") for i in only]
    cleaned = [
        clean_image(scan, image_size, 0.0, box_margin=box_margin, name=label)
        for scan, label in scans
    ]
    return place(np.stack(cleaned), image_size)


def in_hand(style, image_size, style_text=None):
    """The images of `showing_style`, prepared, and a list of the characters they show.

    Characters may be None. `style_text` has a character for each image, or None where
    it is unknown. Without it they are those that the names in a folder give.

    Raises:
        InputError: see `prepare`, or `style_text` does not fit the images.
    """
    listed, shown = _with_characters(style, style_text)
    only = showing_style(shown)
    shown = _sure([shown[k] for k in only], style_text)
    return prepare(listed, image_size, "style", only), shown


def labelled(style, style_text, most):
    """Images of known characters as scans, and a list of their characters.

    Args:
        style, style_text: see `in_hand`.
        most: images to take, at most; of more, evenly chosen ones.

    Raises:
        InputError: see `in_hand`; or no character is known.
    """
    listed, shown = _with_characters(style, style_text)
    shown = _sure(shown, style_text)
    known = [k for k, character in enumerate(shown) if character is not None]
    if not known:
        raise InputError(
            "The characters of the style images are not known, which a stroke writer "
            "needs; give style_text, or leave the style out to write in a new hand."
        )
    known = [known[k] for k in evenly(len(known), most)]
    scans = [_scan(listed[k], f"style[{k}]")[0] for k in known]
    return scans, [shown[k] for k in known]


def _with_characters(style, style_text):
    """Style images, an array or a list, and a list of their characters or None."""
    listed = _listed(style, "style")
    if style_text is not None:
        shown = characters_of(style_text, "style_text", unknown=True)
        if len(shown) != len(listed):
            raise InputError(
                f"style_text has {len(shown)} characters and the style has "
                f"{len(listed)} images; give a character for each image."
            )
    elif isinstance(style, str | os.PathLike) and pathlib.Path(style).is_dir():
        shown = [sample.character for sample in _listed_in_manifest(style)] or [
            labelled_character(path, pathlib.Path(style)) for path in listed
        ]
    else:
        shown = [None] * len(listed)
    return listed, shown


def _sure(shown, style_text):
    """Characters, None where a name of a file may mean something else."""
    if style_text is not None:
        return shown
    # The names 1.png and A.png are numbers rather than characters.
    return [None if c is None or c.isascii() else c for c in shown]


def showing_style(shown):
    """Numbers of the images that show a style, given their characters or None.

    A small or low mark shows little of a hand: marks are left out if there are others.
    """
    marks = [character is not None and keeps_place(character) for character in shown]
    return [k for k, mark in enumerate(marks) if not mark] or [*range(len(marks))]


def _listed(images, name):
    """The images as an array (n, height, width) or a list."""
    if isinstance(images, str | os.PathLike):
        images = as_path(images, name)
        samples = _listed_in_manifest(images)
        if samples:
            return [s.path if s.index is None else read_sample(s) for s in samples]
        return list_images([images], name)
    if isinstance(images, Image.Image):
        return [images]
    if hasattr(images, "__array__"):
        return _rows(np.asarray(images), name)
    return as_list(images, name, "an array, paths or PIL images")


def _listed_in_manifest(folder):
    """The samples of the manifest.json in a folder; without one none.

    A folder of prepare_pages also has pictures of the pages, which show no character.
    """
    manifest = pathlib.Path(folder, "manifest.json")
    return read_manifest(manifest) if manifest.is_file() else []


def _rows(array, name):
    """An array as uint8 or float (n, height, width)."""
    if array.ndim in (3, 4) and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        array = array[None]
    if array.ndim and not array.size:
        raise InputError(f"{name}: there is no image; give at least one.")
    # Whole images in colour, rather than images of 3 or 4 columns.
    colour = array.ndim == 3 and array.shape[2] in (3, 4) and array.shape[1] > 4
    if array.ndim != 3 or colour:
        raise InputError(
            f"{name}: an array of shape {array.shape} is no greys (n, height, width); "
            "give such an array, PIL images, or paths of images."
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"{name}: the array is of type {array.dtype}; give uint8, 0 ink and 255 "
            "paper, or floats, -1 ink and 1 paper."
        )
    lowest, highest = array.min(), array.max()
    # NaN fails this comparison, too.
    if not (-1.001 <= lowest and highest <= 1.001):
        raise InputError(
            f"{name}: the floats are not in [-1, 1]; give -1 for ink and 1 for paper, "
            "or uint8 from 0 to 255."
        )
    if lowest >= 0 and 127.5 * (highest - lowest) >= LEAST_CONTRAST:
        raise InputError(
            f"{name}: the floats go from {lowest:.2g} to {highest:.2g}, where ink is "
            "-1 and paper 1; give 2 * x - 1 of floats from 0 to 1, or uint8 from 0 to "
            "255."
        )
    return array


def _scan(image, name):
    """An image as uint8 (height, width), and its name in an error."""
    if isinstance(image, str | os.PathLike):
        return read_image(image), f"The image {image}"
    if isinstance(image, Image.Image):
        return to_grey(image), name
    if not hasattr(image, "__array__"):
        raise InputError(
            f"{name} is a {type(image).__name__}; give arrays, paths or PIL images."
        )
    greys = _rows(np.asarray(image), name)
    if len(greys) != 1:
        raise InputError(f"{name} holds {len(greys)} images; give all as one array.")
    if greys.dtype != np.uint8:
        greys = np.rint((greys.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    return greys[0], name
