"""The measurement of a stored model: its figures, pictures and card."""

import pathlib
import shutil

from hwgen_keras import bundle, evaluation, files, generation, models
from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Images

from .card import MEASURED, card
from .data import describe, font_tests, load_contents, load_tests
from .formats import describe_folder
from .measures import (
    architecture,
    inputs_of,
    measure_clip,
    measure_generator,
    writing,
)
from .pictures import extremes, glyphs_of, hands
from .readers import measure_reader
from .runs import known_to

# What a training decided, of the description of all data.
_LEARNED = ("characters", "fonts", "hand_fonts", "handwriting")
# Files that a measurement makes anew.
_MEASURED = (MEASURED, bundle.CARD, "lowest.png", "highest.png", "hands.png")


def measure_folder(settings, images, model, folders, folder, facts, known):
    """Measures a stored model, and writes its figures, pictures and card.

    Args:
        settings: of reproduce.
        images: `Images`.
        model: in `MODELS`.
        folders: {training: its folder} of the trainings that are at hand.
        folder: of the model, which has model.keras and model.json.
        facts: see `bundle.read_run`.
        known: what its measured.json says besides.
    """
    judge = settings.judge or folders.get(model.judge)
    if model.kind == "writer":
        # Its strokes have any size, and it may write more than the judge reads.
        images = images.replace(image_size=known_to(judge)[1])
    measured = known | {
        "image_size": images.image_size,
        "seed": settings.seed,
        "judge": settings.judge and pathlib.Path(settings.judge).name,
        **_measure(settings, images, model, folders, folder, facts, judge),
    }
    files.write_json(folder / MEASURED, measured)
    files.write_text(folder / bundle.CARD, card(measured))
    # Again, with the checksums of the added files.
    describe_folder(bundle.read_bundle(folder, verify=False))


def measure_again(settings, model):
    """Measures the model that --output has, without a training; its card is replaced.

    What the card says of the training and its data stays. That the judge taught the
    model cannot be seen beyond the weights that both hold: the runs are not at hand.

    Raises:
        InputError: there is no such model with a card, or no --judge of a generator.
    """
    old = settings.folder
    if not (old / MEASURED).is_file():
        raise InputError(
            f"--measure_only: {old} has no {MEASURED}; make the model first, without "
            "--measure_only."
        )
    if model.judge and settings.judge is None:
        raise InputError("--measure_only trains no judge; give --judge.")
    if model.judge:
        print("--judge: whether it taught the model is not checked without its runs.")
    bundle.read_bundle(old)  # refuses a damaged model
    before = files.read_json(old / MEASURED)
    facts, _ = bundle.read_run(old / "model.keras", None, settings.structure_file)
    named = before["data"]["characters"]["name"]
    facts["characters"] = characters = CharacterSet(named, facts["characters"])
    given = {name: v for name, v in settings.values().items() if v is not None}
    given["characters"] = named
    size = facts["image_size"] or before["image_size"]
    images = Images.among(given, image_size=size, skip_unknown_characters=True)
    data = describe(settings, images, characters)
    data |= {name: before["data"].get(name, []) for name in _LEARNED}
    kept = ("name", "kind", "half_precision_differs_by", "training")
    known = {name: before[name] for name in kept} | {"data": data}
    # That of a judge which reads it no more.
    known["training"] = [run for run in known["training"] if run["step"] != model.judge]
    with files.complete_file(old) as folder:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(old, folder, ignore=shutil.ignore_patterns(*_MEASURED))
        measure_folder(settings, images, model, {}, folder, facts, known)


def _measure(settings, images, model, folders, folder, facts, judge):
    """Measures the stored model, and writes its pictures: a dict for JSON."""
    characters, tokenizer = facts["characters"], facts["tokenizer"]
    if model.kind == "writer":
        characters, _ = known_to(judge)
    file = folder / "model.keras"
    kinds = models.Classifier, models.CLIP, models.StrokeWriter, *models.GENERATORS
    network = models.with_policy(models.load_trained(file, kinds, ""), "float32")
    found = {"model": architecture(network) | {"bytes": file.stat().st_size}}
    # Glyphs that a training rendered already are not rendered again.
    rendered = "glyphs" in folders and (str(folders["glyphs"] / "fonts.store"),)
    fonts = rendered or settings.fonts, settings.reference_font
    contents, font = load_contents(*fonts, images, characters)
    inputs = None
    if model.kind == "classifier":
        reading = measure_reader(network, settings, images, characters)
        found["yardsticks"], read = reading
    else:
        tests = load_tests(settings.test, images, characters)
    if model.kind == "clip":
        tests |= font_tests(settings, images, characters)
        found["retrieval"], read, found["nearest"] = measure_clip(
            network, tests, tokenizer, characters, settings.seed
        )
    elif model.kind != "classifier":
        judge = generation.load_reader(judge, characters)
        run = folders.get(model.training, settings.folder)
        generation.check_independent(judge, network, run)
        write = writing(network, characters, tokenizer, settings, images)
        figures, generated, shown = measure_generator(
            write, judge, tests, contents, settings, images
        )
        figures |= {"reference_font": font, "style_images": settings.style_images}
        found["generation"] = figures
        written, reads = zip(*generated.values(), strict=True)
        read = evaluation.Readings.join(reads)
        if model.kind == "generator":
            inputs = inputs_of(written)
        hands(folder / "hands.png", write, contents, shown, settings)
    rows_of = extremes(folder, read, glyphs_of(contents), inputs)
    found["pictures"] = {
        "font": font,
        **{
            name: [[characters[a], characters[b], odds] for a, b, odds in rows]
            for name, rows in rows_of.items()
        },
    }
    return found
