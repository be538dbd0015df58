"""python -m experiments.demo

The whole loop at a small size, without data of yours: fonts and three simulated
writers, who wrote a third of the hiragana, go in; a generator, a labelled set of all
hiragana in their hands and recognisers come out, measured on simulated writers that
nothing was trained on. Writes report.html, TensorBoard logs and an exported SavedModel
into the run folder.
"""

import pathlib
import time

from .flags import common

FLAGS = ("fonts", "image_size", "seed", "dtype_policy", "jit_compile", "run_dir")
EXTRA = {
    "quick": (
        common.flags.DEFINE_boolean,
        False,
        "A few steps of everything, to see that it runs; its figures mean nothing.",
    ),
}

HIRAGANA = 46
TRAINING_WRITERS = 3
WRITTEN = 16  # characters that each of them wrote, the same ones
TEST_WRITERS = range(1000, 1020)
MOST_FONTS = 12
SEEDS = 3
GENERATED_A_CHARACTER = 30
STEPS = {
    "image_encoder": 200,
    "text_encoder": 100,
    "clip": 100,
    "generator": 72,
    "classifier": 160,
}
ARMS = (
    "few real writers",
    "+ classical augmentation",
    "+ fonts",
    "+ fonts and generated",
)


def main(options):
    from . import train_clip, train_generator
    from . import train_image_encoder as image_encoder
    from . import train_text_encoder as text_encoder
    from .demonstration import report as demo_report

    started = time.monotonic()
    folder = prepare(options)
    banner("0  Handwriting: simulated writers fill in a practice sheet")
    handwriting = write_by_hand(folder, options.seed)
    steps = {name: 2 if options.quick else n for name, n in STEPS.items()}
    shared = {
        "fonts": options.fonts,
        "handwriting": [str(handwriting)],
        "train": [str(handwriting)],
        "characters": str(folder / "characters.txt"),
        "cache": str(folder / "cache"),
        "image_size": options.image_size,
        "size": "tiny" if options.quick else "small",
        "seed": options.seed,
        "dtype_policy": options.dtype_policy,
        "jit_compile": options.jit_compile,
    }

    banner("1  CLIP: image encoder, text encoder, both")
    image = common.call(
        image_encoder,
        shared,
        steps=steps["image_encoder"],
        augment="affine",
        run_dir=str(folder / "image_encoder"),
    )
    text = common.call(
        text_encoder,
        shared,
        steps=steps["text_encoder"],
        run_dir=str(folder / "text_encoder"),
    )
    clip = common.call(
        train_clip,
        shared,
        steps=steps["clip"],
        image_weights=str(image),
        text_weights=str(text),
        run_dir=str(folder / "clip"),
    )

    banner("2  Generator, in four steps")
    generator = common.call(
        train_generator,
        shared,
        clip_weights=str(clip),
        steps=steps["generator"],
        batch_size=8,
        step="all",
        style_reference="writer",
        interval=20,
        run_dir=str(folder / "generator"),
    )

    banner("3  A labelled set of images")
    manifest = generate(options, shared, generator, folder)

    banner("4  Recognisers, with and without it")
    results = classifiers(options, shared, steps["classifier"], manifest, folder)

    banner("5  Export, and use what was exported")
    exported = export_and_use(options, shared, generator, folder)

    banner("6  Report")
    minutes = (time.monotonic() - started) / 60
    demo_report.write(
        options.fonts, handwriting, results, manifest, exported, folder, minutes
    )


def banner(title):
    print(f"\n=== {title} ===", flush=True)


def prepare(options):
    """The run folder, with the characters and the fonts that are used."""
    from hwgen_keras.characters import character_set
    from hwgen_keras.sources import find_fonts, system_fonts
    from hwgen_keras.training import run as training

    from .demonstration.report import SIMULATED

    options.image_size = options.image_size or 48
    options.resume = False
    with training.Run("demo", options) as run:
        characters = character_set("kana").characters[:HIRAGANA]
        (run.folder / "characters.txt").write_text(
            "\n".join(characters) + "\n", "utf-8"
        )
        if not options.fonts:
            bundled = find_fonts([bundled_font()])
            installed = [
                font for font in system_fonts() if covers_all(font, characters)
            ]
            # Faces of one family look alike: different families first.
            families = {font.name.split()[0]: font for font in bundled}
            for font in installed:
                families.setdefault(font.name.split()[0], font)
            options.fonts = [str(font.path) for font in families.values()][:MOST_FONTS]
        run.note(fonts=options.fonts)
        print(SIMULATED)
        print("Fonts:", ", ".join(pathlib.Path(p).name for p in options.fonts))
        return run.folder


def write_by_hand(folder, seed):
    """Some characters by each training writer, as PNG files with a manifest."""
    import numpy as np
    from PIL import Image

    from hwgen_keras.characters import character_set
    from hwgen_keras.data import Sample, write_manifest
    from hwgen_keras.sources import PenWriter

    characters = character_set(str(folder / "characters.txt"))
    chosen = np.random.default_rng(seed).permutation(HIRAGANA)[:WRITTEN]
    samples = []
    for writer in map(PenWriter, range(TRAINING_WRITERS)):
        for character in (characters[label] for label in sorted(chosen)):
            path = folder / "handwriting" / writer.name / f"{ord(character):05x}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(writer.draw(character, 96)).save(path)
            samples.append(Sample(character, path, writer.name))
    write_manifest(folder / "handwriting" / "manifest.json", samples)
    print(f"{len(samples)} images: {''.join(characters[k] for k in sorted(chosen))}")
    return folder / "handwriting" / "manifest.json"


def covers_all(font, characters):
    return all(font.covers(character) for character in characters)


def bundled_font():
    """IPAexGothic, from the package matplotlib-fontja of the extra `demo`."""
    import importlib.metadata

    from hwgen_keras.errors import InputError

    try:
        found = importlib.metadata.distribution("matplotlib-fontja")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "The demo needs its packages: pip install 'hwgen_keras[demo]', or give "
            "--fonts."
        ) from None
    return found.locate_file("matplotlib_fontja/fonts/ipaexg.ttf")


def generate(options, shared, generator, folder):
    """All hiragana in the three hands, as PNG files with a manifest."""
    from . import generate as script

    return common.call(
        script,
        shared,
        generator_weights=str(generator),
        count=2 if options.quick else GENERATED_A_CHARACTER,
        output=str(folder / "generated"),
    )


def classifiers(options, shared, steps, manifest, folder):
    """The reports of all arms and seeds on writers that nothing was trained on."""
    from hwgen_keras.training.recipes import read_store

    from hwgen_keras.characters import character_set
    from hwgen_keras.data import simulated_store
    from hwgen_keras.evaluation import classification_report, write_report
    from hwgen_keras.models import Classifier, load_trained

    from . import train_classifier

    arguments = {
        ARMS[0]: {"fonts": [], "augment": "none"},
        ARMS[1]: {"fonts": [], "augment": "affine,elastic"},
        ARMS[2]: {"augment": "affine,elastic", "real_share": 0.5},
        ARMS[3]: {
            "augment": "affine,elastic",
            "real_share": 0.5,
            "generated": [str(manifest)],
        },
    }
    characters = character_set(shared["characters"])
    test = simulated_store(TEST_WRITERS, characters, options.image_size)
    results = {arm: [] for arm in ARMS}
    for seed in range(1 if options.quick else SEEDS):
        for number, arm in enumerate(ARMS):
            run_dir = folder / "classifiers" / f"{number}-{seed}"
            path = common.call(
                train_classifier,
                {**shared, "seed": options.seed + seed},
                **arguments[arm],
                steps=steps,
                run_dir=str(run_dir),
            )
            classifier = load_trained(path, Classifier, "classifier")
            predicted, _ = read_store(classifier, test)
            result = classification_report(characters, test.labels, predicted)
            write_report(run_dir / "report.json", result)
            results[arm].append(result)
            print(f"{arm}, seed {seed}: {100 * result['accuracy']:.1f} % on unseen")
    return results


def export_and_use(options, shared, generator, folder):
    """Exports the generator, loads the SavedModel again and writes with it."""
    import numpy as np
    from hwgen_keras.training.recipes import placed

    from hwgen_keras.characters import (
        StructureTokenizer,
        character_set,
        read_structures,
    )
    from hwgen_keras.data import font_store, simulated_store
    from hwgen_keras.export import load_exported
    from hwgen_keras.generation import to_uint8
    from hwgen_keras.sources import find_fonts

    from . import export

    path = common.call(
        export, {}, weights=str(generator), output=str(folder / "saved_model")
    )
    characters = character_set(shared["characters"])
    fonts = font_store(
        find_fonts(options.fonts[:1]), characters, options.image_size, progress=False
    )
    # New hands, which the generator has never seen.
    hands = simulated_store(
        range(2000, 2004), characters, options.image_size, progress=False
    )
    labels = np.arange(12)
    style = np.array([np.flatnonzero(hands.sources == i % 4)[0] for i in labels])
    content = np.array([np.flatnonzero(fonts.labels == k)[0] for k in labels])
    tokens = StructureTokenizer(read_structures()).encode(
        [characters[k] for k in labels]
    )
    inputs = {
        "content": placed(fonts, content),
        "style": placed(hands, style),
        "tokens": tokens,
    }
    written = load_exported(path)(**inputs)["image"]
    columns = {"content": inputs["content"], "style": inputs["style"]}
    return {k: to_uint8(v) for k, v in columns.items()} | {
        "SavedModel": to_uint8(written.numpy())
    }


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
