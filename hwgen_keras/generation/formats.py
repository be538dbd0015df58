"""The forms of a set on disk: a tree of PNG files, a packed store, TFRecord files.

A set is made part by part. `write` may be called again for a part whose writing was
killed, and leaves the same files; `finish` is called when all parts are there.
"""

import pathlib

import numpy as np

from hwgen_keras.data import GENERATED, Sample, StoreWriter, write_manifest
from hwgen_keras.data.concatenation import concatenate_stores
from hwgen_keras.data.etl_store import write_store_manifest
from hwgen_keras.data.tfrecords import features, write_tfrecord
from hwgen_keras.files import complete_file

MANIFEST, STORE = "manifest.json", "images.store"


class SetFormat:
    """A form of a set; see the module.

    Args:
        sampler: the `GenerationSampler`.
        folder: where the set grows.
        parts: where its parts are kept meanwhile.
        count: number of parts.
    """

    result: str  # what stands for the whole set in its folder

    def __init__(self, sampler, folder, parts, count):
        self.sampler, self.folder = sampler, pathlib.Path(folder)
        self.parts, self.count = pathlib.Path(parts), count

    def write(self, number, rows, images):
        """Writes a part.

        Args:
            number: of the part.
            rows: all its rows, also those that have no image.
            images: list of `ImageRecord`, in the order of their rows.
        """
        raise NotImplementedError

    def place(self, number, index, position, row):
        """What an image is called in the provenance.

        Args:
            number, index: of the part, and of the image in it.
            position: of the image in the whole set.
            row: of the image.
        """
        raise NotImplementedError

    def finish(self, images):
        """Makes of the parts the whole.

        Args:
            images: iterable of (place, character, writer) of all images.
        """

    def _labelled(self, images):
        """Yields (png, label, character, writer, row) of a part's images."""
        store = self.sampler.store
        for made in images:
            writer = store.source_names[store.sources[made.styles[0]]]
            character = store.characters[made.label]
            yield made.png, made.label, character, writer, made.row


class PngTree(SetFormat):
    """`<code point>/<number>.png` of the rows of a character, with a manifest."""

    result = MANIFEST

    def write(self, number, rows, images):
        kept = {made.row: made.png for made in images}
        for row in rows.tolist():
            file = self.folder / self._name(row)
            if row in kept:
                with complete_file(file) as partial:
                    partial.write_bytes(kept[row])
            else:
                # A run that was killed may have rounded a score to the other side.
                file.unlink(missing_ok=True)

    def place(self, number, index, position, row):
        return self._name(row)

    def finish(self, images):
        samples = [Sample(c, self.folder / name, writer) for name, c, writer in images]
        write_manifest(self.folder / MANIFEST, samples)

    def _name(self, row):
        label, number = self.sampler.label_of(row)
        return f"{ord(self.sampler.store.characters[label]):05x}/{number:05d}.png"


class Packed(SetFormat):
    """A store of all images, `images.store`, with a manifest that lists them."""

    result = STORE

    def write(self, number, rows, images):
        part, characters = self._part(number), self.sampler.store.characters
        if not images:
            part.unlink(missing_ok=True)
            return
        with StoreWriter(part, characters, self.sampler.image_size) as writer:
            for png, _, character, source, _ in self._labelled(images):
                writer.add(png, character, source, GENERATED)

    def place(self, number, index, position, row):
        return f"{STORE}#{position}"

    def finish(self, images):
        parts = [self._part(number) for number in range(self.count)]
        store = concatenate_stores(
            [part for part in parts if part.exists()], self.folder / STORE
        )
        everything = np.ones(len(store), bool)
        write_store_manifest(self.folder / MANIFEST, store, STORE, everything)

    def _part(self, number):
        return self.parts / f"{number:05d}.store"


class TFRecords(SetFormat):
    """Files of `tf.train.Example`s, see `hwgen_keras.data.tfrecords`."""

    result = "."

    def __init__(self, sampler, folder, parts, count):
        super().__init__(sampler, folder, parts, count)
        features()  # Fails where TensorFlow is missing, before any image is made.

    def write(self, number, rows, images):
        with complete_file(self.folder / self._file(number)) as partial:
            write_tfrecord(partial, self._labelled(images))

    def place(self, number, index, position, row):
        return f"{self._file(number)}#{index}"

    def _file(self, number):
        return f"images-{number:05d}-of-{self.count:05d}.tfrecord"


FORMATS = {"png": PngTree, "store": Packed, "tfrecord": TFRecords}
