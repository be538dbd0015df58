"""python -m experiments.generate --generator_weights=RUN --fonts=FONTS
    --handwriting=MANIFEST_OR_STORE --count=20 --output=FOLDER

Step 3: writes a labelled set of images: every character that the fonts cover, in the
hands of the handwriting. Writes into <output> the images as PNG files, as images.store,
or as files for other libraries (--format); manifest.json, which lists them;
provenance.csv, where each image comes from; and generation.json, the settings and the
rejected images. The writer of an image is the hand whose style it has. With --reader
and --min_content_score a recogniser reads each image, and one that it does not read as
its character is drawn again. An interrupted set stays in <output>.partial; the same
command resumes it.
docs/how-to/generation.md explains more.
"""

import dataclasses
import pathlib

from hwgen_keras import (
    bundle,
    evaluation,
    generation,
    inference,
    inputs,
    models,
    training,
)
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json
from hwgen_keras.generation.settings import SamplingSettings, WritingSettings
from hwgen_keras.inputs.settings import LabelledImages, Structures
from hwgen_keras.safety.keras_file import STORED
from hwgen_keras.settings import NOTHING, Output, Seed, rules_of, setting
from hwgen_keras.training.settings import trained

from . import flags

_WORST = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LabelledImages, Structures, WritingSettings, Seed, Output):
    """Settings of the generation of a set."""

    DEFAULTS = {None: {"image_size": 64}}
    generator_weights: str = trained("generator", "generator.keras", True)
    batch_size: int = setting(
        64, "Images that are written at once.", changes=NOTHING, above=0
    )
    count: int = setting(20, "Images to generate of a character.", above=0)
    counts: str | None = setting(
        None,
        "JSON file {character: images} in place of --count; no other character is "
        "written.",
    )
    format: str = setting(
        "png",
        "Files of the images: a PNG file each, one packed store, or files of many for "
        "TensorFlow, WebDataset, or Hugging Face's datasets (parquet).",
        choices=("png", "store", "tfrecord", "webdataset", "parquet"),
    )
    workers: int | None = setting(
        None,
        "Threads that decode and encode images for the generator; default: one a "
        "core, four at most.",
        changes=NOTHING,
        above=0,
    )
    part_rows: int = setting(
        1024,
        "Images that are generated, compared and written together; a kill can cost "
        "as many.",
        above=0,
    )


def main(settings):
    generation.check_output(settings.output)
    characters = inputs.load_characters(settings)
    count = settings.count
    if settings.counts is not None:
        count = generation.counts.read(settings.counts, characters)
    generator = load_generator(settings)
    reader = None
    if settings.reader is not None:
        classifier = generation.load_reader(
            settings.reader, characters, settings.image_size
        )
        generation.check_independent(classifier, generator, settings.generator_weights)
        reader = generation.Reader(classifier, settings.batch_size)
    gate = generation.Gate(
        *(reader, settings.min_content_score, settings.reject_duplicates),
        settings.max_attempts,
    )
    sampler = generation.writing.sampler_for(settings, generator, characters, count)
    path = generation.generate(
        *(generator, sampler, settings.output, settings.batch_size),
        form=settings.format,
        gate=gate,
        workers=settings.workers,
        part_rows=settings.part_rows,
        notes={"flags": settings.values(), **training.versions()},
    )
    report(read_json(pathlib.Path(settings.output, "generation.json")))
    print(f"Saved {path}")
    return path


def load_generator(settings):
    """The generator of `--generator_weights`, a `.keras` file or an exported one.

    Of a folder with both it is the former, which takes all flags.
    """
    path = settings.generator_weights
    exported = pathlib.Path(path, "saved_model.pb").is_file()
    if not exported or pathlib.Path(path, STORED).is_file():
        return generation.sampling.load(settings)
    inside = [name for name in rules_of(SamplingSettings) if name in settings.given]
    if settings.style_images > 1:
        inside.append("style_images")
    if inside:
        raise InputError(
            f"--{inside[0]}: an exported model has its sampling inside and is shown "
            "one image; give the .keras file, or leave the flag out."
        )
    name = f"--generator_weights: {path}"
    models.compare_size(pathlib.Path(path), settings.image_size, name)
    exported = inference.SavedModelEngine(path)
    if pathlib.Path(path, bundle.DESCRIPTION).is_file():
        exported.describe(bundle.read_bundle(path))
    if exported.kind == "writer":
        raise InputError(
            f"--generator_weights: {path} is a stroke writer without model.keras, "
            "which this script needs; export it with --format=keras."
        )
    if exported.kind not in ("generator", "diffusion"):
        raise InputError(
            f"--generator_weights: {path} is no exported generator but a "
            f"{exported.kind}."
        )
    return exported


def report(summary):
    """Prints the number of images, and the characters with the most rejected ones."""

    def row(name, values):
        rejected = values["rejected"].values()
        return [name, values["images"], values["rows"], *rejected, values["dropped"]]

    def lost(values):
        return values["dropped"], sum(values["rejected"].values())

    print(f"{summary['images']} images.")
    if not any(lost(summary)):
        return
    reasons = map(str.capitalize, generation.REASONS)
    header = ["Character", "Images", "Asked for", *reasons, "Dropped"]
    items = sorted(summary["characters"].items(), key=lambda item: lost(item[1]))
    worst = [row(*item) for item in reversed(items) if any(lost(item[1]))]
    print("Rejected, and dropped after --max_attempts, the worst characters first:")
    print(evaluation.text_table(header, [row("all", summary), *worst[:_WORST]]))
    if summary["dropped"]:
        print(
            f"{summary['dropped']} of {summary['rows']} rows have no image that "
            "passed; the set is smaller than --count by as many."
        )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
