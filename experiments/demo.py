"""python -m experiments.demo

The whole loop at a small size, without data of yours: from a font and three simulated
writers, who wrote a third of the hiragana, to a generator, a labelled set of all
hiragana in their hands, and recognisers that are measured on other simulated writers.
Writes report.html, metrics.json, TensorBoard logs and a SavedModel into the run folder.
"""

import dataclasses
import time

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
    "classifier": 160,
}
# Settings in which the recognisers differ.
ARMS = {
    "few real writers": {"fonts": [], "augment": "none"},
    "+ classical augmentation": {"fonts": []},
    "+ fonts": {"real_share": 0.5},
    "+ fonts and generated": {"real_share": 0.5},
}
# Minutes of each part with TensorFlow on two CPU cores that others used, too.
PARTS = {
    "Handwriting: simulated writers fill in a practice sheet": 0.1,
    "CLIP: image encoder, text encoder, both": 0.9,
    "Generator, in four stages": 5.5,
    "A labelled set of images": 0.4,
    "Recognisers, with and without it": 3.2,
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
    parts = announced(settings, minutes)
    next(parts)
    handwriting = demonstration.write_by_hand(folder, known, settings.seed)
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
    manifest = flags.call(
        *(generate, shared),
        generator_weights=generator,
        count=2 if settings.quick else GENERATED_A_CHARACTER,
        output=folder / "generated",
    )

    next(parts)
    shared["steps"] = steps["classifier"]
    results = classifiers(settings, shared, known, manifest, folder)

    next(parts)
    path = flags.call(export, {}, weights=generator, output=folder / "saved_model")
    size = settings.image_size
    written = demonstration.write_in_new_hands(path, fonts[0], known, size)

    next(parts)
    metrics = {
        "recognisers": evaluation.summarise_arms(results),
        "images": next(iter(results.values()))[0]["images"],
        "fonts": [font.name for font in fonts],
        "minutes": minutes,
    }
    demonstration.write_report(metrics, handwriting, manifest, written, folder)
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


def announced(settings, spent):
    """Prints how long the parts take; then, at each `next`, the part that begins.

    `spent` gets the minutes of each part that has ended.
    """
    if not settings.quick:
        minutes = f"{sum(PARTS.values()):.0f} minutes"
        print(f"\nOn two CPU cores, busy with other programs too, it took {minutes}:")
        for number, (title, minutes) in enumerate(PARTS.items()):
            print(f"  {number}  {title}: {minutes:.1f}")
    for number, title in enumerate(PARTS):
        after = sum(spent.values())
        print(f"\n=== {number}  {title} (after {after:.1f} minutes) ===", flush=True)
        started = time.monotonic()
        yield
        spent[title] = (time.monotonic() - started) / 60


def classifiers(settings, shared, known, manifest, folder):
    """The reports of all arms and seeds on writers that nothing was trained on."""
    test = data.simulated_store(TEST_WRITERS, known, settings.image_size)
    results = {arm: [] for arm in ARMS}
    for seed in range(1 if settings.quick else SEEDS):
        for number, (arm, values) in enumerate(ARMS.items()):
            run_dir = folder / "classifiers" / f"{number}-{seed}"
            path = flags.call(
                train_classifier,
                {**shared, "augment": "affine,elastic", **values},
                generated=[manifest] if "generated" in arm else [],
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
