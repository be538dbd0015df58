"""Pictures of the scans of each set."""

import numpy as np

from hwgen_keras.data import ImageStore
from hwgen_keras.evaluation import grid
from hwgen_keras.files import complete_file, write_text


def write_sheets(path, folder, rows=24, columns=16):
    """Writes a picture of each set of a store, a row a character, and their names.

    `rows` characters of a set at most, `columns` images of a character at most.
    """
    store = ImageStore.open(path)
    names = np.array([name.split("-")[0] for name in store.source_names])
    for name in np.unique(names):
        # Opened anew, or all that was read of the mapped file would count as memory.
        store = ImageStore.open(path)
        indices = np.flatnonzero((names == name)[store.sources])
        labels = _spread(np.unique(store.labels[indices]), rows)
        cells = []
        for label in labels:
            chosen = _spread(indices[store.labels[indices] == label], columns)
            cells += [store.decode_one(index) for index in chosen]
            cells += [np.full_like(cells[-1], 255)] * (columns - len(chosen))
        with complete_file(folder / f"{name}.png") as partial:
            grid(np.stack(cells), columns, 64).save(partial)
        characters = "".join(f"{store.characters[label]}\n" for label in labels)
        write_text(folder / f"{name}.txt", characters)


def _spread(values, count):
    """At most `count` of the values, evenly from all of them."""
    return values[np.unique(np.linspace(0, len(values) - 1, count).astype(int))]
