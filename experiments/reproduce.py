"""python -m experiments.reproduce NAME --fonts=FONTS --judge_fonts=OTHER_FONTS
    --handwriting=MANIFEST --test=MANIFEST_OF_OTHER_WRITERS --run_dir=runs/zoo
    --output=saved_models

Makes a model of saved_models/ again: runs the trainings behind it that are not complete
in --run_dir (each in a folder of its own, continued where it was interrupted), stores
the result in half precision, measures it on writers nobody trained on, and writes
<output>/NAME with model.keras, model.json, the card README.md, its figures as
measured.json, and its pictures. docs/how-to/zoo.md lists the models and tells how to train
them on other data, longer, or on a GPU.
"""

import json
import pathlib
import shutil
import types

from .flags import common
from .zoo import recipes as zoo

FLAGS = (
    *("fonts", "handwriting", "reference_font", "structure_file", "seed"),
    *("size", "image_size", "dtype_policy", "run_dir", "output", "cache"),
)
EXTRA = {
    "name": (
        common.flags.DEFINE_enum,
        None,
        [*zoo.MODELS],
        "The model to make; may be written without --name=.",
    ),
    "judge_fonts": (
        common.flags.DEFINE_multi_string,
        [],
        "As --fonts, of the recogniser that reads a generator's images: others than "
        "--fonts.",
    ),
    "judge_handwriting": (
        common.flags.DEFINE_multi_string,
        [],
        "Manifest of real handwriting for that recogniser alone; may be given several "
        "times.",
    ),
    "test": (
        common.flags.DEFINE_multi_string,
        [],
        "Manifest of writers that neither the model was trained on; may be given "
        "several times. Of each the kana or the kanji count, what there is more of.",
    ),
    "writer_pattern": (
        common.flags.DEFINE_string,
        zoo.OMNIGLOT_WRITERS,
        "Regular expression that finds the writer in a manifest's paths.",
    ),
    "characters": (
        common.flags.DEFINE_string,
        None,
        "Character set in place of the recipe's; so with --size, --image_size and "
        "--dtype_policy.",
    ),
    "steps_scale": (
        common.flags.DEFINE_float,
        1.0,
        "Multiplies the steps of every training; 0.01 to try it out.",
    ),
    "change": (
        common.flags.DEFINE_multi_string,
        [],
        "STEP=FLAGS, flags for one of the trainings in place of the recipe's, such as "
        "'generator=--steps=9000 --batch_size=64'; may be given several times.",
    ),
    "kana_images": (
        common.flags.DEFINE_integer,
        4,
        "Images of each kana that a generator is measured by.",
    ),
    "kanji": (
        common.flags.DEFINE_integer,
        600,
        "Kanji, drawn by --seed, that a generator is measured by, one image each.",
    ),
    "style_images": (
        common.flags.DEFINE_integer,
        1,
        "Images by one hand that the generator is shown for each image.",
    ),
}
# The recipe decides where these are not given.
_OPEN = ("size", "image_size", "dtype_policy")


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.files import locked_folder

    for flag in ("name", "run_dir", "output"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    common.check_positive(options, "steps_scale", "kana_images", "kanji")
    common.check_positive(options, "style_images", "image_size")
    for flag in _OPEN:
        if flag not in options.given:
            setattr(options, flag, None)
    model = zoo.MODELS[options.name]
    if not options.test:
        raise InputError("--test is needed: a manifest of writers nobody trained on.")
    output = pathlib.Path(options.output, options.name)
    if output.exists() and not (output / "model.json").is_file():
        raise InputError(
            f"--output: {output} exists and is no model; move it away, or choose "
            "another folder."
        )
    from .zoo import runs as zoo_runs

    steps = zoo_runs.steps_of(model)
    for step in steps:
        zoo_runs.flags_of(step, options)  # What is missing is told before all else.
    with locked_folder(options.run_dir, "--run_dir"):
        folders = {step: zoo_runs.train(step, options) for step in steps}
        settle(options, folders[model.step])
        write(options, model, folders, output)
    print(f"Saved {output}")
    return output


def settle(options, folder):
    """Fills in what the recipe decided, from the run."""
    from .zoo.runs import read_json

    flags = read_json(folder / "config.json")["flags"]
    for name in ("characters", "image_size", "structure_file"):
        if getattr(options, name) is None:
            setattr(options, name, flags.get(name))
    options.skip_unknown_characters = True
    options.simulated_writers = 0


def write(options, model, folders, output):
    """Exports, measures and describes a model; its folder appears when all is done."""
    from hwgen_keras.bundle import read_bundle, write_bundle
    from hwgen_keras.bundle.run_folder import find_weights, read_run
    from hwgen_keras.export import export_model
    from hwgen_keras.files import complete_file, write_text

    from .zoo import card as model_card
    from .zoo import data as zoo_data
    from .zoo import runs as zoo_runs

    run = types.SimpleNamespace(
        run=str(folders[model.step]),
        weights=None,
        characters=options.characters,
        structure_file=options.structure_file,
    )
    weights = find_weights(run)
    facts, _ = read_run(weights, run)
    characters = facts["characters"]
    with complete_file(output) as folder:
        shutil.rmtree(folder, ignore_errors=True)
        stored = export_model(
            *(weights, folder),
            **{"formats": ("keras",), "storage": "float16", "name": options.name},
            **facts,
        )
        tokenizer = read_bundle(folder).tokenizer()
        measured = measure(options, model, folders, folder, characters, tokenizer)
        measured = {
            "name": options.name,
            "kind": model.kind,
            "image_size": options.image_size,
            "half_precision_differs_by": stored["keras"],
            "training": [zoo_runs.facts(step, folders[step]) for step in folders],
            "data": zoo_data.describe(options, characters),
            "seed": options.seed,
            **measured,
        }
        text = json.dumps(measured, ensure_ascii=False, indent=1)
        write_text(folder / model_card.MEASURED, text + "\n")
        write_text(folder / "README.md", model_card.card(measured))
        bundle = read_bundle(folder, verify=False)
        write_bundle(
            folder,
            **{n: getattr(bundle, n) for n in ("name", "kind", "image_size", "mode")},
            characters=bundle.characters,
            tokenizer=tokenizer,
            made_of=bundle.made_of,
        )


def measure(options, model, folders, folder, characters, tokenizer):
    """Measures the stored model, and writes its pictures: a dict for JSON."""
    import keras

    from hwgen_keras.evaluation import Readings
    from hwgen_keras.models import load_trained, with_policy

    from .zoo import data as zoo_data
    from .zoo import measures as zoo_measures
    from .zoo import pictures as zoo_pictures
    from .zoo.architecture import architecture

    file = folder / "model.keras"
    network = with_policy(load_trained(file, keras.Model, "--output"), "float32")
    found = {"model": architecture(network) | {"bytes": file.stat().st_size}}
    tests = zoo_data.load_tests(options, characters)
    contents, font = zoo_data.load_contents(options, characters)
    glyphs, beside = zoo_pictures.glyphs_of(contents), None
    if model.kind == "classifier":
        found["reading"], read = zoo_measures.measure_classifier(network, tests)
    elif model.kind == "clip":
        found["retrieval"], read, found["nearest"] = zoo_measures.measure_clip(
            *(network, tests, tokenizer, characters, options.seed)
        )
    else:
        judge = zoo_measures.load_judge(
            *(str(folders[model.judge]), characters, network, folders[model.step])
        )
        found["generation"], made, hands = zoo_measures.measure_generator(
            *(network, judge, tests, contents, tokenizer, options)
        )
        found["generation"]["reference_font"] = font
        found["generation"]["style_images"] = options.style_images
        read = Readings.join(each.read for each in made.values())
        beside = zoo_measures.beside(list(made.values()))
        zoo_pictures.hands(
            *(folder / "hands.png", network, contents, hands, tokenizer, options)
        )
    extremes = zoo_pictures.extremes(folder, read, glyphs, beside)
    found["pictures"] = {
        "font": font,
        **{
            name: [[characters[a], characters[b], odds] for a, b, odds in rows]
            for name, rows in extremes.items()
        },
    }
    return found


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA, argument="name")
