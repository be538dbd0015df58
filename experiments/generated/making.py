"""What computes the parts of a set, from the settings of generate."""

import pathlib

from hwgen_keras import bundle, generation, inference, inputs, models, training
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import SamplingSettings
from hwgen_keras.safety.keras_file import STORED
from hwgen_keras.settings import EXTENT, RESULT, rules_of


def maker_of(settings):
    """The `Maker` of a set; InputError for a setting that does not fit."""
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
    return generation.Maker(
        generator,
        generation.writing.sampler_for(settings, generator, characters, count),
        gate,
        settings.format,
        *(settings.part_rows, settings.batch_size, settings.threads),
        # What changes nothing must not make files differ.
        notes={"flags": settings.values(RESULT, EXTENT), **training.versions()},
    )


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
