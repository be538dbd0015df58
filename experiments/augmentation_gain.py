"""python -m experiments.augmentation_gain --train=MANIFEST --test=MANIFEST
    --fonts=FONTS --simulated_writers=60 --generated=NAME=SET-{writers}.json
    --writers=1,3,5,10 --seeds=5 --processes=2 --output=FOLDER

Measures the gain of generated images: trains recognisers on real handwriting without
and with augmentation, simulated writers, fonts and generated images, with few and with
many real writers, and reads the handwriting of other writers with each. Writes tables,
plots, and the images that improved and got worse, with a report.html, into the folder.
Interrupted, the same command resumes; seeds, arms, amounts and generators can be added.
"""

import dataclasses
import functools
import pathlib

from hwgen_keras import cluster, data, training
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.settings import TestSet
from hwgen_keras.files import locked_folder, output_folder, writable, write_json
from hwgen_keras.generation.settings import WritingSettings
from hwgen_keras.inputs.settings import Fonts, SimulatedWriters
from hwgen_keras.settings import EXTENT, NOTHING, Output, rules_of, setting
from hwgen_keras.training.settings import Intervals, Optimization, Precision

from . import flags, gain, generate, train_classifier

# Checkpoints of a training, besides those of --checkpoint_minutes.
INTERVALS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(gain.Scenario, Fonts, SimulatedWriters, TestSet, WritingSettings),
    *(Precision, Optimization, Intervals, cluster.Engine, Output),
):
    """Settings of the experiment on the gain of generated images."""

    DEFAULTS = train_classifier.Settings.DEFAULTS
    train: str = setting(
        None,
        "Manifest, store or folder of real handwriting, with its writers.",
        required=True,
    )
    steps: int | None = setting(None, "Optimiser steps of each training.", above=0)
    writers: tuple[str, ...] = setting(
        (),
        "Numbers of real writers to train on, such as 1,3,10: the first by name; 0: "
        "none. Default: all.",
        changes=EXTENT,
        separator=",",
    )
    images_a_class: tuple[str, ...] = setting(
        (),
        "Numbers of real images of a character to train on, in place of --writers.",
        changes=EXTENT,
        separator=",",
    )
    seeds: int = setting(5, "Trainings an arm and amount.", changes=EXTENT, above=0)
    generated: tuple[str, ...] = setting(
        (),
        "NAME=PATH of a generated set: its manifest, store or folder. {writers} (or "
        "{images_a_class}) in the path is replaced by the amount of real data: the "
        "generator must be trained on no more. May be given several times.",
        changes=EXTENT,
    )
    generator: tuple[str, ...] = setting(
        (),
        "NAME=PATH of a trained generator, with the same placeholder; its set is "
        "generated here, as the flags from --style_hands on ask for.",
        changes=EXTENT,
    )
    generated_count: int = setting(
        20, "Images of a character that each --generator writes.", above=0
    )
    style_hands: tuple[str, ...] = setting(
        ("real",),
        "Whose hands each --generator writes in, such as real,simulated: real "
        "handwriting, --simulated_writers, and fonts, each taken for a hand.",
        choices=("fonts", "real", "simulated"),
        separator=",",
    )
    arms: tuple[str, ...] = setting(
        (),
        "Names of the arms to run; default: all for which there is data.",
        changes=EXTENT,
        separator=",",
    )
    # Each training compares it with its own, see `Job.check`.
    augment: str = setting(
        gain.AUGMENT,
        "Augmentations of all arms but `real`, see train_classifier.",
        changes=EXTENT,
    )
    real_share: float | None = setting(
        None,
        "Share of real images in arms with other images, see train_classifier; "
        "0: every image once an epoch. Default: 0.5, and 0 of the preset original.",
        at_least=0,
        below=1,
    )
    processes: int = setting(
        1, "Trainings at once; they share the cores.", changes=NOTHING, above=0
    )

    @property
    def amounts(self):
        """What amounts count, and the numbers in rising order; none: all writers."""
        axis = "images_a_class" if self.images_a_class else "writers"
        given = getattr(self, axis)
        if not all(number.isascii() and number.isdigit() for number in given):
            raise InputError(
                f"--{axis}={','.join(given)}: give whole numbers, such as 1,3,10."
            )
        return axis, sorted(set(map(int, given)))

    def derived(self):
        interval = None
        if self.steps is not None:
            group = self.steps_per_execution
            interval = -(-self.steps // (INTERVALS * group)) * group
        real_share = 0.0 if self.preset == "original" else 0.5
        return super().derived() | {"interval": interval, "real_share": real_share}

    def check(self):
        super().check()
        if self.preset == "original" and self.real_share:
            raise InputError("--preset=original takes no --real_share; leave it out.")
        if self.writers and self.images_a_class:
            raise InputError("Give either --writers or --images_a_class.")
        _ = self.amounts
        data.parse_augmentations(self.augment)
        if self.generators["generator"]:
            return
        rules = rules_of(type(self))
        for name in rules_of(WritingSettings):
            if getattr(self, name) != rules[name].default:
                raise InputError(
                    f"--{name} is about the sets that --generator writes; give one, or "
                    "leave the flag out."
                )


def main(settings):
    if settings.processes > 1:
        gain.share_accelerator()
    output = pathlib.Path(settings.output)
    settings = settings.replace(cache=settings.cache or str(output / "cache"))
    samples = gain.samples_of(settings)
    settings, notes = samples.settings(settings, output), samples.notes
    gain.check_rivals(settings, samples.characters)
    axis, numbers = settings.amounts
    numbers = numbers or [len({sample.writer for sample in samples.train})]
    divide = gain.by_images if axis == "images_a_class" else gain.by_writers
    parts = divide(samples.train, numbers)
    arms = gain.choose_arms(settings)
    shared = settings.values() | {"batch_size": None, "writer_pattern": None}
    write = functools.partial(flags.call, generate, shared)
    sets = gain.GeneratedSets(settings, axis, write)
    sets.check(parts)
    print(*notes, sep="\n", end="\n" * bool(notes))

    with locked_folder(output, "--output"), writable(output, "--output"):
        request = gain.request(settings, samples, axis)
        defaults = {f"--{n}": rule.default for n, rule in rules_of(Settings).items()}
        output_folder.claim(output, request, defaults)
        config = training.configuration("augmentation_gain", settings)
        write_json(output / "config.json", config)
        samples.write(settings)
        images = gain.prepare(settings, output, samples, parts, sets, arms)
        jobs, left_out = gain.jobs_of(
            settings, output, arms, images, train_classifier.Settings
        )
        test_set = TestSet.among(settings.values())
        gain.train_all(jobs, train_classifier.main, test_set, settings)
        path = gain.write_results(
            output, jobs, arms, axis, notes + left_out, gain.test_images(test_set)
        )
    print(f"Saved {path}")
    return path


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
