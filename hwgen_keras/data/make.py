"""Making the images of a store: glyphs of fonts, and scans cleaned on all cores."""

import functools
import io
import pathlib

import numpy as np
from PIL import Image
from tqdm import tqdm

from hwgen_keras.data import store_checks
from hwgen_keras.data.packed import PackedFiles
from hwgen_keras.data.store_writer import FONT, Sources
from hwgen_keras.errors import InputError
from hwgen_keras.sources import clean_image, read_image

# What Pillow raises for a file that is no image, or a damaged one.
DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def encode(image):
    """A uint8 array (height, width) as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG", compress_level=6)
    return file.getvalue()


def decode(png):
    """A PNG file as a uint8 array (height, width); one of `DAMAGED` if it is not."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        return np.array(image if image.mode == "L" else image.convert("L"))


def encode_all(images, labels, sources, kinds):
    """PNG files of images, with their columns; see `ImageStore.from_arrays`."""
    store_checks.check_squares(images)
    sources, kinds = (
        np.broadcast_to(column, (len(images),)) if np.ndim(column) == 0 else column
        for column in (sources, kinds)
    )
    return [encode(image) for image in images], labels, sources, kinds


def in_memory(images, characters):
    """Lists of the PNG files, labels, sources, kinds and source names of images.

    Args:
        images: iterable of (png, character, source, kind).
        characters: the `CharacterSet` of the labels.
    """
    pngs, labels, sources, kinds = [], [], [], []
    names: dict[str, int] = {}
    for png, character, source, kind in images:
        pngs.append(png)
        labels.append(characters.index(character))
        sources.append(names.setdefault(source, len(names)))
        kinds.append(kind)
    return pngs, labels, sources, kinds, list(names)


def render_fonts(fonts, characters, image_size, margin, progress):
    """Yields (png, character, font name, `FONT`) of all usable glyphs.

    See `ImageStore.from_fonts`.
    """
    fonts = list(fonts)
    if not fonts:
        raise InputError("There is no font to render; give at least one.")
    total = len(fonts) * len(characters)
    with tqdm(total=total, unit="glyph", desc="fonts", disable=not progress) as bar:
        for font in fonts:
            found = False
            for character in characters:
                bar.update()
                image = _render(font, character, image_size, margin)
                if image is not None:
                    found = True
                    yield encode(image), character, font.name, FONT
            if not found:
                raise InputError(
                    f"The font {font.path} ({font.name}) has no character of the "
                    f"set {characters.name}; remove the font or choose another set."
                )


def read_samples(samples, image_size, clean, kind, progress):
    """Yields (png, character, writer, kind) of all samples, in their order.

    See `ImageStore.from_manifest`.
    """
    samples = list(samples)
    if not samples:
        raise InputError("There is no image for the store; give at least one.")
    wrong = []
    for sample in tqdm(samples, unit="image", desc="images", disable=not progress):
        try:
            png = _prepare(sample, image_size, clean)
        except InputError as error:
            wrong.append((error, sample.name))
            continue
        yield png, sample.character, sample.writer, kind
    if wrong:
        # All of them at once: there may be many images, which took their time.
        more = ", ".join(name for _, name in wrong[1:4])
        more = f" (also {more}{', …' if wrong[4:] else ''})" if more else ""
        raise InputError(f"{wrong[0][0]}{more}")


def merge(stores):
    """One store of the images of several; see `ImageStore.merge`."""
    stores = list(stores)
    if not stores:
        raise InputError("There is no store to merge; give at least one.")
    first = stores[0]
    if len(stores) == 1:
        return first
    store_checks.check_alike(stores)
    sources = Sources()
    numbers = [sources.of(store) for store in stores]
    return type(first)(
        PackedFiles.join([store.pngs for store in stores]),
        np.concatenate([store.labels for store in stores]),
        np.concatenate(numbers),
        np.concatenate([store.kinds for store in stores]),
        sources.names(),
        first.characters,
        first.image_size,
    )


def relabel(store, characters):
    """The images of a store whose characters are in another set, labelled with it.

    Raises:
        InputError: there is no such image.
    """
    labels = np.array(
        [characters.index(c) if c in characters else -1 for c in store.characters]
    )[store.labels]
    chosen = store.select(labels >= 0)
    return type(store)(
        *(chosen.pngs, labels[labels >= 0], chosen.sources, chosen.kinds),
        *(chosen.source_names, characters, store.image_size),
    )


def as_kind(store, kind):
    """The same images, all of one kind: fonts as if people had written them, say."""
    return type(store)(
        *(store.pngs, store.labels, store.sources, np.full(len(store), kind)),
        *(store.source_names, store.characters, store.image_size),
    )


def resize(store, image_size, progress):
    """Yields (png, character, source, kind) of a store's images at another size.

    What is not square is padded with white.
    """
    numbers = range(len(store))
    for number in tqdm(numbers, unit="image", desc="resizing", disable=not progress):
        image = _to_square(store.decode_one(number), image_size)
        character = store.characters[store.labels[number]]
        source = store.source_names[store.sources[number]]
        yield encode(image), character, source, store.kinds[number]


def read_sample(sample):
    """The picture of a sample: uint8 (height, width).

    Raises:
        InputError: the file is missing, damaged or not an image.
    """
    if sample.index is None:
        return read_image(sample.path)
    return open_once(sample.path).decode_one(sample.index)


def open_once(path):
    """The `ImageStore` of a file; it is opened again only if the file changed."""
    path = pathlib.Path(path)
    try:
        status = path.stat()
        return _open(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise InputError(
            f"The image store {path} cannot be opened ({error.strerror})."
        ) from None


@functools.lru_cache(maxsize=32)
def _open(path, size, time):
    from hwgen_keras.data.store import ImageStore

    return ImageStore.open(path)


def _prepare(sample, image_size, clean):
    """The PNG file of a sample's image."""
    image = read_sample(sample)
    if clean:
        name = f"The image {sample.name}"
        return encode(clean_image(image, image_size, margin=0.0, name=name))
    return encode(_to_square(image, image_size))


def _render(font, character, image_size, margin):
    """The glyph, or None where the font has no usable one."""
    if not font.covers(character):
        return None
    try:
        return font.render(character, image_size, margin=margin)
    except InputError:  # an almost full box
        return None


def _to_square(image, image_size):
    height, width = image.shape
    side = max(height, width)
    square = Image.new("L", (side, side), 255)
    square.paste(Image.fromarray(image), ((side - width) // 2, (side - height) // 2))
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.LANCZOS))
