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

from hwgen_keras import evaluation, inputs
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.tables import format_cell
from hwgen_keras.files import write_json
from hwgen_keras.inputs.settings import LabelledImages, Structures
from hwgen_keras.settings import Output, Size, by_size, named_values, rules_of, setting
from hwgen_keras.training.settings import Precision, trained

from . import flags, study, train_generator

# Key in study.json, heading, digits.
MEASURES = (
    ("read", "Read %", 1),
    ("confidence", "Confidence %", 1),
    ("distance", "Distance to the hand", 2),
    ("spread", "Spread", 2),
    ("ink", "Ink", 2),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LabelledImages, Structures, Size, Precision, Output):
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
        "--stage=step_end --from_scratch",
        "Flags of train_generator for every arm.",
        empty=True,
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
    """Trains the generator of an arm, resumes its training, or finds it complete."""
    product = run / "generator.keras"
    if product.exists():
        return
    known = rules_of(train_generator.Settings)
    shared = {name: v for name, v in settings.values().items() if name in known}
    arguments = []
    for name, value in {**shared, "seed": seed}.items():
        values = value if isinstance(value, list) else [value]
        arguments += [f"--{name}={v}" for v in values if v is not None]
    arguments += [*shlex.split(settings.common_flags), *arm]
    run.parent.mkdir(parents=True, exist_ok=True)
    log = run.with_name(f"{run.name}.log")
    with open(log, "ab") as file:
        code = flags.train("train_generator", arguments, run, file)
    # A training that SIGTERM ended has saved its state and ends with 0.
    if code or not product.exists():
        lines = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
        raise InputError(f"The training {run} ended with {code}: {lines[-1]}")


def report(settings, results, hands):
    """Writes and prints the table of means and deviations over the seeds.

    `results` are {arm: measures of each seed}, `hands` those of real handwriting.
    """
    values = {
        **{n: getattr(settings, n) for n in ("steps", "image_size", "common_flags")},
        "arms": {name: shlex.join(arm) for name, arm in settings.arms.items()},
        "results": results,
        "hands": hands,
    }
    file = pathlib.Path(settings.output, "study.json")
    write_json(file, values)
    rows = [
        [name, *(cell(measured, *m) for m in MEASURES)]
        for name, measured in {**results, "the hands": [hands]}.items()
    ]
    header = ["Arm", *(heading for _, heading, _ in MEASURES)]
    print(evaluation.text_table(header, rows))
    print(f"Saved {file}")
    return values


def cell(measured, name, heading, digits):
    """Mean and deviation of a measure over the seeds, as text."""
    values = [row[name] for row in measured if name in row]
    if not values:
        return ""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return format_cell((statistics.fmean(values), deviation), digits)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
