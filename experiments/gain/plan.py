"""The plan of augmentation_gain: its request, the shared images, the trainings."""

from hwgen_keras import inputs
from hwgen_keras.data import HANDWRITING
from hwgen_keras.generation.settings import WritingSettings
from hwgen_keras.inputs import cache
from hwgen_keras.settings import RESULT, rules_of

from .arms import training_values
from .data import digest, write_parts
from .rivals import rival_sets
from .runs import Job


def request(settings, samples, axis):
    """What decides the figures of an arm, amount and seed, see `output_folder`."""
    digests = {
        "train": digest(samples.train + samples.own),
        "test": digest(samples.test),
        "characters": "".join(samples.characters),
    }
    # Last: where another setting has changed them, a refusal is to name that one.
    values = {n: v for n, v in settings.values(RESULT).items() if n not in digests}
    values |= digests
    values |= {
        # Other steps are refused, though a training could continue with them.
        "steps": settings.steps,
        "writers or --images_a_class": axis,
    }
    # Each set has a note of its own settings; the digests contain the writers.
    elsewhere = {*rules_of(WritingSettings), "writer_pattern"}
    return {f"--{name}": v for name, v in values.items() if name not in elsewhere}


def prepare(settings, output, samples, parts, sets, arms):
    """Prepares all images that trainings share, {amount: data of `training_values`}.

    Args:
        settings, output: of augmentation_gain.
        samples: the `Samples`.
        parts: {amount: samples}.
        sets: `GeneratedSets`.
        arms: {arm: its settings}.
    """
    characters = inputs.load_characters(settings)
    fonts, file = [], output / "data" / "fonts.store"
    if settings.fonts:
        # So no training searches for fonts again, and all have the same.
        if not file.exists():
            inputs.load_store(settings, fonts=settings.fonts).save(file)
        fonts = [str(file)]
    writers = settings.simulated_writers
    if any(arm.get("simulated_writers") for arm in arms.values()):
        cache.simulated(settings.cache, writers, characters, settings.image_size)
    rivals, data = rival_sets(settings, output, arms, fonts), {}
    own = samples.own_manifest(output / "data")
    for amount, manifest in write_parts(output / "data", sets.axis, parts).items():
        for path in {manifest, settings.test} - {None}:
            inputs.load_images(settings, path, characters, HANDWRITING)
        data[amount] = {
            "train": manifest,
            "fonts": fonts,
            "simulated_writers": writers,
            "generated": sets.of(amount, manifest, fonts),
            "rivals": rivals,
            "own": own,
        }
    return data


def jobs_of(settings, output, arms, data, training):
    """The `Job`s, seed by seed, and notes on arms that an amount lacks.

    Args:
        settings, output, arms: see `prepare`.
        data: what `prepare` returns.
        training: the class of the settings of train_classifier.
    """
    jobs, notes = [], []
    shared = settings.values() | {"writer_pattern": None}
    share = settings.real_share or None
    for seed in range(settings.seeds):
        for amount, given in data.items():
            for name, arm in arms.items():
                values = training_values(arm, given, share)
                if values is None:
                    notes.append(
                        f"No arm {name} with amount {amount}: there is no data, or it "
                        "would equal another arm."
                    )
                    continue
                folder = output / "runs" / name / str(amount) / str(seed)
                own = training.among(shared, **values, seed=seed, run_dir=str(folder))
                jobs.append(Job(name, amount, seed, values, own))
    return jobs, list(dict.fromkeys(notes))
