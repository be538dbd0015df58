"""Settings of a training: optimizer, precision, run folder, logs and checkpoints."""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import (
    Handwriting,
    Images,
    ReferenceFont,
    SimulatedWriters,
    Structures,
)
from hwgen_keras.settings import EXTENT, NOTHING, Seed, Settings, Size, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Precision(Settings):
    """Precision and compilation."""

    dtype_policy: str = setting(
        "float32",
        "Keras dtype policy.",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit_compile: bool | None = setting(
        None, "Compile the step with XLA; default: on JAX only."
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimization(Settings):
    """Batches, steps and learning rates."""

    batch_size: int = setting(None, "Images, or pairs, in a batch.", above=0)
    steps: int | None = setting(
        None,
        "Optimiser steps; default of base: as many as the paper's epochs.",
        changes=EXTENT,
        above=0,
    )
    learning_rate: float = setting(None, "Adam's learning rate.", above=0)
    schedule: str = setting(
        None,
        "The learning rate stays as it is (constant), falls to 0 along half a cosine "
        "over --steps (cosine), or falls when the loss does not (plateau, published "
        "for text encoder and CLIP).",
        choices=("constant", "cosine", "plateau"),
    )
    warmup_steps: int = setting(
        0,
        "Steps in which the learning rate rises from 0; they count to --steps. 0 as "
        "published.",
        at_least=0,
    )
    clip_norm: float | None = setting(
        None,
        "Longest gradient of a network (of all its weights together); a longer one is "
        "shortened to it. Default: as published, none.",
        above=0,
    )
    accumulate: int = setting(
        1,
        "Batches whose gradients are averaged for one update; --steps and the "
        "schedule count batches. Batch normalisation sees single batches.",
        above=0,
    )

    def check(self) -> None:
        super().check()
        if self.schedule == "plateau" and self.warmup_steps:
            raise InputError(
                "--schedule=plateau takes no --warmup_steps; use constant or cosine."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorTraining(Optimization):
    """`Optimization` of a generator, without the schedule `plateau`."""

    def check(self) -> None:
        super().check()
        if self.schedule == "plateau":
            raise InputError(
                "--schedule=plateau waits for a loss to stop falling, which says "
                "nothing of a generator; use constant or cosine."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Intervals(Settings):
    """Intervals of logs, pictures and checkpoints."""

    interval: int | None = setting(
        None,
        "Steps between two log entries, pictures and checkpoints; default: a "
        "twentieth of the run, from 10 to 1000.",
        changes=NOTHING,
        above=0,
    )
    steps_per_execution: int = setting(
        1,
        "Steps that TensorFlow or JAX runs before control returns to Python; "
        "--interval must be a multiple of it.",
        at_least=1,
    )
    profile: str | None = setting(
        None,
        "FIRST:LAST, steps to record a profile of, such as 20:25; it goes to "
        "logs/plugins/profile of the run folder.",
        changes=NOTHING,
    )
    checkpoint_minutes: float = setting(
        10.0,
        "Longest time between two checkpoints, beside those at every --interval; 0: "
        "these alone.",
        changes=NOTHING,
        at_least=0,
    )
    keep_checkpoints: int = setting(
        2, "How many of the last checkpoints to keep.", changes=NOTHING, above=0
    )
    best_metric: str | None = setting(
        None,
        "Keep the checkpoint with the best value of this metric of history.jsonl, too: "
        "the lowest, or of an accuracy the highest. Default: none.",
        changes=NOTHING,
    )
    max_nonfinite: int = setting(
        3,
        "Intervals in a row whose loss is not a finite number, though all weights are, "
        "that end a run; weights that are not end it at once.",
        changes=NOTHING,
        above=0,
    )

    @property
    def profiled_steps(self) -> tuple[int, int] | None:
        """(First step, last step) to profile, or None; InputError if it is no range."""
        if self.profile is None:
            return None
        first, colon, last = self.profile.partition(":")
        # int() also accepts signs, spaces and underscores.
        numbers = [int(n) for n in (first, last) if n.isascii() and n.isdigit()]
        if not colon or len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1]:
            raise InputError(
                f"--profile={self.profile}: write it as FIRST:LAST, two numbers of "
                "steps from 1, such as 20:25."
            )
        return numbers[0], numbers[1]

    def check(self) -> None:
        super().check()
        group, _ = self.steps_per_execution, self.profiled_steps
        if group > 1 and backend() == "torch":
            raise InputError(
                f"--steps_per_execution={group} needs TensorFlow or JAX; PyTorch runs "
                "one step at a time, leave the flag out."
            )
        if self.interval is not None and self.interval % group:
            raise InputError(
                f"--interval={self.interval} must be a multiple of "
                f"--steps_per_execution={group}; give "
                f"{-(-self.interval // group) * group}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFolder(Settings):
    """The run folder."""

    run_dir: str | None = setting(
        None, "Folder of this run; default: runs/<script>/<number>.", changes=NOTHING
    )
    resume: bool = setting(
        False,
        "Continue the run in --run_dir as if it had never stopped.",
        changes=NOTHING,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distribution(Settings):
    """The devices of a training."""

    distribute: str = setting(
        "none",
        "Train on one device, or let all devices share the rows of each batch "
        "(TensorFlow, JAX); --batch_size counts the rows of all of them.",
        changes=NOTHING,
        choices=("none", "data"),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class HandTraining(Seed, Precision, Optimization, Intervals, RunFolder):
    """Settings of a training of any size, on one device."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training(Size, HandTraining, Distribution):
    """Settings of every script that trains a new model."""


def backend() -> str:
    """The name of Keras's backend, which loads Keras."""
    import keras

    return keras.backend.backend()


# A copy of the augmentations' names, since --help must not load `hwgen_keras.data`.
AUGMENTATIONS = (
    "affine (turned, sheared, scaled, moved), perspective (seen from the side), "
    "elastic (bent), stroke (thinner or broader), binarise (half of the images black "
    "and white), gridmask (squares of paper), cutout (a rectangle of paper), erasing "
    "(a rectangle of noise), randaugment (two of them, drawn for each image); or none. "
    "docs/augmentations.png shows them"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Augmentation(Settings):
    """Random changes of training images."""

    augment: str = setting(
        "none", f"Augmentations, joined by commas: {AUGMENTATIONS}.", empty=True
    )


IMAGENET = "imagenet"
# As in `hwgen_keras.models.imagenet`, which loads Keras.
_WEIGHT_FILES = (".h5", ".safetensors", ".npz")


@dataclasses.dataclass(frozen=True, kw_only=True)
class InitialWeights(Size):
    """The weights that the ResNet of an image encoder begins with."""

    initial_weights: str | None = setting(
        None,
        "Begin with these weights of ImageNet: `imagenet` (those of Keras, which are "
        "downloaded) or a file, of Keras without the top (.h5) or in the layout of "
        "torchvision and timm (.safetensors, .npz). For --size=base alone; default: "
        "random weights.",
    )

    def check(self) -> None:
        super().check()
        weights = self.initial_weights
        if weights is None:
            return
        if self.size != "base":
            raise InputError(
                f"--initial_weights is for a ResNet, and --size={self.size} has none; "
                "give --size=base, or leave it out."
            )
        if weights != IMAGENET and not weights.lower().endswith(_WEIGHT_FILES):
            raise InputError(
                f"--initial_weights={weights}: give `imagenet`, or a file whose name "
                f"ends in {', '.join(_WEIGHT_FILES)}."
            )


def trained(what: str, file: str, required: bool = False):
    """The setting of a trained network: its file, or its run folder."""
    return setting(
        None, f"Trained {what}: {file}, or its run folder.", required=required
    )


# The generator's training stages, in order; also the names of their folders.
STAGES = ("step1", "step2", "step3", "step_end")
# {short name of a condition: its class among `hwgen_keras.layers`}.
CONDITIONS = {"embedding": "EmbeddingCondition", "clip": "CLIPCondition"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class CharacterCondition(Settings):
    """The condition of a diffusion model on the character."""

    clip_weights: str | None = trained("CLIP, for --condition=clip", "clip.keras")
    condition: str = setting(
        "clip",
        "The model's condition besides the glyph: none, a learned embedding of the "
        "character, or CLIP's embedding of its structure.",
        choices=("none", *CONDITIONS),
    )
    drop_condition: float = setting(
        0.1, "Share of rows without the character, for guidance.", at_least=0, below=1
    )

    def check(self) -> None:
        super().check()
        if self.condition == "clip" and self.clip_weights is None:
            raise InputError(
                "--clip_weights is needed for --condition=clip; --condition=embedding "
                "and none do without."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stages(
    ReferenceFont,
    Handwriting,
    SimulatedWriters,
    Images,
    Structures,
    GeneratorTraining,
    Training,
):
    """Settings of all generators' trainings."""

    stage: str = setting(
        "all",
        "Which of the four training stages; --steps counts for each of them.",
        choices=(*STAGES, "all"),
        alias="step",
    )
    ema: float | None = setting(
        None,
        "Momentum of the moving average of the generator's weights, which is what is "
        "shown and saved; 0: none. Default of tiny and small: 1 - 4 / steps, an "
        "average over the last quarter of the run.",
        at_least=0,
        below=1,
    )
    style_reference: str = setting(
        "target",
        "The style image: the target itself, as published, or another character by "
        "the same hand.",
        choices=("target", "writer"),
    )
    follow_forms: bool | None = setting(
        None,
        "Whether the content image is bent by how the hand of the target leans and "
        "stretches characters more than its own, as generate does it; default of "
        "--style_reference=writer.",
    )
    generator_weights: str | None = trained("generator", "generator.keras")
    from_scratch: bool = setting(
        False,
        "Let step2, step3 or step_end begin with new networks where no weights of the "
        "stage before are given.",
    )

    def derived(self):
        # An average over a quarter of the run; see docs/explanation/quality.md.
        ema = 0.0 if self.steps is None else max(0.0, 1 - 4 / self.steps)
        follow_forms = self.style_reference == "writer"
        return super().derived() | {"ema": ema, "follow_forms": follow_forms}
