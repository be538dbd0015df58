"""What augmentation_gain is to make: its request, the shared images, the trainings."""

import types

from hwgen_keras.data import HANDWRITING
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs import loading as inputs

from . import arms as gain_arms
from . import data as gain_data
from . import generated as gain_generated
from . import runs as gain_runs

# Options that every training takes as the experiment was given them.
TRAINING = (
    *("characters", "skip_unknown_characters", "size", "image_size", "batch_size"),
    *("steps", "learning_rate", "schedule", "warmup_steps", "clip_norm", "interval"),
    *("checkpoint_minutes", "dtype_policy", "jit_compile", "steps_per_execution"),
)


def request(options, train, test, characters, axis):
    """What decides the figures of an arm, amount and seed, for `output_folder`."""
    names = (*TRAINING, "fonts", "simulated_writers", "generated_count", "real_share")
    free = ("characters", "interval", "checkpoint_minutes")
    values = {f"--{n}": getattr(options, n) for n in names if n not in free}
    return {
        "--train": gain_data.digest(train),
        "--test": gain_data.digest(test),
        "--characters": "".join(characters),
        "--macro_over": options.macro_over,
        "--writers or --images_a_class": axis,
        **values,
    }


def prepare(options, output, axis, parts, generators, arms):
    """Makes all images that trainings share, once.

    Returns:
        {amount: what `gain_arms.training_options` takes}.
    """
    characters = inputs.load_characters(options)
    fonts, file = [], output / "data" / "fonts.store"
    if options.fonts:
        # Kept, so that no training looks for fonts again, and all see the same.
        if not file.exists():
            inputs.load_store(options, handwriting=False).save(file)
        fonts = [str(file)]
    if any(arm.get("simulated_writers") for arm in arms.values()):
        prepared.simulated(
            options.cache, options.simulated_writers, characters, options.image_size
        )
    manifests = gain_data.write(output / "data", axis, parts)
    named = types.SimpleNamespace(**vars(options))
    named.fonts = fonts
    data = {}
    for amount, manifest in manifests.items():
        for path in {manifest, options.test} - {None}:
            inputs.load_images(named, path, characters, HANDWRITING)
        data[amount] = {
            "train": manifest,
            "fonts": fonts,
            "simulated_writers": options.simulated_writers,
            "generated": gain_generated.sets(
                named, output, generators, axis, amount, manifest
            ),
        }
    return data


def plan(options, output, arms, data):
    """The trainings, seed by seed, and notes on arms that are none with an amount."""
    jobs, notes = [], []
    shared = {name: getattr(options, name) for name in (*TRAINING, "cache")}
    share = options.real_share or None
    for seed in range(options.seeds):
        for amount, given in data.items():
            for name, arm in arms.items():
                values = gain_arms.training_options(arm, given, share)
                if values is None:
                    notes.append(
                        f"No arm {name} with amount {amount}: there is no data, or it "
                        "would be another arm once more."
                    )
                    continue
                folder = output / "runs" / name / str(amount) / str(seed)
                values = {**shared, **values, "seed": seed}
                jobs.append(gain_runs.Job(name, amount, seed, folder, values))
    return jobs, list(dict.fromkeys(notes))


def reading_options(options):
    """Options of `TestImages`, as JSON."""
    names = ("test", "macro_over", "characters", "skip_unknown_characters")
    names += ("writer_pattern", "image_size", "cache")
    return {name: getattr(options, name) for name in names}
