"""ImageStore: many small grey images of characters, packed for random access."""

import io

import numpy as np
from PIL import Image
from tqdm import tqdm

from hwgen_keras.data import store_file
from hwgen_keras.errors import InputError
from hwgen_keras.sources import clean_image, read_image

FONT, HANDWRITING, GENERATED = 0, 1, 2


class ImageStore:
    """PNG images of characters in one block of bytes, with what is known of each.

    The ink of an image from a font or a cleaned scan touches the edges of its
    square: margins, rotation and size come from the rows of a sampler.

    Args:
        blob: uint8 array, the PNG files one after another.
        offsets: int64 (n + 1,); image i is `blob[offsets[i]:offsets[i + 1]]`.
        labels: int32 (n,), class ids, positions in `characters`.
        sources: int32 (n,), positions in `source_names`.
        kinds: uint8 (n,), each `FONT`, `HANDWRITING` or `GENERATED`.
        source_names: the fonts or writers that the images come from.
        characters: the `CharacterSet` of the labels.
        image_size: side of all images in pixels.
    """

    def __init__(
        self,
        blob,
        offsets,
        labels,
        sources,
        kinds,
        source_names,
        characters,
        image_size,
    ):
        self.blob = blob
        self.offsets = np.asarray(offsets, np.int64)
        self.labels = np.asarray(labels, np.int32)
        self.sources = np.asarray(sources, np.int32)
        self.kinds = np.asarray(kinds, np.uint8)
        self.source_names = tuple(source_names)
        self.characters = characters
        self.image_size = int(image_size)
        lengths = {len(self.labels), len(self.sources), len(self.kinds)}
        if lengths != {len(self.offsets) - 1}:
            raise InputError(
                "The labels, sources and kinds of a store must be as many as its "
                f"{len(self.offsets) - 1} images."
            )
        _check_range("labels", self.labels, len(characters))
        _check_range("sources", self.sources, len(self.source_names))
        _check_range("kinds", self.kinds, GENERATED + 1)

    @classmethod
    def from_fonts(cls, fonts, characters, image_size, margin=0.0, progress=True):
        """Renders every character that a font covers, once.

        A character that a font lacks, or draws as an almost full box, is left out.

        Args:
            fonts: list of `hwgen_keras.sources.Font`.
            characters: the `CharacterSet` to render.
            image_size: side of the images in pixels.
            margin: empty border as a fraction of the side; samplers expect none.
            progress: whether to show a progress bar.

        Raises:
            InputError: there is no font, or one covers no character of the set.
        """
        fonts = list(fonts)
        if not fonts:
            raise InputError("There is no font to render; give at least one.")
        images, labels, sources = [], [], []
        total = len(fonts) * len(characters)
        with tqdm(total=total, unit="glyph", desc="fonts", disable=not progress) as bar:
            for source, font in enumerate(fonts):
                before = len(labels)
                for label, character in enumerate(characters):
                    bar.update()
                    image = _render(font, character, image_size, margin)
                    if image is not None:
                        images.append(_encode(image))
                        labels.append(label)
                        sources.append(source)
                if len(labels) == before:
                    raise InputError(
                        f"The font {font.path} ({font.name}) has no character of the "
                        f"set {characters.name}; remove the font or choose another set."
                    )
        names = [font.name for font in fonts]
        kinds = np.full(len(labels), FONT)
        blob, offsets = _pack(images)
        return cls(blob, offsets, labels, sources, kinds, names, characters, image_size)

    @classmethod
    def from_manifest(
        cls,
        samples,
        characters,
        image_size,
        clean=True,
        kind=HANDWRITING,
        progress=False,
    ):
        """Reads the images of a manifest.

        Args:
            samples: list of `Sample`; the writers become the sources.
            characters: the `CharacterSet` of the labels.
            image_size: side of the images in pixels.
            clean: cut the ink out of the scan and make paper white; without it the
                whole picture is padded to a square with white and scaled.
            kind: `FONT`, `HANDWRITING` or `GENERATED`.
            progress: whether to show a progress bar.

        Raises:
            InputError: no sample, an unreadable or blank image, or a character
                outside the set.
        """
        samples = list(samples)
        if not samples:
            raise InputError("There is no image for the store; give at least one.")
        names = sorted({sample.writer for sample in samples})
        positions = {name: position for position, name in enumerate(names)}
        images = []
        for sample in tqdm(samples, unit="image", desc="images", disable=not progress):
            image = read_image(sample.path)
            if clean:
                name = f"The image {sample.path}"
                image = clean_image(image, image_size, margin=0.0, name=name)
            else:
                image = _to_square(image, image_size)
            images.append(_encode(image))
        blob, offsets = _pack(images)
        return cls(
            blob,
            offsets,
            [characters.index(sample.character) for sample in samples],
            [positions[sample.writer] for sample in samples],
            np.full(len(samples), kind),
            names,
            characters,
            image_size,
        )

    @classmethod
    def from_arrays(cls, images, labels, sources, kinds, source_names, characters):
        """Packs images that are in memory.

        Args:
            images: uint8 (n, size, size), 0 ink, 255 paper.
            labels, sources, kinds: (n,) each, as in the class; a single integer
                for `kinds` or `sources` stands for all images.
            source_names: names of the sources.
            characters: the `CharacterSet` of the labels.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or not images.size:
            raise InputError(
                f"The images have shape {images.shape} and type {images.dtype}; give "
                "uint8 greys of shape (n, size, size)."
            )
        count, height, width = images.shape
        if height != width:
            raise InputError(f"The images are {height} × {width}; they must be square.")
        blob, offsets = _pack([_encode(image) for image in images])
        kinds = np.broadcast_to(kinds, (count,)) if np.ndim(kinds) == 0 else kinds
        sources = (
            np.broadcast_to(sources, (count,)) if np.ndim(sources) == 0 else sources
        )
        return cls(
            blob, offsets, labels, sources, kinds, source_names, characters, height
        )

    @classmethod
    def merge(cls, stores):
        """One store of the images of several, in their order.

        Sources of one name become one source if they are of one kind.

        Raises:
            InputError: the stores differ in their characters or image sizes.
        """
        stores = list(stores)
        if not stores:
            raise InputError("There is no store to merge; give at least one.")
        first = stores[0]
        for store in stores[1:]:
            if store.characters.characters != first.characters.characters:
                raise InputError(
                    "Stores of different character sets cannot be merged "
                    f"({first.characters.name} and {store.characters.name})."
                )
            if store.image_size != first.image_size:
                raise InputError(
                    "Stores of different image sizes cannot be merged "
                    f"({first.image_size} and {store.image_size} pixels)."
                )
        names, positions, sources = [], {}, []
        for store in stores:
            pairs = np.stack([store.sources, store.kinds], axis=1)
            keys, inverse = np.unique(pairs, axis=0, return_inverse=True)
            new = []
            for source, kind in keys.tolist():
                name = store.source_names[source]
                if (name, kind) not in positions:
                    positions[name, kind] = len(names)
                    names.append(name)
                new.append(positions[name, kind])
            sources.append(np.array(new, np.int32)[inverse.reshape(-1)])
        ends = np.cumsum([len(store.blob) for store in stores])
        offsets = [
            store.offsets[:-1] + end - len(store.blob)
            for store, end in zip(stores, ends, strict=True)
        ]
        return cls(
            np.concatenate([store.blob for store in stores]),
            np.concatenate([*offsets, ends[-1:]]),
            np.concatenate([store.labels for store in stores]),
            np.concatenate(sources),
            np.concatenate([store.kinds for store in stores]),
            names,
            first.characters,
            first.image_size,
        )

    def __len__(self):
        return len(self.labels)

    def __repr__(self):
        return (
            f"ImageStore({len(self)} images of {self.image_size} pixels, "
            f"{len(np.unique(self.labels))} of {len(self.characters)} characters, "
            f"{len(self.source_names)} sources)"
        )

    def png(self, index):
        """The PNG file of one image, as bytes."""
        return self.blob[self.offsets[index] : self.offsets[index + 1]].tobytes()

    def decode(self, indices):
        """The images at `indices`: uint8 (n, size, size), 0 ink, 255 paper."""
        indices = np.atleast_1d(np.asarray(indices, np.int64))
        images = np.empty((len(indices), self.image_size, self.image_size), np.uint8)
        for image, index in zip(images, indices, strict=True):
            image[:] = Image.open(io.BytesIO(self.png(index)))
        return images

    def select(self, chosen):
        """A store of some of the images; sources keep their numbers.

        Args:
            chosen: boolean mask (n,), or indices.

        Raises:
            InputError: nothing is chosen.
        """
        chosen = np.asarray(chosen)
        indices = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        if not len(indices):
            raise InputError("No image of the store was selected; widen the choice.")
        blob, offsets = _pack([self.png(index) for index in indices])
        return ImageStore(
            blob,
            offsets,
            self.labels[indices],
            self.sources[indices],
            self.kinds[indices],
            self.source_names,
            self.characters,
            self.image_size,
        )

    def save(self, path):
        """Writes the store as one file, which appears only when it is complete."""
        store_file.write(path, self)

    @classmethod
    def open(cls, path):
        """Opens a saved store; the images stay on disk until they are used.

        Raises:
            InputError: the file is missing, not a store, of another version,
                truncated or damaged.
        """
        return cls(**store_file.read(path))


def _check_range(name, values, count):
    if len(values) and not (0 <= values.min() and values.max() < count):
        raise InputError(
            f"The {name} of a store must be from 0 to {count - 1}; they are from "
            f"{values.min()} to {values.max()}."
        )


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


def _encode(image):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG", compress_level=6)
    return file.getvalue()


def _pack(files):
    offsets = np.zeros(len(files) + 1, np.int64)
    np.cumsum([len(file) for file in files], out=offsets[1:])
    return np.frombuffer(b"".join(files), np.uint8), offsets
