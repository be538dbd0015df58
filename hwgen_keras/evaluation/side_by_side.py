"""All recognisers side by side, character by character, as CSV and as a page."""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence

from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.classification import arms_table, summarise_arms
from hwgen_keras.evaluation.report import Table, Text, write_html
from hwgen_keras.files import StrPath, write_text


def characters_by_arm(results: Mapping[str, Sequence[dict]]) -> list[dict]:
    """What each recogniser reads of each character, a row a character.

    Args:
        results: {arm: [report of each seed]}, reports of `classification_report` of the
            same test images.

    Returns:
        A list of dicts in the order of the class ids: "character"; "images", how many
        show it; "arms", {arm: {"right", "accuracy", "accuracy_std", "difference"}}.
        "right" is the number of images that are read correctly, a mean over the seeds,
        "accuracy" their share, "accuracy_std" its deviation over seeds, None for one;
        "difference" is the accuracy less that of the first arm.

    Raises:
        InputError: there is no report, or two are of other test images.
    """
    reports = [report for seeds in results.values() for report in seeds]
    if not reports:
        raise InputError("There is no result to compare; give an arm or more.")
    images = [_images(report) for report in reports]
    if any(counts != images[0] for counts in images):
        raise InputError(
            "The reports are of other test images; read the same ones with every arm."
        )
    rows = []
    for character, count in images[0].items():
        arms: dict[str, dict] = {}
        for arm, seeds in results.items():
            shares = [seed["characters"][character]["recall"] for seed in seeds]
            mean = statistics.fmean(shares)
            deviation = statistics.stdev(shares) if len(shares) > 1 else None
            first = next(iter(arms.values()), {"accuracy": mean})
            arms[arm] = {
                "right": count * mean,
                "accuracy": mean,
                "accuracy_std": deviation,
                "difference": mean - first["accuracy"],
            }
        rows.append({"character": character, "images": count, "arms": arms})
    return rows


def _images(report):
    scores = report["characters"].items()
    return {c: score["support"] for c, score in scores if score["support"]}


def write_side_by_side(
    path: StrPath, results: Mapping[str, Sequence[dict]], title: str
) -> None:
    """Writes `<path>.csv`, a line a character, and `<path>.html`, the same as a page.

    The CSV has shares from 0 to 1, in the order of the class ids. The page has per
    cent, and the characters that the arms read most differently come first, or with one
    arm those that it reads worst.

    Args:
        path: of both files, without their endings.
        results: see `characters_by_arm`.
        title: of the page.
    """
    rows = characters_by_arm(results)
    write_text(f"{path}.csv", _csv(rows))
    summary = summarise_arms(results)
    header, arms = arms_table(summary)
    best = {1: "max", 2: "max"}
    first = next(iter(results))
    sections = [
        Table(header, arms, "Recognisers", best=best if len(arms) > 1 else {}),
        Text(_explanation(first, len(arms)), "Characters"),
        _table(sorted(rows, key=_interest)),
    ]
    write_html(f"{path}.html", title, sections)


def _interest(row):
    scores = row["arms"].values()
    if len(scores) == 1:
        return next(iter(scores))["accuracy"]
    shares = [score["accuracy"] for score in scores]
    return min(shares) - max(shares)


def _explanation(first, arms):
    text = (
        "The share of the test images of each character that a recogniser reads "
        "correctly, in per cent; ± is the standard deviation over seeds."
    )
    if arms == 1:
        return f"{text} The characters that it reads worst come first."
    return (
        f"{text} Δ is the difference to {first} in percentage points. The characters "
        "that the recognisers read most differently come first."
    )


def _table(rows):
    names = list(rows[0]["arms"])
    header = ["Character", "Images", *names, *(f"Δ {name}" for name in names[1:])]
    cells = []
    for row in rows:
        scores = row["arms"]
        shares = [_per_cent(scores[name]) for name in names]
        changes = [100 * scores[name]["difference"] for name in names[1:]]
        cells.append([row["character"], row["images"], *shares, *changes])
    return Table(header, cells)


def _per_cent(score):
    deviation = score["accuracy_std"]
    return 100 * score["accuracy"], None if deviation is None else 100 * deviation


def _csv(rows):
    names = list(rows[0]["arms"])
    measures = ("right", "accuracy", "accuracy_std", "difference")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    columns = [f"{name} {measure}" for name in names for measure in measures]
    table.writerow(["character", "images", *columns])
    for row in rows:
        scores = [row["arms"][name][measure] for name in names for measure in measures]
        shown = ("" if score is None else f"{score:.6g}" for score in scores)
        table.writerow([row["character"], row["images"], *shown])
    return text.getvalue()
