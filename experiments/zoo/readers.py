"""What the card of a recogniser says: yardsticks, each writer and font for itself."""

import collections
import functools

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.evaluation import Readings

from .data import named_tests
from .pictures import SHOWN
from .unseen import known_hands, told, without

# Looks of all test images, and confusions in its figures and in its words.
LOOKS = ("clean", "scan")
_CONFUSIONS, _EXAMPLES = 100, 12


def measure_reader(classifier, settings, images, characters):
    """How a classifier reads writers and fonts that no training saw.

    Args:
        classifier: in float32.
        settings: of reproduce.
        images: `Images`.
        characters: the `CharacterSet` of the classifier.

    Returns:
        (figures, a dict for JSON; the `Readings` of the images of each source whose
        true characters have the lowest, and the highest, probabilities).
    """
    tests = named_tests(settings.test)
    sources = settings.test_fonts, (), LOOKS, settings.kanji_each, settings.seed
    known = known_hands(settings, "test_fonts", images, characters)
    sift = functools.partial(without, hands=known, flag="test_fonts")
    yardsticks = evaluation.load_yardsticks(images, tests, *sources, characters, sift)
    reading = evaluation.read_yardsticks(classifier, yardsticks)
    odds = np.array([answer.true_probability for answer in reading.answers])
    extremes, first = [], 0
    for yardstick in yardsticks:
        order = np.argsort(odds[first : first + len(yardstick.store)], kind="stable")
        rows = np.unique([*order[:SHOWN], *order[-SHOWN:]])
        read = Readings.of_store(classifier, yardstick.store.select(rows))
        extremes.append(read)
        first += len(yardstick.store)
    figures = {
        "kanji_each": settings.kanji_each,
        "left_out": known,
        "sources": reading.rows,
        "confusions": reading.confusions[:_CONFUSIONS],
    }
    return figures, Readings.join(extremes)


def reading_of(measured):
    """The paragraphs and tables of a recogniser's card, from its `measured.json`."""
    found, number = measured["yardsticks"], measured["data"]["characters"]["number"]
    yield (
        "Each writer and each font stands for itself: a mean would hide what one hand "
        f"costs. *Read* is among all {number:,} characters; *in its script* only those "
        "of the true one's script (hiragana, katakana, kanji, others) may be answered; "
        "*twins as one* counts an answer of the same shape as right, such as the kanji "
        "力 for the katakana カ (`docs/reference/characters.md` lists them). Fonts are "
        "glyphs of handwriting fonts, each taken for a hand."
    )
    if found["kanji_each"]:
        yield (
            f"Of each source at most {found['kanji_each']} kanji were read, drawn with "
            f"seed {measured['seed']}, and all other characters."
        )
    if found.get("left_out"):
        left_out = "; ".join(told(hand) for hand in found["left_out"])
        yield f"Left out, since a training saw the hand by another name: {left_out}."
    cells = evaluation.source_rows(found["sources"])
    by_look = collections.defaultdict(list)
    for test, look, *row in cells:
        by_look[look].append([test, *row])
    words = {"clean": "As they are:", "scan": "As simulated scans (`--look=scan`):"}
    for look, rows in by_look.items():
        yield words.get(look, f"{look}:")
        header = [name for name in evaluation.HEADER if name != "Look"]
        yield evaluation.markdown_table(header, rows, left=(0, 1))
    yield "How far the sources differ in what is read:"
    spread = evaluation.spread_rows(cells)
    yield evaluation.markdown_table(evaluation.SPREAD, spread, left=(0, 1))
    confused = [
        f"{row['true']}→{row['read']} ({row['images']} of {row['of']}"
        f"{', twins' * row['twins']})"
        for row in found["confusions"][:_EXAMPLES]
    ]
    if confused:
        yield f"Most often taken for another: {'、'.join(confused)}."
