"""Test images and the predictions of trained classifiers."""

import pathlib

from hwgen_keras import evaluation, inputs
from hwgen_keras.characters import character_set
from hwgen_keras.data import HANDWRITING
from hwgen_keras.models import load_classifier, reader_of

REPORT, PREDICTIONS = "report.json", "predictions.csv"


class TestImages:
    """The images of a `TestSet`, which several classifiers read in turn."""

    __test__ = False  # for pytest, which collects by name

    def __init__(self, settings):
        self.characters = inputs.load_characters(settings)
        self.macro_over = settings.macro_over and character_set(settings.macro_over)
        self.samples = inputs.load_samples(settings, settings.test, self.characters)
        self.store = inputs.load_images(
            settings, settings.test, self.characters, HANDWRITING
        )

    def read(self, path, folder, name):
        """Writes a classifier's predictions.csv and report.json; returns the report."""
        classifier = load_classifier(path, "--arm", self.store.image_size)
        classifier = reader_of(classifier, self.characters, f"--arm={name}={path}")
        predicted, probability = evaluation.read_store(classifier, self.store)
        report = evaluation.classification_report(
            self.characters, self.store.labels, predicted, self.macro_over
        )
        columns = zip(self.samples, predicted, probability, strict=True)
        rows = [(s.name, s.character, self.characters[p], q) for s, p, q in columns]
        evaluation.write_predictions(pathlib.Path(folder, PREDICTIONS), rows)
        evaluation.write_report(pathlib.Path(folder, REPORT), report)
        return report
