"""python -m experiments.evaluate_classifier --test=MANIFEST --arm=etl=RUN
    --arm=etl+generated=RUN --output=FOLDER

Reads the test images, by writers of no training, with the classifier of each arm.
Writes a report of each character (precision, recall, F1, support), accuracy and
macro-F1 as report.json and the predictions as predictions.csv into a folder an arm,
summary.json, and what all arms read of each character, side by side, as characters.csv
and characters.html; prints the table of the arms.
"""

import dataclasses

from hwgen_keras import evaluation
from hwgen_keras.evaluation.settings import TestSet
from hwgen_keras.files import complete_file, write_json
from hwgen_keras.settings import NewOutput, named_values, setting

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TestSet, NewOutput):
    """Settings of the evaluation of recognisers."""

    arm: tuple[str, ...] = setting(
        (),
        "NAME=PATH of a classifier (classifier.keras or its run folder). Arms of one "
        "name are seeds of one arm, and their mean and deviation are shown.",
        required=True,
    )

    @property
    def arms(self):
        """{name: paths of its classifiers}."""
        return named_values("arm", self.arm)

    def check(self):
        super().check()
        _ = self.arms


def main(settings):
    test = evaluation.TestImages(settings)
    results = {}
    with complete_file(settings.output) as folder:
        for name, paths in settings.arms.items():
            for seed, path in enumerate(paths):
                arm = folder / (name if len(paths) == 1 else f"{name}-{seed}")
                results.setdefault(name, []).append(test.read(path, arm, name))
        summary = evaluation.summarise_arms(results)
        write_json(folder / "summary.json", summary)
        title = "What the recognisers read of each character"
        evaluation.write_side_by_side(folder / "characters", results, title)
    print(evaluation.text_table(*evaluation.arms_table(summary)))
    print(f"{len(test.samples)} test images. Saved {settings.output}")
    return summary


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
