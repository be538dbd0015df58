"""python -m experiments.evaluate_classifier --test=MANIFEST --arm=etl=RUN
    --arm=etl+generated=RUN --output=FOLDER
python -m experiments.evaluate_classifier --test=omniglot=MANIFEST
    --test_fonts=HANDS --look=clean,scan --arm=reader=RUN --output=FOLDER

Reads yardsticks, test images by writers of no training and glyphs of fonts of no
training, with the classifier of each arm, and reports on each writer and each font.
Prints a table of them, and writes it as yardsticks.csv and yardsticks.json, and as
yardsticks.html with what is taken for what and the worst images. Writes, too, a report
of each character (precision, recall, F1, support), accuracy and macro-F1 over all
images as report.json and the predictions as predictions.csv into a folder an arm,
summary.json, and what all arms read of each character, side by side, as characters.csv
and characters.html; prints the table of the arms. docs/how-to/yardsticks.md says more.
"""

import dataclasses

from hwgen_keras import evaluation, inputs
from hwgen_keras.characters import character_set
from hwgen_keras.evaluation.settings import Yardsticks
from hwgen_keras.files import complete_file, write_json
from hwgen_keras.models import load_classifier, reader_of, with_policy
from hwgen_keras.settings import NewOutput, named_values, setting

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Yardsticks, NewOutput):
    """Settings of the evaluation of recognisers."""

    arm: tuple[str, ...] = setting(
        (),
        "NAME=PATH of a classifier (classifier.keras, its run folder, or a folder of "
        "saved_models). Arms of one name are seeds of one arm, and their mean and "
        "deviation are shown.",
        required=True,
    )

    @property
    def arms(self):
        """{name: paths of its classifiers}."""
        return named_values("arm", self.arm)

    def check(self):
        super().check()
        _ = self.arms, self.tests


def main(settings):
    macro_over = settings.macro_over and character_set(settings.macro_over)
    sources = settings.test_fonts, settings.test_strokes, settings.look
    chosen = settings.kanji_each, settings.seed
    tests = evaluation.load_yardsticks(settings, settings.tests, *sources, *chosen)
    readings = {}
    with complete_file(settings.output) as folder:
        folder.mkdir()
        for name, paths in settings.arms.items():
            for seed, path in enumerate(paths):
                arm = folder / (name if len(paths) == 1 else f"{name}-{seed}")
                classifier = load(settings, name, path)
                read = evaluation.read_yardsticks(classifier, tests, macro_over)
                readings.setdefault(name, []).append(read)
                evaluation.write_answers(arm / evaluation.PREDICTIONS, read)
                evaluation.write_report(arm / evaluation.REPORT, read.report)
        results = {
            name: [read.report for read in seeds] for name, seeds in readings.items()
        }
        summary = evaluation.summarise_arms(results)
        write_json(folder / "summary.json", summary)
        title = "What the recognisers read of each character"
        evaluation.write_side_by_side(folder / "characters", results, title)
        names = ("seed", "kanji_each", "characters", "image_size")
        facts = {name: getattr(settings, name) for name in names}
        evaluation.write_yardsticks(folder, readings, facts)
    for name, seeds in readings.items():
        print(evaluation.yardsticks_text(name, seeds))
    print("All test images together:\n")
    print(evaluation.text_table(*evaluation.arms_table(summary)))
    images = sum(len(test.store) for test in tests)
    print(f"{images} test images. Saved {settings.output}")
    return summary


def load(settings, name, path):
    """The classifier of an arm, in float32, of the characters of the settings."""
    classifier = load_classifier(path, "--arm", settings.image_size)
    characters = inputs.load_characters(settings)
    classifier = with_policy(classifier, "float32")
    return reader_of(classifier, characters, f"--arm={name}={path}")


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
