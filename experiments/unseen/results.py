"""Which characters no training sees, and how well both kinds are read."""

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file

_SHOWN, _COLUMNS = 100, 20


def held_out(characters, share, seed):
    """Class ids of a share of the characters, drawn by the seed, ascending."""
    count = round(share * len(characters))
    if not 0 < count < len(characters):
        raise InputError(
            f"--held_out={share} keeps {count} of {len(characters)} characters out; "
            "give a share that leaves both kinds."
        )
    return np.sort(np.random.default_rng(seed).permutation(len(characters))[:count])


def accuracies(readings, unseen):
    """{"seen", "unseen": see `content_accuracy`, or None without images}.

    `unseen` are the class ids of the unseen characters in the `Readings`.
    """
    own = np.isin(readings.labels, unseen)
    return {
        name: readings.select(rows).accuracy() if rows.any() else None
        for name, rows in (("seen", ~own), ("unseen", own))
    }


def draw(path, readings, unseen):
    """Writes a grid of the first image of each unseen character, see `accuracies`."""
    labels, first = np.unique(readings.labels, return_index=True)
    rows = first[np.isin(labels, unseen)][:_SHOWN]
    with complete_file(path) as partial:
        evaluation.grid(readings.images[rows], _COLUMNS).save(partial, "PNG")


def table(results):
    """The text of {name: see `accuracies`}."""
    keys = ("top1", "low", "high", "confidence")
    rows = []
    for name, result in results.items():
        found = [result["seen"], result["unseen"]]
        rows.append([name, *(f and 100 * f[key] for f in found for key in keys)])
    header = ["", "Seen: read %", "from", "to", "confidence %"]
    return evaluation.text_table([*header, "Unseen: read %", *header[2:]], rows)
