"""python -m experiments.evaluate_classifier --test=MANIFEST --arm=etl=RUN
    --arm=etl+generated=RUN --output=FOLDER

Reads the test images, of writers nobody trained on, with every arm's classifier.
Writes a report a character (precision, recall, F1, support), accuracy and macro-F1 as
report.json and the predictions as predictions.csv into a folder an arm, and
summary.json; prints the table.
"""

import pathlib

from experiments import common

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
    from experiments import inputs
    from experiments.recipes import read_store
    from hwgen_keras import evaluation
    from hwgen_keras.characters import character_set
    from hwgen_keras.data import HANDWRITING
    from hwgen_keras.errors import InputError
    from hwgen_keras.files import complete_file
    from hwgen_keras.models import Classifier, load_trained

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

    characters = inputs.load_characters(options)
    macro_over = options.macro_over and character_set(options.macro_over)
    samples = inputs.load_samples(options, options.test, characters)
    test = inputs.load_images(options, options.test, characters, HANDWRITING)
    results = {}
    with complete_file(output) as folder:
        for name, paths in arms.items():
            for seed, path in enumerate(paths):
                classifier = load_trained(path, Classifier, "--arm", "classifier.keras")
                if classifier.classes != len(characters):
                    raise InputError(
                        f"--arm={name}={path}: the classifier has {classifier.classes} "
                        f"classes and --characters={characters.name} has "
                        f"{len(characters)}; give the set it was trained with."
                    )
                predicted, probability = read_store(classifier, test)
                report = evaluation.classification_report(
                    characters, test.labels, predicted, macro_over
                )
                results.setdefault(name, []).append(report)
                arm = folder / (name if len(paths) == 1 else f"{name}-{seed}")
                evaluation.write_report(arm / "report.json", report)
                evaluation.write_predictions(
                    arm / "predictions.csv",
                    [
                        (sample.name, sample.character, characters[p], q)
                        for sample, p, q in zip(
                            samples, predicted, probability, strict=True
                        )
                    ],
                )
        summary = evaluation.summarise_arms(results)
        evaluation.write_report(folder / "summary.json", summary)
    print(evaluation.text_table(*evaluation.arms_table(summary)))
    print(f"{len(test)} test images. Saved {output}")
    return summary


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
