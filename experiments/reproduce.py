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

from hwgen_keras import bundle, export, files
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
    )
    measure_only: bool = setting(
        False,
        "Measure the model that --output has again, and write its card; nothing is "
        "trained.",
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
        if self.run_dir is None and not self.measure_only:
            raise InputError(
                "--run_dir is needed: folder of the trainings, each in a folder of its "
                "own."
            )
        if self.measure_only:
            if not self.fonts:
                raise InputError(
                    "--fonts is needed: those of the training, whose glyphs stand for "
                    "print."
                )
            return
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
    zoo.check_unseen(settings, model)
    if settings.measure_only:
        zoo.measure_again(settings, model)
        print(f"Measured {settings.folder}")
        return settings.folder
    trainings = zoo.trainings_of(model, settings.judge)
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
    images = zoo.images_of(settings, run)
    with files.complete_file(settings.folder) as folder:
        shutil.rmtree(folder, ignore_errors=True)
        stored = export.export_model(
            *(weights, folder),
            **{"formats": zoo.formats_of(model.kind), "storage": "float16"},
            name=settings.name,
            **facts,
        )
        known = {
            "name": settings.name,
            "kind": model.kind,
            "half_precision_differs_by": stored["keras"],
            "training": [zoo.facts(*each, settings) for each in folders.items()],
            "data": zoo.describe(settings, images, facts["characters"]),
        }
        zoo.measure_folder(settings, images, model, folders, folder, facts, known)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__, argument="name")
