"""The records of each image of a set, and of the rejected ones."""

import collections
import csv
import dataclasses
import json

import numpy as np

from hwgen_keras.files import complete_file, read_json, write_text
from hwgen_keras.generation.gate import REASONS

PROVENANCE, SUMMARY = "provenance.csv", "generation.json"
COLUMNS = (
    *("path", "character", "writer", "style", "font", "row", "seed", "attempt"),
    *("score", "model"),
)


@dataclasses.dataclass(slots=True)
class ImageRecord:
    """An accepted image."""

    row: int  # row of the sampler
    attempt: int  # number of images of the row that were rejected before it
    score: float | None  # probability by the reader
    label: int  # class id
    content: int  # index of its glyph in the sampler's store; -1: KanjiVG's strokes
    styles: list[int]  # indices of its style images, or tracks, in the store
    png: bytes = b""


def write_part(path, images, rejected, dropped):
    """Records a part in a JSON file, which marks it as complete.

    `rejected` is {(class id, reason): images}; `dropped` has the class ids of the rows
    without an image.
    """
    names = [f.name for f in dataclasses.fields(ImageRecord) if f.name != "png"]
    content = {
        "images": [[getattr(image, name) for name in names] for image in images],
        "rejected": [[*key, count] for key, count in sorted(rejected.items())],
        "dropped": dropped,
    }
    write_text(path, json.dumps(content))


def read_parts(paths):
    """Yields the (list of `ImageRecord`, rejected, dropped) of `write_part`."""
    for path in paths:
        content = read_json(path)
        rejected = {(label, why): n for label, why, n in content["rejected"]}
        yield (
            [ImageRecord(*row) for row in content["images"]],
            rejected,
            content["dropped"],
        )


def write(folder, sampler, form, paths, model):
    """Writes the provenance of a set, and joins its parts.

    `paths` are the files of `write_part`, in order; `model` is the weights' SHA-256.
    """
    store = sampler.store
    number = _numbers(store)

    def rows():
        position = 0
        for part, (images, _, _) in enumerate(read_parts(paths)):
            for index, image in enumerate(images):
                yield (
                    form.place(part, index, position, image.row),
                    sampler.characters[image.label],
                    store.source_names[store.sources[image.styles[0]]],
                    " ".join(
                        f"{store.characters[store.labels[i]]}/{number[i]}"
                        for i in image.styles
                    ),
                    sampler.template_of(image.content),
                    *(image.row, sampler.seed, image.attempt),
                    "" if image.score is None else f"{image.score:.6f}",
                    model,
                )
                position += 1

    with (
        complete_file(folder / PROVENANCE) as partial,
        open(partial, "w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows())
    # The path, the character, the writer and the row.
    form.finish((*row[:3], row[5]) for row in rows())


def summary(sampler, paths):
    """Counts of "rows", "images", "dropped" and "rejected" {reason: images}.

    "characters" has the same counts of each character.
    """
    images: collections.Counter[int] = collections.Counter()
    rejected: collections.Counter[tuple[int, str]] = collections.Counter()
    dropped: collections.Counter[int] = collections.Counter()
    for accepted, part_rejected, part_dropped in read_parts(paths):
        images.update(image.label for image in accepted)
        rejected.update(part_rejected)
        dropped.update(part_dropped)
    characters = sampler.characters

    def count(labels, rows):
        return {
            "rows": int(rows),
            "images": sum(images[label] for label in labels),
            "dropped": sum(dropped[label] for label in labels),
            "rejected": {
                why: sum(rejected[label, why] for label in labels) for why in REASONS
            },
        }

    labels = sampler.labels.tolist()
    by_character = {
        characters[label]: count([label], rows)
        for label, rows in zip(labels, sampler.counts, strict=True)
    }
    return {**count(labels, sampler.rows_per_epoch), "characters": by_character}


def _numbers(store):
    """The number of each image among those of its character and source, from 0."""
    key = store.sources.astype(np.int64) * len(store.characters) + store.labels
    order = np.argsort(key, kind="stable")
    _, starts, counts = np.unique(key[order], return_index=True, return_counts=True)
    numbers = np.empty(len(key), np.int64)
    numbers[order] = np.arange(len(key)) - np.repeat(starts, counts)
    return numbers
