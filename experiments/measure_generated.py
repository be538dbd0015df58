"""python -m experiments.measure_generated --generated=MANIFEST --real=MANIFEST
    --reader=RUN --output=FOLDER

How good is a generated set? Measures what a recogniser of other writers (--reader)
makes of the images, beside the same measures of real handwriting (--real, best by the
writers whose hands were imitated); docs/reference/metrics.md tells what each of them means.
Prints a table and writes metrics.json, and worst.png of the images that are read
worst, into the folder.
"""

import json
import pathlib

from .flags import common

FLAGS = (
    *("characters", "skip_unknown_characters", "writer_pattern", "image_size"),
    *("size", "seed", "output", "cache"),
)
EXTRA = {
    "generated": (
        common.flags.DEFINE_string,
        None,
        "Manifest, or .store, of the generated images; the writer of each is the hand "
        "it imitates.",
    ),
    "real": (common.flags.DEFINE_string, None, "Manifest of real handwriting."),
    "reader": (
        common.flags.DEFINE_string,
        None,
        "Recogniser of other writers: classifier.keras, or its run folder.",
    ),
    "clean_generated": (
        common.flags.DEFINE_boolean,
        False,
        "Clean and place the generated images as real ones are; without it they are "
        "read as they were written, haze included.",
    ),
    "paired": (
        common.flags.DEFINE_boolean,
        False,
        "The hands are fonts: also compare each image with the real one of its "
        "character and writer, pixel by pixel.",
    ),
}
DEFAULTS = {
    "tiny": {"image_size": 32},
    "small": {"image_size": 64},
    "base": {"image_size": 224},
}
_WORST = 100


def main(options):
    from hwgen_keras import evaluation
    from hwgen_keras.data import GENERATED, HANDWRITING, manifest_store
    from hwgen_keras.errors import InputError
    from hwgen_keras.evaluation.generated import Encoded, compare, measure
    from hwgen_keras.files import complete_file, write_text
    from hwgen_keras.generation import reader as readers
    from hwgen_keras.inputs import loading as inputs

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size")
    for flag in ("generated", "real", "reader", "output"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    output = pathlib.Path(options.output)
    if output.exists():
        raise InputError(f"--output: {output} exists already; choose another folder.")
    characters = inputs.load_characters(options)
    reader = readers.load(options, characters)
    real = inputs.load_images(options, options.real, characters, HANDWRITING)
    if options.clean_generated:
        made = inputs.load_images(options, options.generated, characters, GENERATED)
    else:
        samples = inputs.load_samples(options, options.generated, characters)
        made = manifest_store(
            samples, characters, options.image_size, clean=False, kind=GENERATED
        )
    real = Encoded(reader, real, placed=True)
    made = Encoded(reader, made, placed=options.clean_generated)
    results, notes = measure(made, real, options.seed)
    if options.paired:
        results |= compare(reader, made, real)
    with complete_file(output) as folder:
        values = {
            "generated": options.generated,
            "real": options.real,
            "reader": options.reader,
            "image_size": options.image_size,
            "feature_width": int(made.features.shape[1]),
            "measures": results,
            "notes": notes,
        }
        folder.mkdir(exist_ok=True)
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        write_text(folder / "metrics.json", text)
        evaluation.grid(made.worst(_WORST), 20).save(folder / "worst.png")
    print(table(results))
    for note in notes:
        print(note)
    print(f"Saved {output}")
    return values


def table(results):
    from hwgen_keras.evaluation import text_table

    rows = [
        [name, r["generated"], r["chance"][0], r["real"], r["chance"][1], *r["images"]]
        for name, r in results.items()
    ]
    header = [
        "Measure",
        "Generated",
        "Chance",
        "Real",
        "Chance",
        "Images",
        "Real images",
    ]
    return text_table(header, rows, digits=2)


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
