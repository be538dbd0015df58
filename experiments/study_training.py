"""python -m experiments.study_training --fonts=FONTS --handwriting=MANIFEST
    --clip_weights=RUN --reader=RUN --hands=MANIFEST --output=FOLDER
    --arm=published= --arm="averaged=--ema=0.99"

Which settings of the generator's training help? Trains one generator an arm and seed,
has each write every character in the hands of writers it has never seen (--hands),
and lets a recogniser trained on other people (--reader) read what it wrote. Prints a
table and writes it as study.json, with a sheet of images an arm, into the folder.
Interrupted, the same command resumes.
"""

import dataclasses
import pathlib
import shlex
import statistics
import subprocess
import sys

from hwgen_keras import evaluation, inputs, training
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_json
from hwgen_keras.inputs.settings import (
    Fonts,
    Handwriting,
    Images,
    SimulatedWriters,
    Structures,
)
from hwgen_keras.settings import Output, Size, by_size, named_values, rules_of, setting
from hwgen_keras.training.settings import Precision, trained

from . import flags, study, train_generator

# measure: (heading, digits).
MEASURES = {
    "read": ("Read %", 1),
    "confidence": ("Confidence %", 1),
    "distance": ("Distance to the hand", 2),
    "spread": ("Spread", 2),
    "ink": ("Ink", 2),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(Fonts, Handwriting, SimulatedWriters, Images, Structures),
    *(Size, Precision, Output),
):
    """Settings of the study of generator trainings."""

    DEFAULTS = by_size(image_size=(32, 32, 32))
    clip_weights: str = trained("CLIP, for the explicit loss", "clip.keras", True)
    steps: int | None = setting(
        None, "Steps of each training; default: see train_generator.", above=0
    )
    arm: tuple[str, ...] = setting(
        (),
        "NAME=FLAGS: flags of train_generator for this arm; may be empty. Repeat it.",
        required=True,
    )
    common_flags: str = setting(
        "--stage=step_end", "Flags of train_generator for every arm.", empty=True
    )
    seeds: int = setting(3, "Trainings an arm, seeds 0, 1, ...", above=0)
    reader: str = trained("recogniser of other writers", "classifier.keras", True)
    hands: str = setting(
        None,
        "Manifest of writers who are in no training: the styles to imitate.",
        required=True,
    )
    count: int = setting(10, "Images to read of a character.", above=0)

    @property
    def arms(self):
        """{name: list of flags}."""
        arms = named_values("arm", self.arm, "FLAGS", empty=True)
        return {name: shlex.split(values[-1]) for name, values in arms.items()}

    def check(self):
        super().check()
        inputs.check_given(self, ("fonts", "handwriting"))
        _ = self.arms


def main(settings):
    probes = study.Probes(settings)
    folder = pathlib.Path(settings.output)
    results = {}
    for seed in range(settings.seeds):
        for name, arm in settings.arms.items():
            run = folder / f"{name}-{seed}"
            train(settings, run, seed, arm)
            measured = probes.measure(run / "generator.keras", run / "sheet.png")
            print(f"{name}, seed {seed}: {measured}", flush=True)
            results.setdefault(name, []).append(measured)
    return report(settings, results, study.measures(probes.hands))


def train(settings, run, seed, arm):
    """Trains one generator in a process of its own, or resumes its training.

    Args:
        settings: of this script.
        run: the run folder.
        seed: of the training.
        arm: more flags of train_generator, a list.
    """
    if (run / "generator.keras").exists():
        return
    command = [sys.executable, "-m", f"{__package__}.train_generator"]
    known = rules_of(train_generator.Settings)
    shared = {name: v for name, v in settings.values().items() if name in known}
    for name, value in {**shared, "seed": seed, "run_dir": run}.items():
        values = value if isinstance(value, list) else [value]
        command += [f"--{name}={each}" for each in values if each is not None]
    command += [*shlex.split(settings.common_flags), *arm]
    # What failed before its first checkpoint left nothing to resume.
    if training.checkpoint_folders(run / "checkpoints"):
        command.append("--resume")
    run.parent.mkdir(parents=True, exist_ok=True)
    log = run.with_name(f"{run.name}.log")
    with open(log, "ab") as file:
        code = subprocess.run(command, stdout=file, stderr=file).returncode
    # A training that SIGTERM ended has saved its state and ends with 0.
    if code or not (run / "generator.keras").exists():
        lines = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
        raise InputError(f"The training {run} ended with {code}: {lines[-1]}")


def report(settings, results, hands):
    """Writes and prints the table of means and deviations over the seeds.

    Args:
        settings: of this script.
        results: {arm: measures of each seed}.
        hands: measures of what the hands themselves wrote.
    """
    values = {
        "steps": settings.steps,
        "image_size": settings.image_size,
        "common_flags": settings.common_flags,
        "arms": {name: shlex.join(arm) for name, arm in settings.arms.items()},
        "results": results,
        "hands": hands,
    }
    file = pathlib.Path(settings.output, "study.json")
    write_json(file, values)
    rows = [
        [name]
        + [
            cell([each[m] for each in measured if m in each], digits)
            for m, (_, digits) in MEASURES.items()
        ]
        for name, measured in {**results, "the hands": [hands]}.items()
    ]
    header = ["Arm", *(heading for heading, _ in MEASURES.values())]
    print(evaluation.text_table(header, rows))
    print(f"Saved {file}")
    return values


def cell(values, digits):
    """Mean and deviation as text."""
    if not values:
        return ""
    text = f"{statistics.fmean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {statistics.stdev(values):.{digits}f}"
    return text


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
