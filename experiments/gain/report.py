"""What augmentation_gain leaves: results as JSON, CSV and Markdown, plots, a page."""

import collections

import numpy as np
from PIL import Image

from hwgen_keras import evaluation
from hwgen_keras.data import placed
from hwgen_keras.files import complete_file, write_json, write_text
from hwgen_keras.generation import to_uint8

from . import results as gain_results

MOST_PICTURES = 24
MOST_CHARACTERS = 10
PICTURE = 64  # pixels, at least


def write_results(output, jobs, arms, axis, notes, test):
    """Writes all files and prints the tables.

    Args:
        output: folder.
        jobs: all `Job`s, which are done.
        arms: {arm: its settings}.
        axis: what amounts count, a key of `gain_results.AXES`.
        notes: sentences on what the reader should know.
        test: `TestImages` that were read.

    Returns:
        The path of report.html.
    """
    rows = gain_results.collect(jobs)
    summary = gain_results.summarise(rows, arms)
    precision = gain_results.precision(summary, rows[0]["images"], axis)
    changes = [
        changed(jobs, gain_results.compared(summary, arms, amount), amount, test)
        for amount in gain_results.baselines(summary)
    ]
    changes = [change for change in changes if change is not None]
    values = {
        "axis": axis,
        "arms": arms,
        "runs": rows,
        "summary": summary,
        "changes": changes,
        "precision": precision,
        "notes": notes,
    }
    write_json(output / "results.json", values)
    write_text(output / "results.csv", gain_results.csv_text(rows))

    accuracy = gain_results.table(summary, "accuracy", axis)
    reduction = gain_results.table(summary, "error_reduction", axis)
    macro = gain_results.table(summary, "macro_f1", axis)
    titles = {
        "Accuracy on unseen writers, %": accuracy,
        "Errors fewer than those of the best arm without a generator, %": reduction,
        "Macro-F1, %": macro,
    }
    remarks = "\n\n".join([precision, *notes])
    parts = [
        f"{title}\n\n{evaluation.markdown_table(*table)}"
        for title, table in titles.items()
    ]
    write_text(output / "table.md", "\n\n".join([*parts, remarks]) + "\n")
    for title, table in titles.items():
        print(f"\n{title}\n{evaluation.text_table(*table)}")
    print(f"\n{remarks}\n")

    amounts = list(gain_results.baselines(summary))
    names = [gain_results.amount_text(amount, axis) for amount in amounts]
    plots = {
        "accuracy.png": evaluation.plot_amounts(
            amounts, gain_results.cells(summary, "accuracy"), gain_results.AXES[axis][1]
        ),
        "error_reduction.png": evaluation.plot_reductions(
            names, gain_results.cells(summary, "error_reduction")
        ),
    }
    for name, figure in plots.items():
        with complete_file(output / name) as partial:
            figure.savefig(partial, dpi=150)

    best = dict.fromkeys(range(1, len(amounts) + 1), "max")
    tables = [
        evaluation.Table(*table, title, best=best) for title, table in titles.items()
    ]
    sections = [
        evaluation.Text(remarks, "How to read the figures"),
        tables[0],
        evaluation.Figure(
            plots["accuracy.png"],
            caption="Mean over the seeds, with the 95 % interval.",
            description="Accuracy of each arm against the amount of real data.",
        ),
        tables[1],
        evaluation.Figure(
            plots["error_reduction.png"],
            caption="Beside the best arm without a generator; 95 % interval over "
            "seeds. To the right: fewer errors.",
            description="Error reduction of each arm, a panel an amount.",
        ),
        tables[2],
    ]
    for change in changes:
        amount = gain_results.amount_text(change["amount"], axis)
        sections += change_sections(change, amount, test)
    path = output / "report.html"
    evaluation.write_html(path, "What generated images are worth", sections)
    return path


def changed(jobs, pair, amount, test):
    """What two arms read differently, as JSON; None without a pair."""
    if pair is None:
        return None
    before, read_before = gain_results.readings(jobs, pair[0], amount)
    after, read_after = gain_results.readings(jobs, pair[1], amount)
    labels = test.store.labels
    characters = evaluation.changed_characters(labels, before, after)
    for row in characters:
        row["character"] = test.characters[row.pop("label")]
    improved, broken = evaluation.changed_images(before, after, len(labels))

    def details(index, right, read):
        wrong = collections.Counter(read[~right[:, index], index].tolist())
        return {
            "image": index,
            "path": test.samples[index].name,
            "character": test.samples[index].character,
            "before": int(before[:, index].sum()),
            "after": int(after[:, index].sum()),
            "seeds": [len(before), len(after)],
            # The most frequent mistake; of equally frequent ones that of the first.
            "read_as": wrong.most_common(1)[0][0],
        }

    return {
        "amount": amount,
        "before": pair[0],
        "after": pair[1],
        "characters": characters,
        "improved": [details(index, before, read_before) for index in improved],
        "broken": [details(index, after, read_after) for index in broken],
    }


def change_sections(change, amount, test):
    """The parts of the page about one pair of arms."""
    title = f"{change['before']} → {change['after']}, {amount}"
    improved, broken = change["improved"], change["broken"]
    most = MOST_CHARACTERS
    characters = [row for row in change["characters"] if row["change"]]
    gains = [row for row in characters if row["change"] > 0][:most]
    losses = [row for row in characters if row["change"] < 0][::-1][:most][::-1]
    header = ["Character", "Before %", "After %", "Change", "Images"]
    rows = [
        [
            row["character"],
            *(100 * row[name] for name in ("before", "after", "change")),
            row["images"],
        ]
        for row in gains + losses
    ]
    sections = [
        evaluation.Table(
            header,
            rows,
            title,
            f"Characters read better ({sum(r['change'] > 0 for r in characters)}) and "
            f"worse ({sum(r['change'] < 0 for r in characters)}); the {most} largest "
            "changes of each sort, as shares over seeds and images.",
        )
    ]
    for name, found, word in (
        ("Read right by more seeds than before", improved, "was"),
        ("Read right by fewer seeds than before", broken, "now"),
    ):
        shown = found[:MOST_PICTURES]
        if not shown:
            sections.append(evaluation.Text("No image.", name))
            continue
        images = pictures(test, [row["image"] for row in shown])
        sections.append(
            evaluation.Pictures(
                [
                    (
                        image,
                        f"{row['character']}, {word} {row['read_as']}\n"
                        f"{row['before']}/{row['seeds'][0]} → "
                        f"{row['after']}/{row['seeds'][1]}",
                    )
                    for image, row in zip(images, shown, strict=True)
                ],
                name,
                f"{len(shown)} of {len(found)} images, those with the largest change "
                f"first: what is written, what it {word} read as most often, and how "
                "many seeds read it right before and after.",
            )
        )
    return sections


def pictures(test, indices):
    """Test images as recognisers see them, enlarged where they are small."""
    grey = to_uint8(placed(test.store, np.array(indices)))
    times = -(-PICTURE // grey.shape[1])
    return [
        Image.fromarray(image).resize(
            (image.shape[1] * times, image.shape[0] * times), Image.Resampling.NEAREST
        )
        for image in grey
    ]
