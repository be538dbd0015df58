"""python -m experiments.augmentation_gain --train=MANIFEST --test=MANIFEST
    --fonts=FONTS --simulated_writers=60 --generated=NAME=SET-{writers}.json
    --writers=1,3,5,10 --seeds=5 --processes=2 --output=FOLDER

What are generated images worth? Trains recognisers on real handwriting with and without
augmentation, simulated writers, fonts and generated images, with few and with many real
writers, and reads other people's handwriting with each. Writes tables, plots, and what
improved and what broke, with a report.html, into the folder. Interrupted, the same
command goes on; seeds, arms, amounts and generators can be added to a folder.
"""

import json
import pathlib

from hwgen_keras.generation import writing

from . import train_classifier
from .flags import common
from .gain import arms as gain_arms
from .gain import runs as gain_runs

FLAGS = (
    *("characters", "skip_unknown_characters", "writer_pattern", "fonts"),
    *("simulated_writers", "size", "image_size", "batch_size", "steps"),
    *("learning_rate", "schedule", "warmup_steps", "clip_norm", "interval"),
    *("checkpoint_minutes", "dtype_policy", "jit_compile", "steps_per_execution"),
    *("cache", "output"),
)
EXTRA = {
    "train": (
        common.flags.DEFINE_string,
        None,
        "Manifest, store or folder of real handwriting, with its writers.",
    ),
    "test": (
        common.flags.DEFINE_string,
        None,
        "The same of other writers.",
    ),
    "writers": (
        common.flags.DEFINE_list,
        [],
        "Numbers of real writers to train on, such as 1,3,10: the first by name; 0: "
        "none. Default: all.",
    ),
    "images_a_class": (
        common.flags.DEFINE_list,
        [],
        "Numbers of real images of a character to train on, in place of --writers.",
    ),
    "seeds": (common.flags.DEFINE_integer, 5, "Trainings an arm and amount."),
    "generated": (
        common.flags.DEFINE_multi_string,
        [],
        "NAME=PATH of a generated set: its manifest, store or folder. {writers} (or "
        "{images_a_class}) in the path is replaced by the amount of real data: nobody "
        "else may have taught the generator. May be given several times.",
    ),
    "generator": (
        common.flags.DEFINE_multi_string,
        [],
        "NAME=PATH of a trained generator, with the same placeholder; its set is "
        "generated here, as the flags from --style_hands on ask for.",
    ),
    "generated_count": (
        common.flags.DEFINE_integer,
        20,
        "Images of a character that each --generator writes.",
    ),
    **writing.EXTRA,
    "preset": (
        common.flags.DEFINE_enum,
        "standard",
        list(gain_arms.PRESETS),
        "standard: the arms of docs/explanation/gain.md; original: the published ones, real images "
        "alone and with each generator's, with and without elastic augmentation.",
    ),
    "arms": (
        common.flags.DEFINE_list,
        [],
        "Names of the arms to run; default: all for which there is data.",
    ),
    "augment": (
        common.flags.DEFINE_string,
        gain_arms.AUGMENT,
        "Augmentations of all arms but `real`, see train_classifier.",
    ),
    "real_share": (
        common.flags.DEFINE_float,
        None,
        "Share of real images in arms with others beside them, see train_classifier; "
        "0: every image once an epoch. Default: 0.5, and 0 of the preset original.",
    ),
    "macro_over": (
        common.flags.DEFINE_string,
        None,
        "Character set that macro-F1 is over; default: what the test images show.",
    ),
    "processes": (
        common.flags.DEFINE_integer,
        1,
        "Trainings at once; they share the cores.",
    ),
}
# A training leaves a checkpoint this often, beside those of --checkpoint_minutes.
INTERVALS = 4


def main(options):
    if options.processes > 1:
        gain_runs.share_accelerator()
    from hwgen_keras.evaluation import write_report as write_json
    from hwgen_keras.files import locked_folder, output_folder, writable
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.training.run import configuration

    from .gain import data as gain_data
    from .gain import generated as gain_generated
    from .gain import plan as gain_plan
    from .gain import report as gain_report

    complete(options)
    characters = inputs.load_characters(options)
    train, test, notes = gain_data.read(options, characters)
    axis, parts = amounts(options, train)
    generators = {
        flag: gain_data.named(flag, getattr(options, flag))
        for flag in ("generated", "generator")
    }
    arms = choose_arms(options, generators)
    gain_generated.check(options, generators, axis, parts)
    print("\n".join(notes), end="\n" if notes else "")

    output = pathlib.Path(options.output)
    with locked_folder(output, "--output"), writable(output, "--output"):
        output_folder.claim(
            output, gain_plan.request(options, train, test, characters, axis)
        )
        options.cache = options.cache or str(output / "cache")
        config = configuration("augmentation_gain", options)
        write_json(output / "config.json", config)
        data = gain_plan.prepare(options, output, axis, parts, generators, arms)
        jobs, left_out = gain_plan.plan(options, output, arms, data)
        notes += left_out
        reading = gain_plan.reading_options(options)
        gain_runs.run(jobs, reading, options.processes)
        test = gain_runs.test_images(json.dumps(reading))
        path = gain_report.write(output, jobs, arms, axis, notes, test)
    print(f"Saved {path}")
    return path


def complete(options):
    """Fills in what was not given, and checks what does not need the data."""
    from hwgen_keras.data.augment import parse_augmentations
    from hwgen_keras.errors import InputError

    common.complete(options, train_classifier.DEFAULTS)
    for flag in ("train", "test", "output"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    common.check_positive(
        options, "image_size", "steps", "seeds", "processes", "generated_count"
    )
    parse_augmentations(options.augment)
    check_writing(options)
    original = options.preset == "original"
    if options.real_share is None:
        options.real_share = 0.0 if original else 0.5
    if not 0 <= options.real_share < 1 or (original and options.real_share):
        raise InputError(
            f"--real_share is {options.real_share}; give 0 <= share < 1, and none with "
            "--preset=original."
        )
    if options.interval is None and options.steps is not None:
        group = options.steps_per_execution
        options.interval = -(-options.steps // (INTERVALS * group)) * group


def check_writing(options):
    """Checks how --generator writes; its hands are real, if nothing else is said."""
    from hwgen_keras.errors import InputError

    asked = sorted(options.given.intersection(writing.EXTRA))
    if options.generator:
        if options.style_hands is None:
            options.style_hands = ["real"]
        writing.check(options, options.train)
    elif asked:
        raise InputError(
            f"--{asked[0]} is about the sets that --generator writes; give one, or "
            "leave the flag out."
        )


def amounts(options, train):
    """What the amounts count, and {amount: samples}, in rising order."""
    from hwgen_keras.errors import InputError

    from .gain import data as gain_data

    if options.writers and options.images_a_class:
        raise InputError("Give either --writers or --images_a_class.")
    axis = "images_a_class" if options.images_a_class else "writers"
    try:
        numbers = sorted({int(number) for number in getattr(options, axis)})
    except ValueError:
        numbers = [-1]
    if any(number < 0 for number in numbers):
        given = ",".join(getattr(options, axis))
        raise InputError(f"--{axis}={given}: give whole numbers, such as 1,3,10.")
    if axis == "images_a_class":
        return axis, gain_data.by_images(train, numbers)
    numbers = numbers or [len({sample.writer for sample in train})]
    return axis, gain_data.by_writers(train, numbers)


def choose_arms(options, generators):
    """The arms to run, see `gain_arms`."""
    from hwgen_keras.errors import InputError

    names = [name for named in generators.values() for name in named]
    common_arms, _ = gain_arms.PRESETS[options.preset]
    for name in names:
        if names.count(name) > 1 or name in common_arms:
            raise InputError(
                f"--generated, --generator: the name {name} is taken; choose another."
            )
    found = gain_arms.arms(options.preset, names, options.augment)
    given = {need: bool(getattr(options, need)) for need in gain_arms.NEEDS}
    return gain_arms.chosen(found, options.arms, given)


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
