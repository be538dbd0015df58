"""Figures and tables of all arms of augmentation_gain."""

import collections
import csv
import io
import statistics

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.files import read_json

from .arms import CLASSICAL

# Unit of an amount: singular, plural.
AXES = {
    "writers": ("real writer", "real writers"),
    "images_a_class": ("real image a character", "real images a character"),
}
COLUMNS = ("arm", "amount", "seed", "accuracy", "macro_f1", "images")


def collect(jobs):
    """The figures of every training: a list of dicts of `COLUMNS`."""
    rows = []
    for job in jobs:
        report = read_json(job.folder / evaluation.REPORT)
        row = {name: getattr(job, name) for name in COLUMNS[:3]}
        rows.append(row | {name: report[name] for name in COLUMNS[3:]})
    return rows


def summarise(rows, arms):
    """Means and intervals, and differences to the best arm without a generator.

    Args:
        rows: see `collect`.
        arms: {arm: its settings}, see `preset_arms`.

    Returns:
        A list of dicts, in the order of the arms, then by amount: "amount", "arm",
        "seeds"; the means "accuracy" and "macro_f1", with "…_half", half the width of
        their intervals; "baseline", the best arm without a generator by accuracy;
        "difference" of the accuracies and "error_reduction", both with "…_half",
        paired by seed. All are from 0 to 1, or None where they are undefined.
    """
    groups = collections.defaultdict(list)
    for row in sorted(rows, key=lambda row: row["seed"]):
        groups[row["amount"], row["arm"]].append(row)
    found = []
    for amount in sorted({amount for amount, _ in groups}):
        accuracies = {
            arm: [row["accuracy"] for row in groups[amount, arm]]
            for arm in arms
            if (amount, arm) in groups
        }
        plain = [arm for arm in accuracies if is_plain(arms[arm])]
        # Of equal ones the first: the arm with the least additional data.
        means = {arm: statistics.fmean(accuracies[arm]) for arm in plain}
        baseline = max(means, key=means.get, default=None)
        for arm, values in accuracies.items():
            line = {"amount": amount, "arm": arm, "seeds": len(values)}
            for name in ("accuracy", "macro_f1"):
                mean = [row[name] for row in groups[amount, arm]]
                line[name], line[f"{name}_half"] = evaluation.mean_interval(mean)
            line["baseline"] = baseline
            for name in ("difference", "error_reduction"):
                line[name] = line[f"{name}_half"] = None
            if baseline is not None and arm != baseline:
                before = accuracies[baseline]
                difference = evaluation.mean_interval(np.subtract(values, before))
                reduction = evaluation.error_reduction(before, values)
                line["difference"], line["difference_half"] = difference
                line["error_reduction"], line["error_reduction_half"] = reduction
            found.append(line)
    return sorted(found, key=lambda line: list(arms).index(line["arm"]))


def is_plain(arm):
    """Whether an arm is without a generator and without what is no arm's to have."""
    return not (arm.get("generated") or arm.get("own"))


def by_writer(jobs, arms, amount, writers):
    """{arm: {test writer: accuracy over seeds and images}} with an amount.

    Args:
        jobs, arms: see `readings`.
        amount: of real data.
        writers: of each test image.
    """
    writers, found = np.array(writers), {}
    for arm in arms:
        right, _ = readings(jobs, arm, amount)
        if len(right):
            found[arm] = {
                str(writer): float(right[:, writers == writer].mean())
                for writer in np.unique(writers)
            }
    return found


def amount_text(amount, axis):
    """An amount in words."""
    return f"{amount} {AXES[axis][amount != 1]}"


def cells(summary, name):
    """{arm: [(value, half width) in per cent, or None, an amount]} of a measure."""
    amounts = sorted({line["amount"] for line in summary})
    found = {}
    for line in summary:
        row = found.setdefault(line["arm"], [None] * len(amounts))
        value, half = line[name], line[f"{name}_half"]
        if value is not None:
            half = None if half is None else 100 * half
            row[amounts.index(line["amount"])] = (100 * value, half)
    return found


def table(summary, name, axis):
    """Header and rows of a measure in per cent: arms × amounts."""
    amounts = sorted({line["amount"] for line in summary})
    header = ["Trained on", *(amount_text(amount, axis) for amount in amounts)]
    return header, [[arm, *row] for arm, row in cells(summary, name).items()]


def baselines(summary):
    """{amount: the best arm without a generator, or None}."""
    lines = sorted(summary, key=lambda line: line["amount"])
    return {line["amount"]: line["baseline"] for line in lines}


def compared(summary, arms, amount):
    """(The best arm without, the best with a generator), whose readings are compared.

    Without a generator, the best arm is compared with classical augmentation, or with
    the first arm. None if there is only one arm.
    """
    lines = [line for line in summary if line["amount"] == amount]
    accuracy = {line["arm"]: line["accuracy"] for line in lines}
    before = lines[0]["baseline"]
    after = [arm for arm in accuracy if arms[arm].get("generated")]
    if not after:
        before = CLASSICAL if CLASSICAL in accuracy else next(iter(accuracy))
        after = [arm for arm in accuracy if arm != before]
    if before is None or not after:
        return None
    return before, max(after, key=accuracy.get)


def precision(summary, images, axis):
    """Sentences on the smallest differences that the experiment can show."""
    point = 100 / images
    text = (
        f"Read: {images} test images; one image is {point:.2f} points. "
        "Intervals (±) are of 95 %, by Student's t over the seeds, which all read "
        "the same images. "
    )
    halves = [line["difference_half"] for line in summary]
    halves = [100 * half for half in halves if half is not None]
    if halves:
        half = statistics.median(halves)
        text += (
            "The interval of a difference of two arms, paired by seed, is "
            f"±{half:.1f} points (median over arms and amounts): differences below "
            f"{max(half, point):.1f} points are not shown by this experiment. "
        )
    else:
        text += "With a single seed there is no interval. "
    best = max(line["accuracy"] for line in summary)
    chance = 100 * evaluation.chance_interval(best, images)
    text += (
        f"As many images by other hands would move an accuracy of {100 * best:.1f} % "
        f"by ±{chance:.1f} points, more if few people wrote them: the figures compare "
        "arms, not how well a recogniser reads anybody."
    )
    for amount, baseline in baselines(summary).items():
        if baseline is not None:
            text += (
                f"\n\nBest arm without a generator with {amount_text(amount, axis)}: "
                f"{baseline}, chosen by these same test images, which favours it."
            )
    return text


def readings(jobs, arm, amount):
    """What an arm reads: (whether right, the character), arrays (seeds, images)."""
    right, read = [], []
    for job in jobs:
        if (job.arm, job.amount) == (arm, amount):
            with open(job.folder / evaluation.PREDICTIONS, encoding="utf-8") as file:
                lines = list(csv.DictReader(file))
            right.append([line["true"] == line["predicted"] for line in lines])
            read.append([line["predicted"] for line in lines])
    return np.array(right), np.array(read)


def csv_text(rows):
    """`collect`'s rows as CSV."""
    text = io.StringIO()
    lines = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    return text.getvalue()
