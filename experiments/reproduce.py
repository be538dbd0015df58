"""python -m experiments.reproduce NAME --fonts=FONTS --judge_fonts=OTHER_FONTS
    --handwriting=MANIFEST --test=MANIFEST_OF_OTHER_WRITERS --run_dir=runs/zoo
    --output=saved_models

Reproduces a model of saved_models/: runs its trainings that are not complete in
--run_dir (each in a folder of its own, resumed where it was interrupted), stores the
result in half precision, measures it on writers of no training, and writes
<output>/NAME with model.keras, a SavedModel, model.json, the card README.md, its
figures as measured.json, and its pictures. docs/how-to/zoo.md lists the models and
explains how to train them on other data, longer, or on a GPU.
"""

import dataclasses
import pathlib
import shutil

from hwgen_keras import bundle, evaluation, export, files, generation, models
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Handwriting, Images, ReferenceFont, Structures
from hwgen_keras.settings import NOTHING, Output, Seed, like, setting
from hwgen_keras.training.settings import trained

from . import flags, zoo


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(zoo.Replaced, zoo.Tests, ReferenceFont, Handwriting, Structures, Seed):
    """Settings of the reproduction of a model of saved_models/."""

    name: str = setting(
        None,
        "Name of the model; may be written without --name=.",
        choices=tuple(zoo.MODELS),
        required=True,
    )
    judge_fonts: tuple[str, ...] = setting(
        (),
        "As --fonts, but other ones, for the recogniser that reads a generator's "
        "images.",
    )
    judge_handwriting: tuple[str, ...] = setting(
        (),
        "Manifest of real handwriting for that recogniser alone; may be given several "
        "times.",
    )
    judge: str | None = trained("recogniser that reads the images", "classifier.keras")
    writer_pattern: str = setting(
        zoo.OMNIGLOT_WRITERS,
        "Regular expression that finds the writer in a manifest's paths.",
    )
    run_dir: str = setting(
        None,
        "Folder of the trainings, each in a folder of its own.",
        changes=NOTHING,
        required=True,
    )
    output: str = like(Output, "output", help="Folder that gets the folder NAME.")
    cache: str = like(Images, "cache")
    steps_scale: float = setting(
        1.0, "Multiplies the steps of every training; 0.01 to try it out.", above=0
    )
    change: tuple[str, ...] = setting(
        (),
        "TRAINING=FLAGS, flags for one of the trainings in place of the recipe's, such "
        "as 'generator=--steps=9000 --batch_size=64'; may be given several times.",
    )
    kana_images: int = setting(
        4, "Images of each kana that a generator is measured by.", above=0
    )
    kanji: int = setting(
        600,
        "Kanji, drawn by --seed, that a generator is measured by, one image each.",
        above=0,
    )
    style_images: int = setting(
        1, "Images by one hand that the generator takes for each image.", above=0
    )

    @property
    def folder(self):
        """The folder of the model."""
        return pathlib.Path(self.output, self.name)

    def check(self):
        super().check()
        export.check_formats(zoo.formats_of(zoo.MODELS[self.name].kind))
        for training in zoo.trainings_of(zoo.MODELS[self.name], self.judge):
            zoo.flags_of(training, self)
        if self.judge is not None:
            zoo.known_to(self.judge)
        if self.folder.exists() and not (self.folder / "model.json").is_file():
            raise InputError(
                f"--output: {self.folder} exists and is no model; move it away, or "
                "choose another folder."
            )


def main(settings):
    model = zoo.MODELS[settings.name]
    trainings = zoo.trainings_of(model, settings.judge)
    zoo.check_unseen(settings, model)
    with files.locked_folder(settings.run_dir, "--run_dir"):
        folders = {name: zoo.train(name, settings) for name in trainings}
        write(settings, model, folders)
    print(f"Saved {settings.folder}")
    return settings.folder


def write(settings, model, folders):
    """Exports, measures and describes a model; its folder appears when complete."""
    run = folders[model.training]
    weights = bundle.find_weights(run)
    facts, _ = bundle.read_run(weights, settings.characters, settings.structure_file)
    judge = settings.judge or folders.get(model.judge)
    images = zoo.images_of(settings, run)
    if model.kind == "writer":
        # Its strokes have any size, and it may write more than the judge reads.
        images = images.replace(image_size=zoo.known_to(judge)[1])
    with files.complete_file(settings.folder) as folder:
        shutil.rmtree(folder, ignore_errors=True)
        stored = export.export_model(
            *(weights, folder),
            **{"formats": zoo.formats_of(model.kind), "storage": "float16"},
            name=settings.name,
            **facts,
        )
        written = bundle.read_bundle(folder)
        measured = {
            "name": settings.name,
            "kind": model.kind,
            "image_size": images.image_size,
            "half_precision_differs_by": stored["keras"],
            "training": [zoo.facts(*each, settings) for each in folders.items()],
            "data": zoo.describe(settings, images, facts["characters"]),
            "seed": settings.seed,
            "judge": settings.judge and pathlib.Path(settings.judge).name,
            **measure(settings, images, model, folders, folder, facts, judge),
        }
        files.write_json(folder / zoo.MEASURED, measured)
        files.write_text(folder / "README.md", zoo.card(measured))
        # Again, with the checksums of the added files.
        zoo.describe_folder(written)


def measure(settings, images, model, folders, folder, facts, judge):
    """Measures the stored model, and writes its pictures: a dict for JSON."""
    characters, tokenizer = facts["characters"], facts["tokenizer"]
    if model.kind == "writer":
        characters, _ = zoo.known_to(judge)
    file = folder / "model.keras"
    kinds = models.Classifier, models.CLIP, models.StrokeWriter, *models.GENERATORS
    network = models.with_policy(models.load_trained(file, kinds, ""), "float32")
    found = {"model": zoo.architecture(network) | {"bytes": file.stat().st_size}}
    # Glyphs that a training rendered already are not rendered again.
    rendered = "glyphs" in folders and (str(folders["glyphs"] / "fonts.store"),)
    fonts = rendered or settings.fonts, settings.reference_font
    contents, font = zoo.load_contents(*fonts, images, characters)
    inputs = None
    if model.kind == "classifier":
        reading = zoo.measure_reader(network, settings, images, characters)
        found["yardsticks"], read = reading
    else:
        tests = zoo.load_tests(settings.test, images, characters)
    if model.kind == "clip":
        found["retrieval"], read, found["nearest"] = zoo.measure_clip(
            network, tests, tokenizer, characters, settings.seed
        )
    elif model.kind != "classifier":
        judge = generation.load_reader(judge, characters)
        generation.check_independent(judge, network, folders[model.training])
        write = zoo.writing(network, characters, tokenizer, settings, images)
        figures, generated, hands = zoo.measure_generator(
            write, judge, tests, contents, settings, images
        )
        figures |= {"reference_font": font, "style_images": settings.style_images}
        found["generation"] = figures
        written, reads = zip(*generated.values(), strict=True)
        read = evaluation.Readings.join(reads)
        if model.kind == "generator":
            inputs = zoo.inputs_of(written)
        zoo.hands(folder / "hands.png", write, contents, hands, settings)
    extremes = zoo.extremes(folder, read, zoo.glyphs_of(contents), inputs)
    found["pictures"] = {
        "font": font,
        **{
            name: [[characters[a], characters[b], odds] for a, b, odds in rows]
            for name, rows in extremes.items()
        },
    }
    return found


if __name__ == "__main__":
    flags.run(main, Settings, __doc__, argument="name")
