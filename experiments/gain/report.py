"""The results of augmentation_gain as JSON, CSV and Markdown, plots and a page."""

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
# Characters whose images are shown, and so many of each.
SHOWN_CHARACTERS, SHOWN_IMAGES = 6, 6
# Test writers that a table lists.
MOST_WRITERS = 24
PICTURE = 64  # pixels, at least
TITLES = {
    "accuracy": "Accuracy on unseen writers, %",
    "error_reduction": (
        "Errors fewer than those of the best arm without a generator, %"
    ),
    "macro_f1": "Macro-F1, %",
}
WRITERS = "Accuracy on each test writer, %"
# Caption and description of each plot.
CAPTIONS = {
    "accuracy": (
        "Mean over the seeds, with the 95 % interval.",
        "Accuracy of each arm against the amount of real data.",
    ),
    "error_reduction": (
        "Beside the best arm without a generator; 95 % interval over seeds. To the "
        "right: fewer errors.",
        "Error reduction of each arm, a panel an amount.",
    ),
}


def write_results(output, jobs, arms, axis, notes, test):
    """Writes all files, prints the tables and returns the path of report.html.

    Args:
        output: folder.
        jobs: all `Job`s, which are done.
        arms: {arm: its settings}.
        axis: what amounts count, a key of `gain_results.AXES`.
        notes: sentences for the reader.
        test: `TestImages` that were read.
    """
    rows = gain_results.collect(jobs)
    summary = gain_results.summarise(rows, arms)
    precision = gain_results.precision(summary, rows[0]["images"], axis)
    amounts = list(gain_results.baselines(summary))
    pairs = {n: gain_results.compared(summary, arms, n) for n in amounts}
    changes = [changed(jobs, *pairs[n], n, test) for n in amounts if pairs[n]]
    values = {"axis": axis, "arms": arms, "runs": rows, "summary": summary}
    values |= {"changes": changes, "precision": precision, "notes": notes}
    values["writers"] = writers = {
        n: gain_results.by_writer(jobs, arms, n, [s.writer for s in test.samples])
        for n in amounts
    }
    write_json(output / "results.json", values)
    write_text(output / "results.csv", gain_results.csv_text(rows))

    remarks = "\n\n".join([precision, *notes])
    tables = {n: gain_results.table(summary, n, axis) for n in TITLES}
    titled = [(title, tables[name]) for name, title in TITLES.items()]
    each = [
        (f"{WRITERS}, {gain_results.amount_text(n, axis)}", writer_table(writers[n]))
        for n in amounts
        if 1 < len(next(iter(writers[n].values()))) <= MOST_WRITERS
    ]
    parts = [f"{t}\n\n{evaluation.markdown_table(*rows)}" for t, rows in titled + each]
    write_text(output / "table.md", "\n\n".join([*parts, remarks]) + "\n")
    for title, rows in titled + each:
        print(f"\n{title}\n{evaluation.text_table(*rows)}")
    print(f"\n{remarks}\n")

    cells = {name: gain_results.cells(summary, name) for name in CAPTIONS}
    unit, names = gain_results.AXES[axis][1], tables["accuracy"][0][1:]
    plots = {
        "accuracy": evaluation.plot_amounts(amounts, cells["accuracy"], unit),
        "error_reduction": evaluation.plot_reductions(names, cells["error_reduction"]),
    }
    best = dict.fromkeys(range(1, len(amounts) + 1), "max")
    sections = [evaluation.Text(remarks, "How to read the figures")]
    for name, title in TITLES.items():
        sections.append(evaluation.Table(*tables[name], title, best=best))
        if name in plots:
            with complete_file(output / f"{name}.png") as partial:
                plots[name].savefig(partial, dpi=150)
            caption, text = CAPTIONS[name]
            figure = evaluation.Figure(plots[name], caption=caption, description=text)
            sections.append(figure)
    sections += [evaluation.Table(*rows, title) for title, rows in each]
    for change in changes:
        amount = gain_results.amount_text(change["amount"], axis)
        sections += change_sections(change, amount, test)
    path = output / "report.html"
    evaluation.write_html(path, "What generated images are worth", sections)
    return path


def changed(jobs, first, second, amount, test):
    """What two arms read differently, as JSON."""
    before, read_before = gain_results.readings(jobs, first, amount)
    after, read_after = gain_results.readings(jobs, second, amount)
    labels = test.store.labels
    characters = evaluation.changed_characters(labels, before, after)
    for row in characters:
        row["character"] = test.characters[row.pop("label")]
    improved, broken = evaluation.changed_images(before, after, len(labels))

    def count(index):
        return {
            "image": index,
            "writer": test.samples[index].writer,
            "before": int(before[:, index].sum()),
            "after": int(after[:, index].sum()),
        }

    shown = [row for row in characters if row["change"]]
    for row in shown[:SHOWN_CHARACTERS] + shown[-SHOWN_CHARACTERS:]:
        of_label = np.flatnonzero(labels == test.characters.index(row["character"]))
        row["pictures"] = list(map(count, of_label[:SHOWN_IMAGES].tolist()))

    def details(index, right, read):
        wrong = collections.Counter(read[~right[:, index], index].tolist())
        return {
            **count(index),
            "path": test.samples[index].name,
            "character": test.samples[index].character,
            "seeds": [len(before), len(after)],
            # The most frequent mistake; of equally frequent ones that of the first.
            "read_as": wrong.most_common(1)[0][0],
        }

    return {
        **{"amount": amount, "before": first, "after": second},
        "characters": characters,
        "seeds": [len(before), len(after)],
        "improved": [details(index, before, read_before) for index in improved],
        "broken": [details(index, after, read_after) for index in broken],
    }


def change_sections(change, amount, test):
    """The parts of the page about one pair of arms."""
    title = f"{change['before']} → {change['after']}, {amount}"
    gains = [row for row in change["characters"] if row["change"] > 0]
    losses = [row for row in change["characters"] if row["change"] < 0]
    header = ["Character", "Before %", "After %", "Change", "Images"]
    rows = [
        [
            row["character"],
            *(100 * row[name] for name in ("before", "after", "change")),
            row["images"],
        ]
        for row in gains[:MOST_CHARACTERS] + losses[-MOST_CHARACTERS:]
    ]
    sections = [
        evaluation.Table(
            header,
            rows,
            title,
            f"Characters read better ({len(gains)}) and worse ({len(losses)}); the "
            f"{MOST_CHARACTERS} largest changes of each sort, as shares over seeds and "
            "images.",
        )
    ]
    for name, rows in (
        ("The characters that gained most, image by image", gains[:SHOWN_CHARACTERS]),
        ("The characters that lost most", losses[: -SHOWN_CHARACTERS - 1 : -1]),
    ):
        sections += character_pictures(name, rows, change["seeds"], test)
    for name, rows, word in (
        ("Read right by more seeds than before", change["improved"], "was"),
        ("Read right by fewer seeds than before", change["broken"], "now"),
    ):
        shown = rows[:MOST_PICTURES]
        if not shown:
            sections.append(evaluation.Text("No image.", name))
            continue
        captions = [
            f"{row['character']}, {word} {row['read_as']}\n"
            f"{row['before']}/{row['seeds'][0]} → {row['after']}/{row['seeds'][1]}"
            for row in shown
        ]
        images = pictures(test, [row["image"] for row in shown])
        sections.append(
            evaluation.Pictures(
                list(zip(images, captions, strict=True)),
                name,
                f"{len(shown)} of {len(rows)} images, those with the largest change "
                f"first: what is written, what it {word} read as most often, and how "
                "many seeds read it right before and after.",
            )
        )
    return sections


def character_pictures(title, rows, seeds, test):
    """A section of the test images of characters, or none.

    Args:
        title: of the section.
        rows: of `changed`, with "pictures".
        seeds: numbers of seeds before and after.
        test: the `TestImages`.
    """
    shown = [(row["character"], one) for row in rows for one in row["pictures"]]
    if not shown:
        return []
    captions = [
        f"{character}, {one['writer']}\n"
        f"{one['before']}/{seeds[0]} → {one['after']}/{seeds[1]}"
        for character, one in shown
    ]
    images = pictures(test, [one["image"] for _, one in shown])
    listed = list(zip(images, captions, strict=True))
    text = "Whose image it is, and how many seeds read it right before and after."
    return [evaluation.Pictures(listed, title, text)]


def writer_table(accuracies):
    """Header and rows of `gain_results.by_writer`, in per cent."""
    writers = list(next(iter(accuracies.values())))
    rows = [
        [arm, *(100 * one[writer] for writer in writers)]
        for arm, one in accuracies.items()
    ]
    return ["Trained on", *writers], rows


def pictures(test, indices):
    """Test images as recognisers see them, enlarged where they are small."""
    grey = to_uint8(placed(test.store, np.array(indices)))
    times = -(-PICTURE // grey.shape[1])
    return [Image.fromarray(g.repeat(times, 0).repeat(times, 1)) for g in grey]
