"""python -m experiments.evaluate_classifier --test=MANIFEST --arm=etl=RUN
    --arm=etl+generated=RUN --output=FOLDER

Reads the test images, of writers nobody trained on, with every arm's classifier.
Writes a report a character (precision, recall, F1, support), accuracy and macro-F1 as
report.json and the predictions as predictions.csv into a folder an arm, and
summary.json; prints the table.
"""

import pathlib

from .flags import common

FLAGS = (
    *("characters", "skip_unknown_characters", "writer_pattern", "image_size"),
    *("size", "output", "cache"),
)
EXTRA = {
    "test": (common.flags.DEFINE_string, None, "Manifest of the test images."),
    "arm": (
        common.flags.DEFINE_multi_string,
        [],
        "NAME=PATH of a classifier (classifier.keras or its run folder); arms of one "
        "name are seeds of one arm, and their mean and deviation are shown.",
    ),
    "macro_over": (
        common.flags.DEFINE_string,
        None,
        "Character set that macro-F1 is over (the original: etl8); default: what the "
        "test images show.",
    ),
}
DEFAULTS = {
    "tiny": {"image_size": 32},
    "small": {"image_size": 64},
    "base": {"image_size": 224},
}


def main(options):
    from hwgen_keras import evaluation
    from hwgen_keras.errors import InputError
    from hwgen_keras.evaluation.test_images import TestImages
    from hwgen_keras.files import complete_file

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size")
    for flag in ("test", "arm", "output"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    output = pathlib.Path(options.output)
    if output.exists():
        raise InputError(f"--output: {output} exists already; choose another folder.")
    arms = {}
    for arm in options.arm:
        name, equals, path = arm.partition("=")
        if not (name and equals and path):
            raise InputError(f"--arm={arm}: write it as NAME=PATH.")
        arms.setdefault(name, []).append(path)

    test = TestImages(options)
    results = {}
    with complete_file(output) as folder:
        for name, paths in arms.items():
            for seed, path in enumerate(paths):
                arm = folder / (name if len(paths) == 1 else f"{name}-{seed}")
                results.setdefault(name, []).append(test.read(path, arm, name))
        summary = evaluation.summarise_arms(results)
        evaluation.write_report(folder / "summary.json", summary)
    print(evaluation.text_table(*evaluation.arms_table(summary)))
    print(f"{len(test.samples)} test images. Saved {output}")
    return summary


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
