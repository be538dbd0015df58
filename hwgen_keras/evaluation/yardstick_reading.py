"""What a recogniser reads of yardsticks."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.data import placed
from hwgen_keras.evaluation.classification import classification_report
from hwgen_keras.evaluation.reading import predicted_rows
from hwgen_keras.evaluation.source_measures import (
    confusions,
    join,
    judge,
    source_measures,
)
from hwgen_keras.evaluation.yardsticks import Yardstick
from hwgen_keras.generation import to_uint8

_BATCH = 256
# Of a test in a look, and of one of its sources, the images that are shown.
WORST, WORST_OF_SOURCE = 40, 4


class Answer(NamedTuple):
    """What was read of an image.

    Attributes:
        name, true, read, test, look, source: of the image, what is written, what was
            read, and of the yardstick.
        probability, true_probability: of what was read and of what is written, in
            [0, 1].
    """

    name: str
    true: str
    read: str
    probability: float
    true_probability: float
    test: str
    look: str
    source: str


class Worst(NamedTuple):
    """An image whose true character was improbable.

    Attributes:
        image: uint8 (height, width), as the recogniser saw it.
        answer: `Answer`.
    """

    image: NDArray[np.uint8]
    answer: Answer


class YardstickReading(NamedTuple):
    """What a recogniser reads of yardsticks.

    Attributes:
        rows: a dict for each source and script: "test", "look", "source", "script"
            ("all" or one of `SCRIPTS`), "blank", and what `source_measures` returns.
        answers: an `Answer` for each image.
        worst: `Worst` images of each test in each look: the 40 whose true character has
            the lowest probability, at most 4 of a source.
        report: a `classification_report` of all images.
    """

    rows: list[dict]
    answers: list[Answer]
    worst: list[Worst]
    report: dict

    @property
    def confusions(self) -> list[dict]:
        """See `confusions`."""
        columns = zip(*((a.true, a.read, a.source) for a in self.answers), strict=True)
        return confusions(*columns)


def read_yardsticks(classifier, yardsticks: Iterable[Yardstick], macro_over=None):
    """What a recogniser reads of each yardstick.

    Args:
        classifier: a built `Classifier` of the characters of the yardsticks.
        yardsticks: see `load_yardsticks`.
        macro_over: see `classification_report`.

    Returns:
        A `YardstickReading`.
    """
    rows, answers, ids = [], [], []
    candidates: dict[tuple, list] = {}
    for yardstick in yardsticks:
        place = yardstick.test, yardstick.look, yardstick.source
        store = yardstick.store
        characters = store.characters
        parts = (range(k, k + _BATCH) for k in range(0, len(store), _BATCH))
        judged = join(_read(classifier, store, np.array(part)) for part in parts)
        names = dict(zip(("test", "look", "source"), place, strict=True))
        for script, values in source_measures(judged, characters).items():
            row = {**names, "script": script, "blank": yardstick.blank, **values}
            rows.append(row)
        columns = judged.labels, judged.predicted
        odds = judged.probability.tolist(), judged.true_probability.tolist()
        own = [
            Answer(name, characters[a], characters[b], p, q, *place)
            for name, a, b, p, q in zip(yardstick.names, *columns, *odds, strict=True)
        ]
        answers += own
        ids.append((judged.labels, judged.predicted))
        order = np.argsort(judged.true_probability, kind="stable")
        lowest = order[:WORST_OF_SOURCE]
        candidates.setdefault(place[:2], []).extend(
            Worst(image, own[k])
            for image, k in zip(to_uint8(placed(store, lowest)), lowest, strict=True)
        )
    worst = []
    for found in candidates.values():
        found.sort(key=lambda worst: worst.answer.true_probability)
        worst += found[:WORST]
    true, predicted = map(np.concatenate, zip(*ids, strict=True))
    report = classification_report(characters, true, predicted, macro_over)
    return YardstickReading(rows, answers, worst, report)


def _read(classifier, store, rows):
    rows = rows[rows < len(store)]
    logits = predicted_rows(classifier, placed(store, rows), _BATCH)
    return judge(logits, store.labels[rows], store.characters)
