"""The records of each image of a set, and of the rejected ones."""

import collections
import csv

import numpy as np

from hwgen_keras.files import complete_file, read_json
from hwgen_keras.generation.gate import REASONS
from hwgen_keras.generation.part import Part

PROVENANCE, SUMMARY = "provenance.csv", "generation.json"
COLUMNS = (
    *("path", "character", "writer", "style", "font", "row", "seed", "attempt"),
    *("score", "model"),
)


class Sources:
    """Names what the images of a sampler are made of.

    Args:
        sampler: see `generate`.
    """

    def __init__(self, sampler):
        self.sampler, self._number = sampler, _numbers(sampler.store)

    def names(self, styles, content):
        """The hand, its shown images or tracks, and the font, of indices of them."""
        store = self.sampler.store
        shown = " ".join(
            f"{store.characters[store.labels[i]]}/{self._number[i]}" for i in styles
        )
        hand = store.source_names[store.sources[styles[0]]]
        return hand, shown, self.sampler.template_of(content)


def read_parts(paths):
    """Yields the `Part` of each record, without its PNG files."""
    for path in paths:
        yield Part.of_record(read_json(path))


def write(folder, job, form, paths):
    """Writes the provenance of a set, and joins its parts.

    `paths` are the records of its parts, in order.
    """

    def rows():
        position = 0
        for number, part in enumerate(read_parts(paths)):
            for index, image in enumerate(part.images):
                yield (
                    form.place(number, index, position, image.row),
                    job.rows.characters[image.label],
                    *(image.writer, image.style, image.font),
                    *(image.row, job.rows.seed, image.attempt),
                    "" if image.score is None else f"{image.score:.6f}",
                    job.request["model"],
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


def summary(rows, paths):
    """Counts of "rows", "images", "dropped" and "rejected" {reason: images}.

    "characters" has the same counts of each character. `rows` are those of the set.
    """
    images: collections.Counter[int] = collections.Counter()
    rejected: collections.Counter[tuple[int, str]] = collections.Counter()
    dropped: collections.Counter[int] = collections.Counter()
    for part in read_parts(paths):
        images.update(image.label for image in part.images)
        rejected.update(part.rejected)
        dropped.update(part.dropped)

    def count(labels, asked):
        return {
            "rows": int(asked),
            "images": sum(images[label] for label in labels),
            "dropped": sum(dropped[label] for label in labels),
            "rejected": {
                why: sum(rejected[label, why] for label in labels) for why in REASONS
            },
        }

    labels = rows.labels.tolist()
    by_character = {
        rows.characters[label]: count([label], asked)
        for label, asked in zip(labels, rows.counts, strict=True)
    }
    return {**count(labels, rows.rows_per_epoch), "characters": by_character}


def _numbers(store):
    """The number of each image among those of its character and source, from 0."""
    key = store.sources.astype(np.int64) * len(store.characters) + store.labels
    order = np.argsort(key, kind="stable")
    _, starts, counts = np.unique(key[order], return_index=True, return_counts=True)
    numbers = np.empty(len(key), np.int64)
    numbers[order] = np.arange(len(key)) - np.repeat(starts, counts)
    return numbers
