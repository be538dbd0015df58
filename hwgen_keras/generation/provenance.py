"""What is noted of each image of a set, and of those that were rejected."""

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
    """An image that passed.

    Attributes:
        row: its row of the sampler.
        attempt: how many images of the row were rejected before it.
        score: what the reader gave it, or None.
        label: its class id.
        content: index of its glyph in the sampler's store.
        styles: indices of the images that showed its hand.
        png: the PNG file.
    """

    row: int
    attempt: int
    score: float | None
    label: int
    content: int
    styles: list[int]
    png: bytes = b""


def write_part(path, images, rejected, dropped):
    """Notes what is to be known of a part.

    Args:
        path: the JSON file, which marks the part as complete.
        images: list of `ImageRecord`.
        rejected: {(class id, reason): images}.
        dropped: class ids of the rows without an image.
    """
    names = [f.name for f in dataclasses.fields(ImageRecord) if f.name != "png"]
    content = {
        "images": [[getattr(made, name) for name in names] for made in images],
        "rejected": [[*key, count] for key, count in sorted(rejected.items())],
        "dropped": dropped,
    }
    write_text(path, json.dumps(content))


def read_parts(paths):
    """Yields what `write_part` noted: (list of `ImageRecord`, rejected, dropped)."""
    for path in paths:
        content = read_json(path)
        rejected = {(label, why): n for label, why, n in content["rejected"]}
        yield (
            [ImageRecord(*row) for row in content["images"]],
            rejected,
            content["dropped"],
        )


def write(folder, sampler, form, paths, model):
    """Writes the provenance of a set, and finishes its form.

    Args:
        folder: where the set grows.
        sampler: the `GenerationSampler`.
        form: one of `FORMATS`.
        paths: the files of `write_part`, in their order.
        model: SHA-256 of the weights.
    """
    store = sampler.store
    number = _numbers(store)

    def rows():
        position = 0
        for part, (images, _, _) in enumerate(read_parts(paths)):
            for index, made in enumerate(images):
                yield (
                    form.place(part, index, position, made.row),
                    store.characters[made.label],
                    store.source_names[store.sources[made.styles[0]]],
                    " ".join(
                        f"{store.characters[store.labels[i]]}/{number[i]}"
                        for i in made.styles
                    ),
                    store.source_names[store.sources[made.content]],
                    *(made.row, sampler.seed, made.attempt),
                    "" if made.score is None else f"{made.score:.6f}",
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
    form.finish(row[:3] for row in rows())


def summary(sampler, paths):
    """How many images there are, and what was rejected, in all and of each character.

    Args:
        sampler, paths: as in `write`.

    Returns:
        A dict: "rows", "images", "dropped", "rejected" {reason: images}, and
        "characters" {character: the same, of it}.
    """
    images: collections.Counter[int] = collections.Counter()
    rejected: collections.Counter[tuple[int, str]] = collections.Counter()
    dropped: collections.Counter[int] = collections.Counter()
    for made, part_rejected, part_dropped in read_parts(paths):
        images.update(one.label for one in made)
        rejected.update(part_rejected)
        dropped.update(part_dropped)
    characters = sampler.store.characters

    def of(labels, rows):
        return {
            "rows": int(rows),
            "images": sum(images[label] for label in labels),
            "dropped": sum(dropped[label] for label in labels),
            "rejected": {
                why: sum(rejected[label, why] for label in labels) for why in REASONS
            },
        }

    labels = sampler.labels.tolist()
    each = {
        characters[label]: of([label], rows)
        for label, rows in zip(labels, sampler.counts, strict=True)
    }
    return {**of(labels, sampler.rows_per_epoch), "characters": each}


def _numbers(store):
    """Which image of its character and source each is, counted from 0 in the store."""
    key = store.sources.astype(np.int64) * len(store.characters) + store.labels
    order = np.argsort(key, kind="stable")
    _, starts = np.unique(key[order], return_index=True)
    first = np.zeros(len(key), np.int64)
    first[starts] = starts
    numbers = np.empty(len(key), np.int64)
    numbers[order] = np.arange(len(key)) - np.maximum.accumulate(first)
    return numbers
