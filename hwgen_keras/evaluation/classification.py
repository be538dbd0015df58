"""Accuracy of a recogniser: by character, and as a mean over seeds.

Accuracy is over all images. Macro-F1 is the mean of the characters' F1, over the
characters asked for (the original reports 973 of its 3,057 classes).
"""

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import precision_recall_fscore_support

from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.tables import text_table
from hwgen_keras.files import StrPath, write_json, write_text


def classification_report(
    characters: Iterable[str],
    true: ArrayLike,
    predicted: ArrayLike,
    macro_over: Iterable[str] | None = None,
) -> dict:
    """Precision, recall and F1 of each character, accuracy and macro-F1.

    Args:
        characters: a CharacterSet, or its characters in order of their class ids.
        true: class ids of what is written, integers (n,).
        predicted: class ids that the recogniser read, integers (n,).
        macro_over: the characters whose F1 is averaged; None: those that occur in
            `true`. Characters without an image have no F1: the mean leaves them out,
            and the report names them.

    Returns:
        A dict for JSON: "images"; "accuracy" and "macro_f1" in [0, 1];
        "macro_characters", the number of averaged characters; "macro_absent", those
        left out; "characters": {character: {"precision", "recall", "f1", "support"}}
        of all that were written or read at least once. A division by zero counts as 0.

    Raises:
        InputError: no images, arrays of different lengths, a class id outside the set,
            or `macro_over` outside the set or without a single image.

    Example:
        >>> true, predicted = [0, 0, 1, 1], [0, 0, 1, 0]
        >>> report = hw.classification_report("あい", true, predicted)
        >>> report["accuracy"], report["characters"]["い"]["recall"]
        (0.75, 0.5)
    """
    names = tuple(characters)
    true = _class_ids(true, names, "true")
    predicted = _class_ids(predicted, names, "read")
    if len(true) != len(predicted):
        raise InputError(
            f"There are {len(true)} true and {len(predicted)} predicted classes; "
            "give one prediction for every image."
        )
    if not len(true):
        raise InputError("There is no image to evaluate; the test set is empty.")
    seen = np.union1d(true, predicted)
    columns = precision_recall_fscore_support(
        true, predicted, labels=seen, zero_division=0
    )
    measures = ("precision", "recall", "f1", "support")
    scores = {
        names[index]: dict(zip(measures, values, strict=True))
        for index, *values in zip(seen, *(c.tolist() for c in columns), strict=True)
    }
    averaged, absent = _macro_characters(names, scores, macro_over)
    return {
        "images": len(true),
        "accuracy": float(np.mean(true == predicted)),
        "macro_f1": statistics.fmean(scores[c]["f1"] for c in averaged),
        "macro_characters": len(averaged),
        "macro_absent": absent,
        "characters": scores,
    }


def summarise_arms(results: Mapping[str, Sequence[dict]]) -> list[dict]:
    """Mean and standard deviation over seeds, one row for each arm.

    Args:
        results: {arm: [report of each seed]}, reports of `classification_report`.

    Returns:
        A list of dicts in the order of `results`: "arm", "seeds", and "accuracy_mean",
        "accuracy_std", "macro_f1_mean", "macro_f1_std" in [0, 1]. The standard
        deviation (of the sample, n - 1) of a single seed is None.

    Raises:
        InputError: an arm has no report.

    Example:
        >>> true, predicted = [0, 0, 1, 1], [0, 0, 1, 0]
        >>> report = hw.classification_report("あい", true, predicted)
        >>> (row,) = hw.summarise_arms({"fonts": [report, report]})
        >>> row["seeds"], row["accuracy_mean"], row["accuracy_std"]
        (2, 0.75, 0.0)
    """
    rows = []
    for arm, reports in results.items():
        if not reports:
            raise InputError(f"The arm {arm!r} has no result; train one seed or more.")
        row = {"arm": arm, "seeds": len(reports)}
        for measure in ("accuracy", "macro_f1"):
            values = [report[measure] for report in reports]
            row[f"{measure}_mean"] = statistics.fmean(values)
            deviation = statistics.stdev(values) if len(values) > 1 else None
            row[f"{measure}_std"] = deviation
        rows.append(row)
    return rows


def arms_table(rows: Iterable[dict]) -> tuple[list[str], list[list]]:
    """Header and rows, in per cent, of a table of what `summarise_arms` returns."""
    header = ["Trained on", "Accuracy %", "Macro-F1 %", "Seeds"]

    def per_cent(row, measure):
        mean, deviation = row[f"{measure}_mean"], row[f"{measure}_std"]
        return 100 * mean, None if deviation is None else 100 * deviation

    return header, [
        [row["arm"], per_cent(row, "accuracy"), per_cent(row, "macro_f1"), row["seeds"]]
        for row in rows
    ]


def report_text(report: dict, worst: int = 20) -> str:
    """A report for a terminal: accuracy, macro-F1, and the `worst` characters by F1."""
    scores = sorted(report["characters"].items(), key=lambda item: item[1]["f1"])
    rows = [
        [name, *(100 * s[key] for key in ("precision", "recall", "f1")), s["support"]]
        for name, s in scores[:worst]
    ]
    return (
        f"Accuracy {100 * report['accuracy']:.1f} % over {report['images']} images, "
        f"macro-F1 {100 * report['macro_f1']:.1f} % over "
        f"{report['macro_characters']} characters. The lowest F1:\n\n"
        + text_table(["Character", "Precision", "Recall", "F1", "Images"], rows)
    )


def write_report(path: StrPath, report: dict) -> None:
    """Write a report as JSON."""
    write_json(path, report)


def write_predictions(
    path: StrPath, rows: Iterable[tuple[StrPath, str, str, float]]
) -> None:
    """Write the prediction of each image as CSV.

    Args:
        path: the CSV file, UTF-8.
        rows: (path of the image, true character, predicted character, probability of
            the prediction in [0, 1]) of each image.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "true", "predicted", "probability"])
    table.writerows((*columns, f"{probability:.6f}") for *columns, probability in rows)
    write_text(path, text.getvalue())


def _class_ids(ids, names, kind):
    ids = np.asarray(ids)
    if ids.size == 0:
        ids = ids.astype(np.int64)
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        raise InputError(
            f"The {kind} classes have shape {ids.shape} and type {ids.dtype}; "
            "give one integer for every image."
        )
    outside = ids[(ids < 0) | (ids >= len(names))]
    if outside.size:
        raise InputError(
            f"The {kind} class {outside[0]} is outside the set of {len(names)} "
            "characters; use the set the recogniser was trained with."
        )
    return ids


def _macro_characters(names, scores, macro_over):
    """(Characters to average, characters of `macro_over` without an image)."""
    present = {name: None for name, score in scores.items() if score["support"]}
    if macro_over is None:
        return list(present), []
    wanted = list(dict.fromkeys(macro_over))
    unknown = [character for character in wanted if character not in names]
    if unknown:
        raise InputError(
            f"The macro-F1 is wanted over {unknown[0]!r}, which is outside the set of "
            "the recogniser; leave it out."
        )
    absent = [character for character in wanted if character not in present]
    averaged = [character for character in wanted if character in present]
    if not averaged:
        raise InputError(
            "None of the characters that the macro-F1 is wanted over has a test image; "
            "choose characters of the test set."
        )
    return averaged, absent
