"""Stores of scans of the ETL Character Database, and manifests of a store's images."""

import functools
import json
import pathlib

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.manifest import Sample, split_by_writer
from hwgen_keras.data.png import decode, encode
from hwgen_keras.data.store import FONT, HANDWRITING
from hwgen_keras.data.store_writer import StoreWriter
from hwgen_keras.files import complete_file
from hwgen_keras.sources.original_scans import prepare_as_original


def write_etl_store(contents, path, png_folder=None, cleaning="none"):
    """Writes the samples of an ETL file as a store; returns their number.

    Args:
        contents: `hwgen_keras.sources.etl.Contents`; writers become sources, printed
            samples are of the kind `FONT`.
        path: the store file to write.
        png_folder: optional folder for PNG files, too, as
            `<code point>/<source>-<set's file>-<record>.png`.
        cleaning: `"none"`, the images stay as they were scanned, or the name of a
            preparation, see `prepare_as_original`.
    """
    characters = contents.characters.tolist()
    sources = [contents.sources[number] for number in contents.source_ids.tolist()]
    kinds = np.where(contents.printed, FONT, HANDWRITING).tolist()
    records = contents.records.tolist()
    known = CharacterSet("etl", sorted(set(characters)))
    with StoreWriter(path, known) as writer:
        for number, png in contents.images():
            character, source = characters[number], sources[number]
            if cleaning != "none":
                png = encode(prepare_as_original(decode(png), cleaning))
            writer.add(png, character, source, kinds[number])
            if png_folder is not None:
                name = f"{source}-{contents.file.name}-{records[number]:06d}.png"
                file = pathlib.Path(png_folder, f"{ord(character):04x}", name)
                with complete_file(file) as partial:
                    partial.write_bytes(png)
    return len(records)


def write_store_manifest(path, store, store_path, chosen):
    """Streams the manifest of selected images of a store to a file.

    Args:
        path: the JSON file to write.
        store: the `ImageStore`; its sources are the writers.
        store_path: path of its file, relative to the manifest's folder.
        chosen: bool (n,), the selection.
    """
    dumps = functools.partial(json.dumps, ensure_ascii=False)
    indices = np.flatnonzero(chosen)
    indices = indices[np.argsort(store.labels[indices], kind="stable")]
    labels = store.labels[indices]
    used, starts = np.unique(labels, return_index=True)
    parts = np.split(indices, starts[1:])
    with complete_file(path) as partial, open(partial, "w", encoding="utf-8") as file:
        file.write("{")
        for position, (label, part) in enumerate(zip(used, parts, strict=True)):
            writers = [store.source_names[n] for n in store.sources[part].tolist()]
            entries = ",\n".join(
                dumps({"path": f"{store_path}#{index}", "writer": writer})
                for index, writer in zip(part.tolist(), writers, strict=True)
            )
            character = dumps(store.characters[label])
            file.write(f"{',' if position else ''}\n{character}: [\n{entries}]")
        file.write("\n}\n")


def split_etl_writers(names, fractions, seed):
    """Splits the writers of each set, so that every part has writers of every set.

    ETL8B and ETL8G are images of the same sheets, as are ETL9B and ETL9G: the two
    writers of one number go into one part. A set with fewer writers than parts goes
    into the first part.

    Args:
        names: names of writers, `ETL9G-017`.
        fractions, seed: see `split_by_writer`.

    Returns:
        A list of sets of names, one for each fraction.
    """
    families: dict[str, dict[str, set[str]]] = {}
    for name in names:
        family, _, number = name.partition("-")
        people = families.setdefault(family.rstrip("BG"), {})
        people.setdefault(number, set()).add(name)
    parts: list[set[str]] = [set() for _ in fractions]
    for people in families.values():
        samples = [Sample("", pathlib.Path(), number) for number in people]
        split = [samples]
        if len(people) >= len(fractions):
            split = split_by_writer(samples, fractions, seed)
        for part, chosen in zip(parts, split, strict=False):
            part.update(*(people[sample.writer] for sample in chosen))
    return parts
