"""python -m experiments.demo

The whole loop at a small size, without data of yours: from a font and three simulated
writers, who wrote a third of the hiragana, to an AdaIN generator and a stroke writer, a
labelled set by each of all hiragana in their hands, and recognisers that are measured
on other simulated writers. Writes report.html, metrics.json, TensorBoard logs and a
SavedModel into the run folder.
"""

import dataclasses

from hwgen_keras import characters, data, evaluation, models, training
from hwgen_keras.inputs.settings import Fonts, Images
from hwgen_keras.settings import Seed, like, setting
from hwgen_keras.training.settings import Precision, RunFolder

from . import (
    demonstration,
    export,
    flags,
    generate,
    train_classifier,
    train_clip,
    train_generator,
    train_image_encoder,
    train_text_encoder,
    train_writer,
)

HIRAGANA = 46
TEST_WRITERS = range(1000, 1020)
SEEDS = 3
GENERATED_A_CHARACTER = 30
STEPS = {
    "image_encoder": 200,
    "text_encoder": 100,
    "clip": 100,
    "generator": 72,
    "writer": 800,
    "classifier": 160,
}
# Settings in which the recognisers differ; `generated` names one of the sets.
ARMS = {
    "few real writers": {"fonts": [], "augment": "none"},
    "+ classical augmentation": {"fonts": []},
    "+ fonts": {"real_share": 0.5},
    "+ fonts and AdaIN": {"real_share": 0.5, "generated": ["AdaIN"]},
    "+ fonts and stroke writer": {"real_share": 0.5, "generated": ["stroke writer"]},
}
# Of the stroke writer. Three hands are few, so others are made of them; hiragana have
# few strokes, so a hand is shown few.
WRITER = {"variation": 1.0, "pairs": 32, "batch_size": 16, "held_out_writers": 1}
TEMPERATURE = 0.7
# About how many minutes each part takes, with TensorFlow on two busy CPU cores.
PARTS = {
    "Handwriting: simulated writers fill in a practice sheet": 0.1,
    "CLIP: image encoder, text encoder, both": 0.9,
    "AdaIN generator, in four stages": 5.5,
    "Stroke writer": 0.7,
    "A labelled set of images by each of the two": 0.5,
    "Recognisers, with and without them": 3.2,
    "Export, and use what was exported": 1.1,
    "Report": 0.1,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Fonts, Seed, Precision):
    """Settings of the demo."""

    fonts: tuple[str, ...] = like(
        Fonts,
        "fonts",
        help="Font file or folder of fonts that have all hiragana; `system`: the "
        "installed ones; may be repeated. Default: IPAexGothic of the extra `demo` "
        "alone, so that the figures do not depend on what is installed.",
    )
    image_size: int = like(Images, "image_size", default=48)
    run_dir: str | None = like(RunFolder, "run_dir")
    quick: bool = setting(
        False,
        "A few steps of everything, to see that it runs; its figures mean nothing.",
    )


def main(settings):
    folder, known, fonts = prepare(settings)
    minutes = {}
    parts = demonstration.announced(PARTS, minutes, estimate=not settings.quick)
    next(parts)
    handwriting, strokes = demonstration.write_by_hand(folder, known, settings.seed)
    steps = {name: 2 if settings.quick else n for name, n in STEPS.items()}
    shared = settings.values() | {
        "fonts": list(dict.fromkeys(font.path for font in fonts)),
        "handwriting": [handwriting],
        "train": [handwriting],
        "characters": folder / "characters.txt",
        "cache": folder / "cache",
        "size": "tiny" if settings.quick else "small",
    }

    def train(script, name, **values):
        values |= {"steps": steps[name], "run_dir": folder / name}
        return flags.call(script, shared, **values)

    next(parts)
    image = train(train_image_encoder, "image_encoder", augment="affine")
    text = train(train_text_encoder, "text_encoder")
    clip = train(train_clip, "clip", image_weights=image, text_weights=text)

    next(parts)
    generator = train(
        *(train_generator, "generator"),
        clip_weights=clip,
        batch_size=8,
        stage="all",
        style_reference="writer",
        interval=20,
    )

    next(parts)
    writer = train(train_writer, "writer", strokes=[strokes], interval=400, **WRITER)

    next(parts)
    shared["count"] = 2 if settings.quick else GENERATED_A_CHARACTER
    # After two steps a writer knows the mean of its strokes alone.
    temperature = 0.0 if settings.quick else TEMPERATURE
    by_writer = {"temperature": temperature, "strokes": [strokes], "handwriting": []}

    def write(name, weights, **values):
        values |= {"generator_weights": weights, "output": folder / name}
        return flags.call(generate, shared, **values)

    sets = {
        "AdaIN": write("generated", generator),
        "stroke writer": write("written", writer, **by_writer),
    }

    next(parts)
    shared["steps"] = steps["classifier"]
    results = classifiers(settings, shared, known, sets, folder)

    next(parts)
    path = flags.call(export, {}, weights=generator, output=folder / "saved_model")
    size, writer = settings.image_size, (writer, temperature)
    written = demonstration.write_in_new_hands(path, *writer, fonts[0], known, size)

    next(parts)
    metrics = {
        "recognisers": evaluation.summarise_arms(results),
        "images": next(iter(results.values()))[0]["images"],
        "fonts": [font.name for font in fonts],
        "minutes": minutes,
    }
    demonstration.write_report(metrics, handwriting, sets, written, folder)
    next(parts, None)
    evaluation.write_report(folder / "metrics.json", metrics)
    print(f"{sum(minutes.values()):.1f} minutes.")


def prepare(settings):
    """The run folder, its characters and the fonts."""
    hiragana = characters.character_set("kana").characters[:HIRAGANA]
    with training.Run("demo", settings) as run:
        file = run.folder / "characters.txt"
        file.write_text("\n".join(hiragana) + "\n", "utf-8")
        known = characters.character_set(str(file))
        fonts = demonstration.choose_fonts(settings.fonts, known)
        names = [font.name for font in fonts]
        run.note(fonts=names)
        print(demonstration.SIMULATED)
        print("Fonts:", ", ".join(names))
    return run.folder, known, fonts


def classifiers(settings, shared, known, sets, folder):
    """The reports of all arms and seeds on writers that nothing was trained on."""
    test = data.simulated_store(TEST_WRITERS, known, settings.image_size)
    results = {arm: [] for arm in ARMS}
    for seed in range(1 if settings.quick else SEEDS):
        for number, (arm, values) in enumerate(ARMS.items()):
            run_dir = folder / "classifiers" / f"{number}-{seed}"
            path = flags.call(
                train_classifier,
                {**shared, "augment": "affine,elastic", **values},
                generated=[sets[name] for name in values.get("generated", ())],
                seed=settings.seed + seed,
                run_dir=run_dir,
            )
            classifier = models.load_trained(path, models.Classifier, "")
            predicted, _ = evaluation.read_store(classifier, test)
            result = evaluation.classification_report(known, test.labels, predicted)
            evaluation.write_report(run_dir / "report.json", result)
            results[arm].append(result)
            print(f"{arm}, seed {seed}: {100 * result['accuracy']:.1f} % on unseen")
    return results


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
