"""What a recogniser reads of one source, a writer or a font."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from scipy.stats import binomtest

from hwgen_keras.characters import SCRIPTS, script_of, twins_of
from hwgen_keras.errors import InputError

# What `source_measures` tells, all in [0, 1].
MEASURES = ("read", "low", "high", "first_five", "in_script", "twins")


class Judged(NamedTuple):
    """What a recogniser made of n images.

    Attributes:
        labels, predicted: class ids, what is written and what was read.
        rank: of the true class by its score, from 1; below those of an equal score.
        in_script: whether it is read if only characters of its script may be answered.
        twins: whether it or one of its twins is read, see `twins_of`.
        probability, true_probability: of what was read, and of the true class.
    """

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    rank: NDArray[np.int64]
    in_script: NDArray[np.bool_]
    twins: NDArray[np.bool_]
    probability: NDArray[np.floating]
    true_probability: NDArray[np.floating]


def judge(scores: ArrayLike, labels: ArrayLike, characters: Iterable[str]) -> Judged:
    """Judges the scores of a recogniser, image by image.

    Args:
        scores: (n, classes), logits.
        labels: the correct class id of each image, (n,).
        characters: a CharacterSet, or its characters in the order of the class ids.

    Raises:
        InputError: the scores are not finite, or of another shape.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, np.int64)
    names = tuple(characters)
    if scores.shape != (len(labels), len(names)):
        raise InputError(
            f"The scores have shape {scores.shape}; give ({len(labels)}, {len(names)}),"
            " a row an image and a column a character."
        )
    if not np.isfinite(scores).all():
        raise InputError("The scores are not all finite numbers; check the recogniser.")
    scripts = np.array([SCRIPTS.index(script_of(name)) for name in names])
    groups = np.array([min(twins_of(name)) for name in names])
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    same = scripts == scripts[labels][:, None]
    rows, odds = np.arange(len(labels)), softmax(scores, axis=1)
    predicted = scores.argmax(axis=1)
    return Judged(
        labels=labels,
        predicted=predicted,
        rank=(scores >= own).sum(axis=1),
        in_script=((scores >= own) & same).sum(axis=1) == 1,
        twins=groups[predicted] == groups[labels],
        probability=odds[rows, predicted],
        true_probability=odds[rows, labels],
    )


def join(parts: Iterable[Judged]) -> Judged:
    """All images of several parts.

    Args:
        parts: at least one `Judged`.
    """
    return Judged(*map(np.concatenate, zip(*parts, strict=True)))


def source_measures(judged: Judged, characters: Iterable[str]) -> dict[str, dict]:
    """How a recogniser reads the images of one source, together and by script.

    Args:
        judged: the images, see `judge`.
        characters: those of the class ids.

    Returns:
        {"all" and each of `SCRIPTS` that occurs: a dict}, with "images", their number;
        "read", the share whose character has the highest score; "low" and "high", its
        95 % interval by Wilson's score; "first_five", the share whose character is
        among the five of the highest scores; "in_script" and "twins", shares, see
        `Judged`.

    Reference: see `content_accuracy`.
    """
    scripts = np.array([script_of(character) for character in characters])
    own = scripts[judged.labels]
    chosen = {"all": np.ones(len(own), bool)}
    chosen |= {script: own == script for script in SCRIPTS}
    found = {}
    for script, rows in chosen.items():
        count = int(rows.sum())
        if not count:
            continue
        right = judged.rank[rows] == 1
        interval = binomtest(int(right.sum()), count).proportion_ci(method="wilson")
        found[script] = {
            "images": count,
            "read": float(right.mean()),
            "low": float(interval.low),
            "high": float(interval.high),
            "first_five": float((judged.rank[rows] <= 5).mean()),
            "in_script": float(judged.in_script[rows].mean()),
            "twins": float(judged.twins[rows].mean()),
        }
    return found


def confusions(
    true: Sequence[str], read: Sequence[str], sources: Sequence[str]
) -> list[dict]:
    """Which characters are taken for which, the most frequent first.

    Args:
        true, read: the character of each image, and what was read.
        sources: the writer or font of each image.

    Returns:
        A list of dicts: "true", "read", "images", how often; "of", the images of the
        true character; "sources", in how many of them; "twins", whether both have one
        shape, see `twins_of`.
    """
    shown: dict[str, int] = {}
    found: dict[tuple, list] = {}
    for written, answer, source in zip(true, read, sources, strict=True):
        shown[written] = shown.get(written, 0) + 1
        if written != answer:
            found.setdefault((written, answer), []).append(source)
    rows = [
        {
            "true": written,
            "read": answer,
            "images": len(hands),
            "of": shown[written],
            "sources": len(set(hands)),
            "twins": answer in twins_of(written),
        }
        for (written, answer), hands in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["images"], row["true"], row["read"]))
