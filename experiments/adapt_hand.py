"""python -m experiments.adapt_hand --generator_weights=RUN --fonts=FONTS
    --handwriting=HAND

Teaches a trained generator one more hand, from 1 to some 20 images of it, in minutes:
glyphs of the fonts and other images by the hand go in, the hand's images should come
out. Only a small part of the generator learns (--part). Of five images or more a fifth
of the characters is held out: the training ends when they are written no better, and
the best generator so far is kept, which may be the given one. HAND is a manifest, or a
folder of images named by character (あ_2.png). Writes generator.keras into the run
folder, and prints what the hand's held-out images cost before and after.
"""

import math

from hwgen_keras.generation import writing

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *("generator_weights", "clip_weights", "fonts", "handwriting", "characters"),
    *("skip_unknown_characters", "writer_pattern", "structure_file", "image_size"),
    "cache",
    *(flag for flag in TRAINING if flag not in ("size", "distribute")),
)
EXTRA = {
    "follow_forms": writing.EXTRA["follow_forms"],
    "writer": (
        common.flags.DEFINE_string,
        None,
        "Whose images of --handwriting to learn, where they are by several writers.",
    ),
    "part": (
        common.flags.DEFINE_enum,
        "modulation",
        ["modulation", "style", "decoder", "all"],
        "What learns: scales and shifts of features (few weights, the same code of a "
        "hand); the head of the style encoder; the last level; or everything.",
    ),
    "pixel_weight": (
        common.flags.DEFINE_float,
        10.0,
        "Weight of the difference of pixels beside the perceptual distance, "
        "which --clip_weights adds; of AdaIN generators.",
    ),
    "patience": (
        common.flags.DEFINE_integer,
        5,
        "Intervals in which held-out images are written no better that end the "
        "training.",
    ),
}
DEFAULTS = {
    None: {
        "image_size": 64,
        "batch_size": 8,
        "steps": 200,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    }
}


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import GENERATORS, load_trained, with_policy
    from hwgen_keras.training import recipes
    from hwgen_keras.training import run as training

    common.complete(options, DEFAULTS)
    common.check_positive(
        *(options, "image_size", "batch_size", "steps", "learning_rate"),
        *("pixel_weight", "patience"),
    )
    recipes.check_schedule(options, plateau=False)
    if options.generator_weights is None:
        raise InputError("--generator_weights is needed: what learns the hand.")
    with training.Run("adapt_hand", options) as run:
        path = run.folder / "generator.keras"
        if path.exists():
            print(f"The hand is learnt already. {path}")
            return path
        jit = common.set_up(options)
        generator = load_trained(
            options.generator_weights,
            GENERATORS,
            "--generator_weights",
            "generator.keras",
        )
        recipes.check_stride(options.image_size, generator.stride)
        return adapt(run, with_policy(generator, options.dtype_policy), jit)


def adapt(run, generator, jit):
    """Trains a part of a generator in a run folder; returns generator.keras."""
    from hwgen_keras.data import feed
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.training import held_out, recipes
    from hwgen_keras.training import run as training

    options = run.options
    store = load_store(options)
    recipes.check_condition(generator, store.characters)
    tokenizer = None
    if "tokens" in generator.input_names:
        tokenizer = inputs.load_tokenizer(options, store.characters)
    known, held = held_out.divide(store, options.seed)
    sampler = pairs(store, known, tokenizer, options)
    model, learning = trainer(options, generator, jit)
    print(
        f"{options.part}: {learning:,} of {generator.count_params():,} weights learn "
        f"from {len(known)} images; {len(held)} are held out.",
        flush=True,
    )
    run.note(weights=learning, known=len(known), held_out=_names(store, held))

    def make_feed(first, steps):
        # So few images are read faster than a pipeline of TensorFlow is made.
        return feed(
            sampler.store, sampler, options.batch_size, steps, first, kind="python"
        )

    draw = probe_sheet(generator)(feed(sampler.store, sampler, 12, 1, kind="python")[0])
    extra = []
    if len(held):
        batch = held_out.held_out_batch(store, known, held, tokenizer, options.seed)
        extra.append(held_out.HeldOut(run, batch, options.patience))
        extra[0].begin(model)
    training.fit(run, model, make_feed, draw, extra=extra)
    return finish(run, model, *extra)


def finish(run, model, watcher=None):
    """Saves the generator, the best one where that is known, and tells its worth."""
    import shutil

    from hwgen_keras.files import complete_file

    path = run.folder / "generator.keras"
    if watcher is None:
        run.save(model.generator, path.name)
        print(
            f"Saved {path}; with so few images none was held out: look at what it "
            "writes."
        )
        return path
    losses, best = watcher.found["losses"], watcher.found["best"]
    measured = {
        "held_out_before": losses[0],
        "held_out_after": losses[best],
        "best_step": min(best * run.options.interval, run.options.steps),
    }
    run.write_json("metrics.json", measured)
    with run.writable(), complete_file(path) as partial:
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


def load_store(options):
    """The glyphs of the fonts, and the images by the hand."""
    from hwgen_keras.data import ImageStore
    from hwgen_keras.inputs import hands
    from hwgen_keras.inputs import loading as inputs

    inputs.check_given(options, ("fonts",))
    characters = inputs.load_characters(options)
    hand = hands.load_hand(
        options, options.handwriting, options.writer, "--handwriting", characters
    )
    fonts = inputs.load_store(options, ("fonts",), handwriting=False)
    return ImageStore.merge([fonts, hand])


def pairs(store, known, tokenizer, options):
    """The sampler of the training: any font, another image by the hand, the image.

    A hand of a single character has no other: the image itself is then the style.
    """
    import numpy as np

    from hwgen_keras.data import FONT, PairSampler
    from hwgen_keras.data.steps import ANY_FONT, HANDWRITING, Images, Step

    fonts = np.flatnonzero(store.kinds == FONT)
    several = len(np.unique(store.labels[known])) > 1
    return PairSampler(
        store.select(np.concatenate([fonts, known])),
        Step(content=Images((ANY_FONT,)), style=Images((HANDWRITING,))),
        tokenizer,
        seed=options.seed,
        style_reference="writer" if several else "target",
        follow_forms=options.follow_forms,
    )


def trainer(options, generator, jit):
    """The compiled training of a part of a generator, and how many weights learn."""
    import keras

    from hwgen_keras.models import (
        CLIP,
        Diffusion,
        DiffusionGenerator,
        EncoderFeatures,
        Reconstruction,
        load_trained,
        train_only,
        with_policy,
    )
    from hwgen_keras.training import recipes

    policy = options.dtype_policy
    if isinstance(generator, DiffusionGenerator):
        model = Diffusion(generator, dtype=policy)
    else:
        features = None
        if options.clip_weights is not None:
            clip = options.clip_weights
            clip = load_trained(clip, CLIP, "--clip_weights", "clip.keras")
            encoder = with_policy(clip.image_tower.encoder, policy)
            features = EncoderFeatures(encoder, dtype=policy)
        model = Reconstruction(generator, features, options.pixel_weight, dtype=policy)
    model.build()
    chosen = train_only(generator, options.part)
    model.compile(
        optimizer=keras.optimizers.Adam(
            recipes.scheduled(options), **recipes.adam_arguments(options)
        ),
        jit_compile=jit,
        steps_per_execution=options.steps_per_execution,
    )
    return model, sum(math.prod(variable.shape) for variable in chosen)


def probe_sheet(generator):
    """The pictures of probes that the generator's own training shows."""
    from hwgen_keras.models import DiffusionGenerator

    from . import train_diffusion, train_generator

    diffusion = isinstance(generator, DiffusionGenerator)
    return (train_diffusion if diffusion else train_generator).probe_sheet


def _names(store, indices):
    return "".join(store.characters[k] for k in sorted(set(store.labels[indices])))


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
