"""Which characters no training sees, and how well both kinds are read."""

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file

_SHOWN, _COLUMNS = 100, 20


def held_out(characters, share, seed):
    """Class ids of the characters to hold out, ascending.

    Args:
        characters: a `CharacterSet`.
        share: of the characters, above 0 and below 1.
        seed: of the draw.

    Raises:
        InputError: the share leaves no character of one kind.
    """
    count = round(share * len(characters))
    if not 0 < count < len(characters):
        raise InputError(
            f"--held_out={share} keeps {count} of {len(characters)} characters out; "
            "give a share that leaves some of both kinds."
        )
    return np.sort(np.random.default_rng(seed).permutation(len(characters))[:count])


def accuracies(readings, unseen):
    """{"seen", "unseen": see `content_accuracy`, or None without images}.

    Args:
        readings: `Readings` of images of both kinds.
        unseen: class ids.
    """
    own = np.isin(readings.labels, unseen)
    return {
        name: readings.select(rows).accuracy() if rows.any() else None
        for name, rows in (("seen", ~own), ("unseen", own))
    }


def draw(path, readings, unseen):
    """Writes a grid of the first image of each of the first unseen characters.

    Args:
        path: of the PNG file.
        readings, unseen: see `accuracies`.
    """
    labels, first = np.unique(readings.labels, return_index=True)
    rows = first[np.isin(labels, unseen)][:_SHOWN]
    with complete_file(path) as partial:
        evaluation.grid(readings.images[rows], _COLUMNS).save(partial, "PNG")


def table(results):
    """The text of {name: see `accuracies`}."""
    keys = ("top1", "low", "high", "confidence")
    rows = [
        [name]
        + [
            None if result[kind] is None else 100 * result[kind][key]
            for kind in ("seen", "unseen")
            for key in keys
        ]
        for name, result in results.items()
    ]
    header = ["", "Seen: read %", "from", "to", "confidence %"]
    return evaluation.text_table([*header, "Unseen: read %", *header[2:]], rows)
