"""python -m experiments.measure_generated --generated=MANIFEST --real=MANIFEST
    --reader=RUN --output=FOLDER

How good is a generated set? Measures how a recogniser of other writers (--reader) reads
the images, and the same of real handwriting (--real, best by the writers whose hands
were imitated). docs/reference/metrics.md explains the measures. Prints a table and
writes metrics.json, and worst.png of the images that are read worst, into the folder.
"""

import dataclasses

from hwgen_keras import data, evaluation, generation, inputs
from hwgen_keras.evaluation.settings import RecogniserImages
from hwgen_keras.files import complete_file, write_json
from hwgen_keras.settings import NewOutput, Seed, setting
from hwgen_keras.training.settings import trained

from . import flags

_WORST = 100
_HEADER = "Measure", "Generated", "Chance", "Real", "Chance", "Images", "Real images"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(RecogniserImages, Seed, NewOutput):
    """Settings of the measures of a generated set."""

    generated: str = setting(
        None,
        "Manifest, or .store, of the generated images; the writer of each is the hand "
        "it imitates.",
        required=True,
    )
    real: str = setting(None, "Manifest of real handwriting.", required=True)
    reader: str = trained("recogniser of other writers", "classifier.keras", True)
    clean_generated: bool = setting(
        False,
        "Clean and place the generated images as real ones are; without it they are "
        "read as they were written, haze included.",
    )
    paired: bool = setting(
        False,
        "The hands are fonts: also compare each image with the real one of its "
        "character and writer, pixel by pixel.",
    )


def main(settings):
    characters = inputs.load_characters(settings)
    reader = generation.load_reader(settings.reader, characters, settings.image_size)
    real = inputs.load_images(settings, settings.real, characters, data.HANDWRITING)
    clean, path = settings.clean_generated, settings.generated
    if clean:
        generated = inputs.load_images(settings, path, characters, data.GENERATED)
    else:
        samples = inputs.load_samples(settings, path, characters)
        size, kind = settings.image_size, data.GENERATED
        generated = data.manifest_store(
            samples, characters, size, clean=False, kind=kind
        )
    real = evaluation.Readings.of_store(reader, real)
    generated = evaluation.Readings.of_store(reader, generated, place=clean)
    measures, notes = evaluation.compare_sets(generated, real, settings.seed)
    if settings.paired:
        measures |= evaluation.compare_pairs(reader, generated, real)
    names = ("generated", "real", "reader", "image_size")
    values = {
        **{name: getattr(settings, name) for name in names},
        "feature_width": int(generated.features.shape[1]),
        "measures": measures,
        "notes": notes,
    }
    with complete_file(settings.output) as folder:
        folder.mkdir(exist_ok=True)
        write_json(folder / "metrics.json", values)
        worst = generated.images[generated.order(_WORST)[0]]
        evaluation.grid(worst, 20).save(folder / "worst.png")
    rows = [
        [name, r["generated"], r["chance"][0], r["real"], r["chance"][1], *r["images"]]
        for name, r in measures.items()
    ]
    print(evaluation.text_table(_HEADER, rows, digits=2))
    print(*notes, f"Saved {settings.output}", sep="\n")
    return values


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
