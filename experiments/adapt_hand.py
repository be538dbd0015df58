"""python -m experiments.adapt_hand --generator_weights=RUN --fonts=FONTS
    --handwriting=HAND
python -m experiments.adapt_hand --generator_weights=WRITER --handwriting=HAND

Adapts a trained generator to a new hand, by 1 to about 20 images of it, in minutes.
Only a small part of the generator learns (--part). Of five images or more a fifth of
the characters is held out: the training ends when they are written no better, and the
best generator is kept, which may be the given one. HAND is a manifest, or a folder of
images named by character (あ_2.png). Writes generator.keras into the run folder, and
prints the loss of the held-out images before and after.
A stroke writer needs no fonts: it learns from strokes fitted to the images, or from the
stroke store of --strokes, and beside them from other writers.
"""

import dataclasses

from hwgen_keras import generation, models, training
from hwgen_keras.generation.settings import FormSettings, WriterSettings
from hwgen_keras.inputs.settings import (
    Fonts,
    Handwriting,
    Images,
    SimulatedWriters,
    Structures,
)
from hwgen_keras.settings import like, setting
from hwgen_keras.training.settings import (
    GeneratorTraining,
    HandTraining,
    Optimization,
    trained,
)

from . import flags, hands

# Settings without a value: of generators of images, and of stroke writers.
OF_IMAGES = {"part": "modulation", "batch_size": 8, "steps": 200, "learning_rate": 1e-3}
OF_WRITERS = {"part": "all", "batch_size": 32, "steps": 300, "learning_rate": 3e-4}

IMAGES_ALONE = ("clip_weights", "pixel_weight", "follow_forms")
WRITERS_ALONE = ("strokes", "simulated_writers", "own_share")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(Fonts, Handwriting, Images, Structures, FormSettings),
    *(GeneratorTraining, HandTraining),
):
    """Settings of the adaptation of a generator to a hand."""

    DEFAULTS = {None: {"image_size": 64, "schedule": "cosine"}}
    batch_size: int | None = like(
        Optimization,
        "batch_size",
        help="Images, or tracks, in a batch; default: 8, of a stroke writer 32.",
    )
    steps: int | None = like(
        Optimization,
        "steps",
        help="Optimiser steps; default: 200, of a stroke writer 300.",
    )
    learning_rate: float | None = like(
        Optimization,
        "learning_rate",
        help="Adam's learning rate; default: 0.001, of a stroke writer 0.0003.",
    )
    generator_weights: str = trained("generator", "generator.keras", True)
    clip_weights: str | None = trained("CLIP", "clip.keras")
    writer: str | None = setting(
        None,
        "Writer whose images of --handwriting, or tracks of --strokes, to learn, if "
        "they are by several.",
    )
    strokes: tuple[str, ...] = like(
        WriterSettings,
        "strokes",
        help="Stroke stores for a stroke writer, joined by commas: the hand's, if "
        "there is no --handwriting; all others in them are learned beside it.",
    )
    simulated_writers: int = like(
        SimulatedWriters,
        "simulated_writers",
        default=30,
        help="Number of simulated writers that a stroke writer learns beside the hand, "
        "so that it does not forget what others write.",
    )
    own_share: float = setting(
        0.5,
        "Share of the rows that the hand gives, where other writers are learned, too.",
        above=0,
        below=1,
    )
    part: str | None = setting(
        None,
        "What learns: scales and shifts of features (few weights, the same code of a "
        "hand); the head of the style encoder; the last level; or everything. Default: "
        "modulation, of a stroke writer all.",
        choices=("modulation", "style", "decoder", "all"),
    )
    pixel_weight: float = setting(
        10.0,
        "Weight of the difference of pixels, of AdaIN generators; --clip_weights adds "
        "a perceptual distance.",
        above=0,
    )
    patience: int = setting(
        5,
        "Intervals in which held-out images are written no better that end the "
        "training.",
        above=0,
    )


def main(settings):
    settings = training.resumed(settings)
    with training.Run("adapt_hand", settings) as run:
        path = run.folder / "generator.keras"
        if path.exists():
            print(f"{path} is adapted already.")
            return path
        jit = training.set_up(settings)
        weights, flag = settings.generator_weights, "--generator_weights"
        kinds = *models.GENERATORS, models.StrokeWriter
        size, writing = settings.image_size, generation.writing
        generator = models.load_trained(weights, kinds, flag, "generator.keras", size)
        if isinstance(generator, models.StrokeWriter):
            generation.sampling.check_unconditioned(generator, f"{flag}: {weights}")
            writing.check_images_flags(settings, IMAGES_ALONE, generator)
            adapt, defaults = hands.adapt_writer, OF_WRITERS
        else:
            writing.check_flags(settings, WRITERS_ALONE, "a stroke writer", generator)
            models.check_stride(size, generator.stride)
            adapt, defaults = hands.adapt_generator, OF_IMAGES
        lacking = {n: v for n, v in defaults.items() if getattr(settings, n) is None}
        run.settings = settings.replace(**lacking)
        return adapt(run, models.with_policy(generator, settings.dtype_policy), jit)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
