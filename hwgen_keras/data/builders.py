"""Builders of image stores: from fonts, manifests, simulated pens or arrays."""

import functools
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image
from tqdm import tqdm

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data.manifest import Sample
from hwgen_keras.data.png import encode
from hwgen_keras.data.samples import read_sample
from hwgen_keras.data.shards import open_once
from hwgen_keras.data.store import (
    FONT,
    GENERATED,
    HANDWRITING,
    ImageStore,
)
from hwgen_keras.data.store_writer import StoreWriter
from hwgen_keras.errors import InputError, as_list, check_whole
from hwgen_keras.files import StrPath
from hwgen_keras.sources import Font, PenWriter, clean_image
from hwgen_keras.sources.images import as_array, check_layout, keeps_place

# What large characters leave free in the images of practice sheets and generators, and,
# roughly, in any box.
_BOX_MARGIN = 0.08
# A task of less than a second shows no bar.
_bar = functools.partial(tqdm, delay=1)


def font_store(
    fonts: Iterable[Font],
    characters: CharacterSet,
    image_size: int,
    margin: float = 0.0,
    progress: bool = True,
    path: StrPath | None = None,
) -> ImageStore:
    """Renders every character that a font covers, once.

    A character that a font lacks, or draws as an almost full box, is left out.

    Args:
        fonts: list of `Font`.
        characters: the `CharacterSet` to render.
        image_size: side of the images in pixels.
        margin: empty border as a fraction of the side; samplers expect none.
        progress: whether to show a progress bar.
        path: optional file to write the images to, instead of the memory.

    Returns:
        An `ImageStore` of kind `FONT`, whose sources are the fonts.

    Raises:
        InputError: there is no font, one covers no character of the set, or an
            argument is none of these.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hw.font_store(hw.find_fonts("fonts"), characters, 32, progress=False)
        ImageStore(2 images of 32 pixels, 2 of 2 characters, 1 sources)
    """
    fonts = as_list(fonts, "fonts", "a list of Font, as find_fonts returns it", Font)
    check_set(characters)
    if not fonts:
        raise InputError("There is no font to render; give at least one.")

    def images():
        total = len(fonts) * len(characters)
        with _bar(total=total, unit="glyph", desc="fonts", disable=not progress) as bar:
            for font in fonts:
                rendered = 0
                for character in characters:
                    bar.update()
                    if not font.covers(character):
                        continue
                    image, _ = font.try_render(character, image_size, margin=margin)
                    if image is None:  # an almost full box
                        continue
                    rendered += 1
                    yield encode(image), character, font.name
                if not rendered:
                    raise InputError(
                        f"The font {font.path} ({font.name}) has no character of the "
                        f"set {characters.name}; remove the font or choose another set."
                    )

    return _collect(images(), FONT, characters, image_size, path)


def manifest_store(
    samples: Iterable[Sample],
    characters: CharacterSet,
    image_size: int,
    clean: bool = True,
    kind: int = HANDWRITING,
    progress: bool = True,
    path: StrPath | None = None,
) -> ImageStore:
    """Reads the images of a manifest and cleans them.

    Args:
        samples: list of `Sample`.
        characters: the `CharacterSet` of the labels.
        image_size: side of the images in pixels.
        clean: cut the ink out of the scan and make paper white; the whole scan is
            taken for small kana, punctuation and lower-case letters, which keep their
            size and place, as a box of which large characters leave 8 % free at each
            edge. Without it the whole picture is padded to a square with
            white and scaled.
        kind: `FONT`, `HANDWRITING` or `GENERATED`.
        progress: whether to show a progress bar.
        path: optional file to write the images to, instead of the memory.

    Returns:
        An `ImageStore`, whose sources are the writers.

    Raises:
        InputError: no sample, an unreadable or blank image, a character outside the
            set, or an argument is none of these.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hands = hw.simulated_store([1], characters, 48, progress=False)
        >>> hands.save("hands.store")
        >>> samples = [hw.Sample("い", "hands.store", "Hanako", index=1)]
        >>> hw.manifest_store(samples, characters, 32, progress=False)
        ImageStore(1 images of 32 pixels, 1 of 2 characters, 1 sources)
    """
    samples = as_list(
        samples, "samples", "a list of Sample, as read_manifest returns it", Sample
    )
    check_set(characters)
    check_layout(image_size, 0)
    if not samples:
        raise InputError("There is no image for the store; give at least one.")

    def images():
        wrong = []
        for sample in _bar(samples, unit="image", desc="images", disable=not progress):
            try:
                png = encode(_prepare(sample, image_size, clean))
            except InputError as error:
                wrong.append((error, sample.name))
                continue
            yield png, sample.character, sample.writer
        if wrong:
            # All of them at once: reading many images takes long.
            more = ", ".join(name for _, name in wrong[1:4])
            more = f" (also {more}{', …' if wrong[4:] else ''})" if more else ""
            raise InputError(f"{wrong[0][0]}{more}")

    return _collect(images(), kind, characters, image_size, path)


def simulated_store(
    seeds: Iterable[int],
    characters: CharacterSet,
    image_size: int,
    samples: int = 1,
    progress: bool = True,
    path: StrPath | None = None,
) -> ImageStore:
    """Draws every character in the hands of simulated writers.

    Args:
        seeds: seeds of the `PenWriter`s, one for each writer.
        characters: the `CharacterSet` to write.
        image_size: side of the images in pixels.
        samples: images of each character by each writer.
        progress: whether to show a progress bar.
        path: optional file to write the images to, instead of the memory.

    Returns:
        An `ImageStore` of kind `HANDWRITING`, whose sources are the writers.

    Raises:
        InputError: there is no seed, an argument is none of these, or KanjiVG lacks a
            character or is not installed.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hw.simulated_store([1, 2, 3], characters, image_size=32, progress=False)
        ImageStore(6 images of 32 pixels, 2 of 2 characters, 3 sources)
    """
    writers = [PenWriter(s) for s in as_list(seeds, "seeds", "a list of whole numbers")]
    if not writers:
        raise InputError("There is no simulated writer; give at least one seed.")
    check_set(characters)
    check_whole(samples, "samples", 1)
    rows = [
        (writer, character, sample)
        for writer in writers
        for character in characters
        for sample in range(samples)
    ]
    bar = _bar(rows, unit="image", desc="simulated writers", disable=not progress)
    images = (
        (encode(writer.draw(c, image_size, sample, margin=0.0)), c, writer.name)
        for writer, c, sample in bar
    )
    return _collect(images, HANDWRITING, characters, image_size, path)


def array_store(
    images: ArrayLike,
    labels: ArrayLike,
    sources: ArrayLike,
    kinds: ArrayLike,
    source_names: Iterable[str],
    characters: CharacterSet,
) -> ImageStore:
    """Packs images that are in memory.

    Args:
        images: uint8 (n, size, size), 0 ink, 255 paper.
        labels, sources, kinds: (n,) each, as in `ImageStore`; a single integer
            for `kinds` or `sources` stands for all images.
        source_names: names of the sources.
        characters: the `CharacterSet` of the labels.

    Raises:
        InputError: the images are not square greys of type uint8, a number is out of
            range, or `characters` is no `CharacterSet`.

    Example:
        >>> images = np.zeros((2, 32, 32), np.uint8)
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hw.array_store(images, [0, 1], 0, hw.HANDWRITING, ["Hanako"], characters)
        ImageStore(2 images of 32 pixels, 2 of 2 characters, 1 sources)
    """
    check_set(characters)
    images = as_array(images, "images")
    if images.dtype != np.uint8 or images.ndim != 3 or not images.size:
        raise InputError(
            f"The images have shape {images.shape} and type {images.dtype}; give "
            "uint8 greys of shape (n, size, size)."
        )
    count, height, width = images.shape
    if height != width:
        raise InputError(f"The images are {height} × {width}; they must be square.")
    sources, kinds = (
        np.full(count, column) if np.ndim(column) == 0 else column
        for column in (sources, kinds)
    )
    pngs = [encode(image) for image in images]
    return ImageStore(pngs, labels, sources, kinds, source_names, characters, width)


def _collect(images, kind, characters, image_size, path):
    """A store, in memory or in a file, of tuples (PNG file, character, source)."""
    if path is not None:
        with StoreWriter(path, characters, image_size) as writer:
            for png, character, source in images:
                writer.add(png, character, source, kind)
        return ImageStore.open(path)
    pngs, labels, sources = [], [], []
    names: dict[str, int] = {}
    for png, character, source in images:
        pngs.append(png)
        labels.append(characters.index(character))
        sources.append(names.setdefault(source, len(names)))
    kinds = np.full(len(pngs), kind)
    return ImageStore(pngs, labels, sources, kinds, names, characters, image_size)


def _prepare(sample, image_size, clean):
    image = read_sample(sample)
    if clean:
        return clean_image(
            image,
            image_size,
            margin=0.0,
            box_margin=_box_margin(sample),
            name=f"The image {sample.name}",
        )
    height, width = image.shape
    side = max(height, width)
    square = Image.new("L", (side, side), 255)
    square.paste(Image.fromarray(image), ((side - width) // 2, (side - height) // 2))
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.LANCZOS))


def _box_margin(sample):
    """The argument `box_margin` of `clean_image` for a sample."""
    if not keeps_place(sample.character):
        return None
    store = None if sample.index is None else open_once(sample.path)
    if store is None or store.image_size is None:
        return _BOX_MARGIN
    # Images of one size have no margin, unless they are generated.
    return _BOX_MARGIN if store.kinds[sample.index] == GENERATED else 0.0
