"""python -m experiments.adapt_hand --generator_weights=RUN --fonts=FONTS
    --handwriting=HAND

Adapts a trained generator to a new hand, by 1 to about 20 images of it, in minutes.
Only a small part of the generator learns (--part). Of five images or more a fifth of
the characters is held out: the training ends when they are written no better, and the
best generator is kept, which may be the given one. HAND is a manifest, or a folder of
images named by character (あ_2.png). Writes generator.keras into the run folder, and
prints the loss of the held-out images before and after.
"""

import dataclasses
import shutil

from hwgen_keras import data, files, generation, inputs, models, training
from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import FormSettings
from hwgen_keras.inputs.settings import Fonts, Handwriting, Images, Structures
from hwgen_keras.settings import setting
from hwgen_keras.training.settings import GeneratorTraining, HandTraining, trained

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(Fonts, Handwriting, Images, Structures, FormSettings),
    *(GeneratorTraining, HandTraining),
):
    """Settings of the adaptation of a generator to a hand."""

    DEFAULTS = {
        None: {"image_size": 64, "batch_size": 8, "steps": 200}
        | {"learning_rate": 1e-3, "schedule": "cosine"}
    }
    generator_weights: str = trained("generator", "generator.keras", True)
    clip_weights: str | None = trained("CLIP", "clip.keras")
    writer: str | None = setting(
        None,
        "Writer whose images of --handwriting to learn, if they are by several.",
    )
    part: str = setting(
        "modulation",
        "What learns: scales and shifts of features (few weights, the same code of a "
        "hand); the head of the style encoder; the last level; or everything.",
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
        generator = models.load_trained(
            weights, kinds, flag, "generator.keras", settings.image_size
        )
        if isinstance(generator, models.StrokeWriter):
            raise InputError(
                f"{flag}: {weights} is a stroke writer, which is shown a hand instead: "
                "give it with --handwriting to specimen or generate."
            )
        models.check_stride(settings.image_size, generator.stride)
        return adapt(run, models.with_policy(generator, settings.dtype_policy), jit)


def adapt(run, generator, jit):
    """Trains a part of a generator in a run folder; returns generator.keras."""
    settings = run.settings
    store = load_store(settings)
    tokenizer = generation.writing.tokenizer_for(settings, generator, store.characters)
    run.record(Knowledge(store.characters, tokenizer))
    known, held = training.divide(store, settings.seed)
    sampler = training.hand_pairs(
        settings, store, known, tokenizer, generator.condition
    )
    model, learning, draw_probes = training.hand_training(settings, generator, jit)
    print(
        f"{settings.part}: {learning:,} of {generator.count_params():,} weights learn "
        f"from {len(known)} images; {len(held)} are held out.",
        flush=True,
    )
    names = "".join(store.characters[k] for k in sorted(set(store.labels[held])))
    run.note(weights=learning, known=len(known), held_out=names)
    watchers = []
    if len(held):
        batch = training.held_out_batch(
            *(store, known, held, tokenizer, settings.seed, generator.condition)
        )
        watchers = [training.HeldOut(run, batch, settings.patience)]
        watchers[0].begin(model)
    # TensorFlow would start a pipeline slower than so few images are read.
    training.fit_generator(
        *(run, model, sampler.store, sampler, settings.steps, draw_probes),
        extra=watchers,
        kind="python",
    )
    return finish(run, model, *watchers)


def load_store(settings):
    """The glyphs of the fonts, and the images by the hand."""
    inputs.check_given(settings, ("fonts",))
    hand = inputs.load_hand(
        *(settings, settings.handwriting, settings.writer, "--handwriting"),
        inputs.load_characters(settings),
    )
    fonts = inputs.load_store(settings, fonts=settings.fonts)
    return data.ImageStore.merge([fonts, hand])


def finish(run, model, watcher=None):
    """Saves the generator, the best one if images are held out, and reports losses."""
    path, settings = run.folder / "generator.keras", run.settings
    if watcher is None:
        run.save(model.generator, path.name)
        print(f"Saved {path}; of so few images none was held out to measure it.")
        return path
    losses, best = watcher.results["losses"], watcher.results["best"]
    interval = training.interval_of(settings, settings.steps)
    measured = {
        "held_out_before": losses[0],
        "held_out_after": losses[best],
        "best_step": min(best * interval, settings.steps),
    }
    run.write_json("metrics.json", measured)
    with run.writable(), files.complete_file(path) as partial:
        shutil.copyfile(run.folder / "best.keras", partial)
    change = 100 * (losses[best] / losses[0] - 1)
    if best:
        print(
            f"Loss of the held-out images: {losses[0]:.4f} before, {losses[best]:.4f} "
            f"after {measured['best_step']} steps ({change:+.1f} %). Saved {path}"
        )
    else:
        print(
            f"The held-out images were written best before ({losses[0]:.4f}, then "
            f"{min(losses[1:]):.4f} at best): {path} is the given generator."
        )
    return path


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
