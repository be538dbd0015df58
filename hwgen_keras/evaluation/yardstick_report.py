"""What recognisers read of yardsticks, as tables, files and a page."""

import csv
import io
import pathlib
import statistics
from collections.abc import Iterable, Mapping, Sequence

from PIL import Image

from hwgen_keras.characters import SCRIPTS
from hwgen_keras.evaluation.report import Pictures, Table, Text, write_html
from hwgen_keras.evaluation.source_measures import MEASURES
from hwgen_keras.evaluation.tables import text_table
from hwgen_keras.evaluation.yardstick_reading import YardstickReading
from hwgen_keras.files import StrPath, write_json, write_text

HEADER = ["Test", "Look", "Source", "Images", "Read %", "95 % interval"]
HEADER += ["In the first five %", "Read in its script %", "Read, twins as one %"]
# Narrow enough for a terminal.
_SHORT = [*HEADER[:6], "First 5 %", "In script %", "Twins as 1 %"]
SPREAD = ["Test", "Look", "Sources", "Lowest %", "Median %", "Highest %"]
_CONFUSED = ["Written", "Read as", "Images", "Of", "Sources", "Twins"]
_PLACE = ("test", "look", "source")
_COLUMNS = (*_PLACE, "script", "images", "blank", *MEASURES)
# Sources of a test, and confusions, in a text; those of the page; those of the JSON.
_SOURCES, _CONFUSIONS, _MORE, _MOST = 20, 12, 60, 500
_EXPLANATION = (
    "A source is a writer or a font; “fonts” are fonts taken for hands. Read: the "
    "character has the highest probability among all that the recogniser knows. The "
    "interval is Wilson's for independent images; those by one hand are not, and the "
    "true one is wider. In its script: only characters of the true one's script "
    "(hiragana, katakana, kanji, others) may be answered. Twins as one: an answer of "
    "the same shape counts as right, such as the kanji 力 for the katakana カ. No mean "
    "over sources stands here: what one hand costs, another hides."
)


def source_rows(measured: Iterable[Mapping], script: str = "all") -> list[list]:
    """The rows of a table of sources under `HEADER`; shares in per cent.

    Args:
        measured: `YardstickReading.rows` of a recogniser, or of several seeds of it,
            whose means and deviations are shown.
        script: whose images count.
    """
    found: dict[tuple, list] = {}
    for row in measured:
        if row["script"] == script:
            found.setdefault(tuple(row[name] for name in _PLACE), []).append(row)
    cells = []
    for place, rows in found.items():
        interval = None
        if len(rows) == 1:
            interval = f"{100 * rows[0]['low']:.1f} – {100 * rows[0]['high']:.1f}"
        shares = ("read", "first_five", "in_script", "twins")
        read, *others = (_mean([100 * row[name] for row in rows]) for name in shares)
        cells.append([*place, rows[0]["images"], read, interval, *others])
    return cells


def _mean(values):
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return statistics.fmean(values), deviation


def spread_rows(cells: Sequence[Sequence]) -> list[list]:
    """The rows of a table of how far sources differ, under `SPREAD`; per cent.

    Args:
        cells: of `source_rows`.
    """
    found: dict[tuple, list] = {}
    for test, look, _, _, (read, _), *_ in cells:
        found.setdefault((test, look), []).append(read)
    return [
        [*place, len(read), min(read), statistics.median(read), max(read)]
        for place, read in found.items()
    ]


def _confused(reading, most):
    return [
        [r["true"], r["read"], r["images"], r["of"], r["sources"], _yes(r["twins"])]
        for r in reading.confusions[:most]
    ]


def _yes(value):
    return "yes" if value else ""


def _rows(readings):
    return [row for reading in readings for row in reading.rows]


def yardsticks_text(name: str, readings: Sequence[YardstickReading]) -> str:
    """The tables of a recogniser for a terminal.

    Of tests of many sources those that are read worst are shown.

    Args:
        name: of the recogniser.
        readings: of each of its seeds.
    """
    cells, shown, left_out = source_rows(_rows(readings)), [], 0
    places = dict.fromkeys((row[0], row[1]) for row in cells)
    for place in places:
        own = [row for row in cells if (row[0], row[1]) == place]
        kept = sorted(own, key=lambda row: row[4][0])[:_SOURCES]
        shown += [row for row in own if any(row is k for k in kept)]
        left_out += len(own) - len(kept)
    parts = [f"{name}\n", text_table(_SHORT, shown, left=(0, 1, 2))]
    if left_out:
        parts.append(f"{left_out} sources that are read better are in yardsticks.csv.")
    if len(cells) > len(places):
        parts += ["", text_table(SPREAD, spread_rows(cells), left=(0, 1))]
    confused = _confused(readings[0], _CONFUSIONS)
    if confused:
        parts += ["", text_table(_CONFUSED, confused, left=(0, 1))]
    return "\n".join(parts) + "\n"


def write_yardsticks(
    folder: StrPath, results: Mapping[str, Sequence[YardstickReading]], facts: Mapping
) -> None:
    """Writes yardsticks.csv, yardsticks.json and yardsticks.html.

    Args:
        folder: of the files.
        results: {recogniser: its `YardstickReading` of each seed}.
        facts: what the JSON says besides, such as the seed.
    """
    rows = [
        {"arm": name, "run": run, **row}
        for name, readings in results.items()
        for run, reading in enumerate(readings)
        for row in reading.rows
    ]
    confused = {
        name: [reading.confusions[:_MOST] for reading in readings]
        for name, readings in results.items()
    }
    folder = pathlib.Path(folder)
    write_json(
        folder / "yardsticks.json", {**facts, "sources": rows, "confusions": confused}
    )
    write_text(folder / "yardsticks.csv", _csv(rows))
    sections = [Text(_EXPLANATION)]
    for name, readings in results.items():
        sections += _sections(name, readings)
    title = "What recognisers read of each writer and font"
    write_html(folder / "yardsticks.html", title, sections)


def _sections(name, readings):
    cells = source_rows(_rows(readings))
    yield Table(HEADER, cells, name)
    if len(cells) > 1:
        yield Table(SPREAD, spread_rows(cells), f"{name}: how far the sources differ")
    by_script = {script: source_rows(_rows(readings), script) for script in SCRIPTS}
    by_script = {script: rows for script, rows in by_script.items() if rows}
    if len(by_script) > 1:
        for script, rows in by_script.items():
            yield Table(HEADER, rows, f"{name}: {script} alone")
    confused = _confused(readings[0], _MORE)
    if confused:
        yield Table(_CONFUSED, confused, f"{name}: what is taken for what")
    shown: dict[tuple, list] = {}
    for worst in readings[0].worst:
        shown.setdefault((worst.answer.test, worst.answer.look), []).append(worst)
    for (test, look), images in shown.items():
        yield Pictures(
            [(Image.fromarray(worst.image), _caption(worst)) for worst in images],
            f"{name}: the worst of {test}, {look}",
            f"By rule: the {len(images)} images whose true character has the lowest "
            "probability, at most 4 of a source. Beneath each what is written → what "
            "was read, the probability of what is written, and the source.",
        )


def _caption(worst):
    answer = worst.answer
    arrow = f"{answer.true} → {answer.read}"
    return f"{arrow}\n{answer.true_probability:.2g}\n{answer.source}"


def _csv(rows):
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["arm", "run", *_COLUMNS])
    for row in rows:
        shown = (row[name] for name in ("arm", "run", *_COLUMNS))
        table.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in shown])
    return text.getvalue()


def write_answers(path: StrPath, reading: YardstickReading) -> None:
    """Writes what was read of each image as CSV.

    Args:
        path: the CSV file, UTF-8.
        reading: of one recogniser.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = ["path", "true", "predicted", "probability", "test", "look", "source"]
    table.writerow(header)
    table.writerows(_answers(reading.answers))
    write_text(path, text.getvalue())


def _answers(answers: Iterable):
    for name, true, read, probability, _, *place in answers:
        yield [name, true, read, f"{probability:.6f}", *place]
