"""The formats of a set on disk: PNG files, a packed store, shards for other libraries.

A set is written part by part. If writing a part was interrupted, `write` is called
again and leaves the same files. `finish` is called when all parts are written.
"""

import csv
import functools
import itertools
import pathlib

import numpy as np

from hwgen_keras.data import (
    GENERATED,
    ImageStore,
    Sample,
    StoreWriter,
    parquet,
    webdataset,
    write_manifest,
)
from hwgen_keras.data.concatenation import concatenate_stores
from hwgen_keras.data.etl_store import write_store_manifest
from hwgen_keras.data.tfrecords import features, write_tfrecord
from hwgen_keras.files import complete_file

MANIFEST, METADATA, STORE = "manifest.json", "metadata.csv", "images.store"


class SetFormat:
    """A format of a set in `folder`, with its unfinished parts in `parts`.

    `rows` are the `SetRows`, `count` is the number of parts.
    """

    result: str  # The file or folder by which the set is opened.

    def __init__(self, rows, folder, parts, count):
        self.rows, self.folder = rows, pathlib.Path(folder)
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
        """Joins the parts; `images` yields (place, character, writer, row) of each."""

    def _labelled(self, images):
        """Yields (png, label, character, writer, row) of a part's images."""
        for image in images:
            character = self.rows.characters[image.label]
            yield image.png, image.label, character, image.writer, image.row


class PngTree(SetFormat):
    """`<code point>/<number>.png` of the rows of a character, and two lists of them.

    manifest.json is the project's own, metadata.csv that of Hugging Face's
    `imagefolder`. A folder is a class to Keras and torchvision. Its name is a code
    point in five or more lower-case digits: characters as names differ from system to
    system (/ and ., A beside a, が of one code point or two).
    """

    result = MANIFEST

    def write(self, number, rows, images):
        kept = {image.row: image.png for image in images}
        for row in rows:
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
        samples = []
        with (
            complete_file(self.folder / METADATA) as partial,
            open(partial, "w", encoding="utf-8", newline="") as file,
        ):
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("file_name", "character", "writer", "label"))
            for name, character, writer, _ in images:
                label = self.rows.characters.index(character)
                table.writerow((name, character, writer, label))
                samples.append(Sample(character, self.folder / name, writer))
        write_manifest(self.folder / MANIFEST, samples)
        # torchvision takes a folder for a class and refuses one without an image.
        for folder in self.folder.iterdir():
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _name(self, row):
        label, number = self.rows.label_of(row)
        return f"{ord(self.rows.characters[label]):05x}/{number:05d}.png"


class Packed(SetFormat):
    """A store of all images, `images.store`, with a manifest that lists them."""

    result = STORE

    def write(self, number, rows, images):
        part, characters = self._part(number), self.rows.characters
        if not images:
            part.unlink(missing_ok=True)
            return
        with StoreWriter(part, characters, self.rows.image_size) as writer:
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
    """A file of `tf.train.Example`s for each part, see `data.tfrecords`."""

    result = "."

    def __init__(self, rows, folder, parts, count):
        super().__init__(rows, folder, parts, count)
        features()  # It fails without TensorFlow, before any image is generated.

    def write(self, number, rows, images):
        with complete_file(self.folder / self._file(number)) as partial:
            write_tfrecord(partial, self._labelled(images))

    def place(self, number, index, position, row):
        return f"{self._file(number)}#{index}"

    def finish(self, images):
        _write_numbered(self.folder, images)

    def _file(self, number):
        return shard_name(number, self.count, "tfrecord")


class Sharded(Packed):
    """Files of about `SHARD_BYTES`, written when all parts are.

    Until then the parts are stores. An image is never divided, and a file that would
    grow beyond the limit with one more image is complete.
    """

    result = "."
    suffix: str
    SHARD_BYTES = 128 << 20

    def place(self, number, index, position, row):
        starts = self._starts
        shard = int(np.searchsorted(starts, position, "right")) - 1
        name = shard_name(shard, len(starts), self.suffix)
        return f"{name}#{position - starts[shard]}"

    def finish(self, images):
        images = list(images)
        examples = self._examples(images)
        ends = [*self._starts[1:], len(images)]
        for shard, (start, end) in enumerate(zip(self._starts, ends, strict=True)):
            name = shard_name(shard, len(ends), self.suffix)
            with complete_file(self.folder / name) as partial:
                self.write_shard(partial, itertools.islice(examples, end - start))
        _write_numbered(self.folder, images)

    def size_of(self, png_bytes):
        """Bytes of a shard that a PNG file of so many takes."""
        raise NotImplementedError

    def write_shard(self, path, examples):
        """Writes a file of (png, label, character, writer, row)."""
        raise NotImplementedError

    def _examples(self, images):
        pngs = itertools.chain.from_iterable(store.pngs for store in self._stores())
        for png, (_, character, writer, row) in zip(pngs, images, strict=True):
            label = self.rows.characters.index(character)
            yield png, label, character, writer, row

    def _stores(self):
        parts = map(self._part, range(self.count))
        return (ImageStore.open(part) for part in parts if part.exists())

    @functools.cached_property
    def _starts(self):
        """The position in the set of the first image of each shard."""
        starts, total, position = [0], 0, 0
        for store in self._stores():
            for size in map(self.size_of, store.pngs.length.tolist()):
                if total and total + size > self.SHARD_BYTES:
                    starts.append(position)
                    total = 0
                total += size
                position += 1
        return starts


class WebDataset(Sharded):
    """Tar files, see `data.webdataset`."""

    suffix = "tar"
    size_of = staticmethod(webdataset.size_of)

    def write_shard(self, path, examples):
        webdataset.write_webdataset(path, examples)


class Parquet(Sharded):
    """Parquet files, see `data.parquet`."""

    suffix = "parquet"
    size_of = staticmethod(parquet.size_of)

    def __init__(self, rows, folder, parts, count):
        super().__init__(rows, folder, parts, count)
        parquet.pyarrow()  # It fails without pyarrow, before any image is generated.

    def write_shard(self, path, examples):
        parquet.write_parquet(path, examples, self.rows.characters)


def shard_name(number, count, suffix):
    """The name of a file of a set; the names sort as the files do."""
    return f"images-{number:05d}-of-{count:05d}.{suffix}"


def _write_numbered(folder, images):
    """The manifest of images in files, whose places are `file#number`."""
    file_of = functools.cache(lambda name: folder / name)
    samples = []
    for place, character, writer, _ in images:
        name, _, index = place.partition("#")
        samples.append(Sample(character, file_of(name), writer, int(index)))
    write_manifest(folder / MANIFEST, samples)


FORMATS = {
    "png": PngTree,
    "store": Packed,
    "tfrecord": TFRecords,
    "webdataset": WebDataset,
    "parquet": Parquet,
}
