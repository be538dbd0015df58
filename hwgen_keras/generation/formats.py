"""The formats of a set on disk: a tree of PNG files, a packed store, TFRecord files.

A set is written part by part. If writing a part was interrupted, `write` is called
again and leaves the same files. `finish` is called when all parts are written.
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
    """A format of a set in `folder`, with its unfinished parts in `parts`."""

    result: str  # The file or folder by which the set is opened.

    def __init__(self, sampler, folder, parts, count):
        self.sampler, self.folder = sampler, pathlib.Path(folder)
        self.parts, self.count = pathlib.Path(parts), count

    def write(self, number, rows, images):
        """Writes part `number`, whose `rows` include those without an image."""
        raise NotImplementedError

    def place(self, number, index, position, row):
        """The path of an image in the provenance.

        It is image `index` of part `number`, and image `position` of the set.
        """
        raise NotImplementedError

    def finish(self, images):
        """Joins the parts; `images` yields (place, character, writer) of each image."""

    def _labelled(self, images):
        """Yields (png, label, character, writer, row) of a part's images."""
        store = self.sampler.store
        for image in images:
            writer = store.source_names[store.sources[image.styles[0]]]
            character = self.sampler.characters[image.label]
            yield image.png, image.label, character, writer, image.row


class PngTree(SetFormat):
    """`<code point>/<number>.png` of the rows of a character, with a manifest."""

    result = MANIFEST

    def write(self, number, rows, images):
        kept = {image.row: image.png for image in images}
        for row in rows.tolist():
            file = self.folder / self._name(row)
            if row in kept:
                with complete_file(file) as partial:
                    partial.write_bytes(kept[row])
            else:
                # A killed run may have accepted it, if rounding moved its score.
                file.unlink(missing_ok=True)

    def place(self, number, index, position, row):
        return self._name(row)

    def finish(self, images):
        samples = [Sample(c, self.folder / name, writer) for name, c, writer in images]
        write_manifest(self.folder / MANIFEST, samples)

    def _name(self, row):
        label, number = self.sampler.label_of(row)
        return f"{ord(self.sampler.characters[label]):05x}/{number:05d}.png"


class Packed(SetFormat):
    """A store of all images, `images.store`, with a manifest that lists them."""

    result = STORE

    def write(self, number, rows, images):
        part, characters = self._part(number), self.sampler.characters
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
        features()  # It fails without TensorFlow, before any image is generated.

    def write(self, number, rows, images):
        with complete_file(self.folder / self._file(number)) as partial:
            write_tfrecord(partial, self._labelled(images))

    def place(self, number, index, position, row):
        return f"{self._file(number)}#{index}"

    def _file(self, number):
        return f"images-{number:05d}-of-{self.count:05d}.tfrecord"


FORMATS = {"png": PngTree, "store": Packed, "tfrecord": TFRecords}
