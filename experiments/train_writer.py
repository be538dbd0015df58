"""python -m experiments.train_writer --simulated_writers=300 --strokes=STORE

Trains the stroke writer: a generator that writes the strokes of KanjiVG in the hand it
is shown, crisp at any size. It learns from simulated writers, and from the stroke
stores of --strokes. Some writers are held out (--held_out_writers): the pictures show
characters in their hands, and held_out_loss is that of their tracks. Writes
generator.keras into the run folder, and best.keras, which held-out hands found best.
"""

import dataclasses

import numpy as np

from hwgen_keras import data, evaluation, inputs, models, training
from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Characters, SimulatedWriters
from hwgen_keras.settings import Size, by_size, like, setting
from hwgen_keras.training.settings import (
    CharacterCondition,
    GeneratorTraining,
    HandTraining,
    trained,
)

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(Characters, SimulatedWriters, CharacterCondition, GeneratorTraining),
    *(Size, HandTraining),
):
    """Settings of the training of a stroke writer."""

    DEFAULTS = by_size(
        batch_size=(8, 96, 128),
        steps=(100, 6000, 60000),
        learning_rate=(1e-3, 1e-3, 3e-4),
        schedule=("cosine", "cosine", "cosine"),
    )
    characters: str = like(Characters, "characters", default="japanese")
    strokes: tuple[str, ...] = setting(
        (), "Stroke stores of handwriting, joined by commas.", separator=","
    )
    strokes_share: float = setting(
        0.5,
        "Share of the rows that --strokes gives, where there are simulated writers, "
        "too.",
        above=0,
        below=1,
    )
    variation: float = setting(
        0.0,
        "How much each drawn hand becomes another one, with other proportions, slant "
        "and width; 1: about as much as simulated writers differ.",
        at_least=0,
    )
    mixed_hands: float = setting(
        0.0,
        "Share of the drawn hands that become a hand between two, where another one "
        "wrote the same characters.",
        at_least=0,
        at_most=1,
    )
    held_out_every: int = setting(
        0,
        "Every so many-th kanji of --characters is not learned from; 0: none is left "
        "out.",
        at_least=0,
    )
    condition: str = like(CharacterCondition, "condition", default="none")
    generator_weights: str | None = trained(
        "stroke writer, from which to go on", "generator.keras"
    )
    characters_each: int = setting(
        150, "Characters of each simulated writer, drawn from --characters.", above=1
    )
    held_out_writers: int = setting(
        8, "Writers that nothing is learned from; simulated ones.", above=0
    )
    points: int = setting(24, "Points of a line.", at_least=12)
    pairs: int = setting(
        64, "Strokes of its hand that a character is shown, at most.", above=0
    )
    samples: int = setting(
        20, "Characters of its hand that these are of, at most.", above=0
    )
    drop_hand: float = setting(
        0.1,
        "Share of rows without a hand, for guidance and for writing in no hand.",
        at_least=0,
        below=1,
    )
    noise_schedule: str = setting(
        "cosine", "How noise grows with time in training.", choices=("cosine", "linear")
    )
    parameterization: str = setting(
        "velocity", "What the network predicts.", choices=("velocity", "noise", "image")
    )
    min_snr_gamma: float = setting(
        0.0,
        "Signal-to-noise ratios above this one weigh as much as it; 0: every row of a "
        "batch weighs the same.",
        at_least=0,
    )
    ema: float | None = setting(
        None,
        "Momentum of the moving average of the weights, which is what is shown and "
        "saved; 0: none. Default: 1 - 10 / steps, an average over the last tenth.",
        at_least=0,
        below=1,
    )

    def derived(self):
        return super().derived() | {"ema": max(0.0, 1 - 10 / self.steps)}

    def check(self):
        super().check()
        if not (self.simulated_writers or self.strokes):
            raise InputError(
                "There is no handwriting: give --simulated_writers a number, or "
                "--strokes a stroke store."
            )


def main(settings):
    settings = training.resumed(settings)
    with training.Run("train_writer", settings) as run:
        path = run.folder / "generator.keras"
        if path.exists():
            print(f"{path} is trained already.")
            return path
        return train(run, training.set_up(settings))


def train(run, jit):
    """Trains a writer in a run folder; returns generator.keras."""
    settings = run.settings
    store, weights, held = load_tracks(settings)
    kind = {"pairs": settings.pairs, "samples": settings.samples, "seed": settings.seed}
    kind |= training.track_condition(settings, store.characters)
    run.record(Knowledge(store.characters, kind.get("tokenizer")))
    sampler = data.TrackSampler(
        *(store, settings.batch_size),
        weights=weights,
        variation=settings.variation,
        mixed_hands=settings.mixed_hands,
        **kind,
    )
    held = data.TrackSampler(held, settings.batch_size, **kind)
    print(f"Training on {store!r}", flush=True)
    model = training.stroke_diffusion(settings, sampler, settings.steps, jit)
    shown = training.probes_of(held, training.first_of_each_hand(held, 16))
    probes = training.track_probes(shown)

    def draw(model):
        return evaluation.contact_sheet(probes(model), blocks=2)

    watcher = training.HeldOut(run, held.batch(0), None)
    watcher.begin(model)
    training.fit(
        run,
        model,
        lambda first, steps: training.TrackFeed(sampler, first, steps),
        settings.steps,
        draw,
        extra=[watcher],
    )
    models.take_averages(model)
    return run.finish(model.generator, "generator.keras")


def load_tracks(settings):
    """The tracks to learn from, their weights, and the tracks of held-out writers."""
    characters = inputs.load_characters(settings)
    learned = training.learned_characters(characters, settings.held_out_every)
    common = settings.characters_each, settings.points, settings.seed
    stores = [
        training.open_strokes(path, learned, settings.points)
        for path in settings.strokes
    ]
    counts, share = [sum(map(len, stores))], settings.strokes_share
    if settings.simulated_writers:
        writers = range(settings.simulated_writers)
        stores.append(data.simulated_tracks(writers, learned, *common))
        counts.append(len(stores[-1]))
    # Without one of the two kinds the other's share does not matter.
    weights = np.repeat([share, 1 - share][: len(counts)], counts)
    weights = weights / np.repeat(np.maximum(counts, 1), counts)
    first = training.HELD_OUT_WRITER
    held = range(first, first + settings.held_out_writers)
    held = data.simulated_tracks(held, characters, *common)
    stores = [store.relabel(characters) for store in stores]
    return data.StrokeStore.merge(stores), weights, held


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
