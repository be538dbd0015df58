"""Pieces of the recipes that more than one script needs."""

import keras
import numpy as np

from experiments.flags.common import check_positive
from hwgen_keras.characters import Knowledge
from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ClassificationSampler,
    feed,
    mixing,
)
from hwgen_keras.data.augment import parse_augmentations
from hwgen_keras.data.feed_python import placed
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import loading as inputs
from hwgen_keras.layers import Condition
from hwgen_keras.training.devices import share
from hwgen_keras.training.profile_flags import check as check_telemetry


def check_schedule(options, plateau=True):
    """Raises InputError unless the flags about the optimizer fit each other.

    Args:
        options: of a script, completed.
        plateau: whether the script can watch a loss.
    """
    check_positive(options, "clip_norm", "accumulate")
    check_telemetry(options)
    if options.warmup_steps < 0:
        raise InputError(f"--warmup_steps is {options.warmup_steps}; give 0 or more.")
    if options.schedule == "plateau":
        if not plateau:
            raise InputError(
                "--schedule=plateau waits for a loss to stop falling, which tells "
                "nothing of a generator; use constant or cosine."
            )
        if options.warmup_steps:
            raise InputError(
                "--schedule=plateau takes no --warmup_steps; use constant or cosine."
            )


def scheduled(options, learning_rate=None):
    """A learning rate for Adam that does over `--steps` what `--schedule` asks for.

    Keras evaluates it at the number of batches seen, with `--accumulate`, too.

    Args:
        options: of a script, with `steps` filled in.
        learning_rate: the highest; default: `--learning_rate`.

    Raises:
        InputError: the warm-up is no shorter than the run.
    """
    if learning_rate is None:
        learning_rate = options.learning_rate
    schedules, warmup = keras.optimizers.schedules, options.warmup_steps
    if warmup >= options.steps:
        raise InputError(
            f"--warmup_steps={warmup} leaves none of --steps={options.steps}; give "
            "fewer."
        )
    if options.schedule == "cosine" and warmup:
        return schedules.CosineDecay(
            0.0,
            options.steps - warmup,
            warmup_target=learning_rate,
            warmup_steps=warmup,
        )
    if options.schedule == "cosine":
        return schedules.CosineDecay(learning_rate, options.steps)
    if warmup:
        # A "decay" from 0 up to the learning rate, which it then keeps.
        return schedules.PolynomialDecay(0.0, warmup, learning_rate)
    return learning_rate


def adam_arguments(options):
    """Arguments of Adam: what `--clip_norm` and `--accumulate` ask for."""
    return {
        "global_clipnorm": options.clip_norm,
        "gradient_accumulation_steps": (
            options.accumulate if options.accumulate > 1 else None
        ),
    }


def compiled(model, options, jit):
    """A classifier, built and compiled with Adam and cross-entropy."""
    model.build()
    loss = keras.losses.SparseCategoricalCrossentropy
    if getattr(options, "mix", "none") != "none":
        loss = keras.losses.CategoricalCrossentropy
    model.compile(
        optimizer=keras.optimizers.Adam(scheduled(options), **adam_arguments(options)),
        loss=loss(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit,
        steps_per_execution=options.steps_per_execution,
    )
    return model


def augmented_sampler(options, store, tokenizer=None, **arguments):
    """A `ClassificationSampler` with what `--augment` asks for."""
    augment = parse_augmentations(options.augment)
    return ClassificationSampler(
        store,
        seed=options.seed,
        affine_strength=1.0 if "affine" in augment else 0.0,
        elastic="elastic" in augment,
        tokenizer=tokenizer,
        **arguments,
    )


def classifier_feed(options, store, sampler):
    """make_feed for a classifier of images: batches of (image, label).

    With `--mix` they are mixed, and the labels are shares of all classes.
    """
    outputs = ("image", "label")
    if getattr(options, "mix", "none") != "none":
        outputs = mixing(options.mix, len(store.characters))
    return _make_feed(options, store, sampler, outputs)


def clip_feed(options, store, sampler):
    """make_feed for CLIP: batches of {"image", "tokens"}."""

    def pick(batch):
        return {name: batch[name] for name in ("image", "tokens")}

    return _make_feed(options, store, sampler, pick)


def _make_feed(options, store, sampler, outputs):
    augment = parse_augmentations(options.augment)

    def make(first, steps):
        return feed(
            store,
            sampler,
            steps=steps,
            start_step=first,
            outputs=outputs,
            augment=augment,
            **share(options),
        )

    return make


def predicted_rows(model, rows, batch_size=64):
    """What a model makes of `rows`, on one device or on several: an array.

    `predict` itself wants batches that can be shared equally.
    """
    batches = (rows[i : i + batch_size] for i in range(0, len(rows), batch_size))
    # With several devices TensorFlow predicts every row on each of them.
    return np.concatenate([model.predict_on_batch(b)[: len(b)] for b in batches])


def retrieval_accuracy(clip, store, tokenizer, limit=1000):
    """The share of images whose nearest structure, by dot product, is their own."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(store))[:limit]
    labels = np.unique(store.labels)
    tokens = tokenizer.encode([store.characters[k] for k in labels])
    texts = predicted_rows(clip.text_tower, tokens)
    images = predicted_rows(clip.image_tower, placed(store, chosen))
    nearest = labels[np.argmax(images @ texts.T, axis=1)]
    return float(np.mean(nearest == store.labels[chosen]))


def check_stride(image_size, stride):
    """Raises InputError unless the generator can halve such images."""
    if image_size % stride:
        raise InputError(
            f"--image_size is {image_size}; this generator needs a multiple of "
            f"{stride}, such as {stride * round(image_size / stride)}."
        )


def tokenizer_for(options, generator, characters):
    """The tokenizer that a generator's condition needs, or None; checks the condition.

    Args:
        options: of a script, with `structure_file`.
        generator: of `--generator_weights`.
        characters: the `CharacterSet` of the script.

    Raises:
        InputError: the generator was trained on other characters or structures.
    """
    condition, tokenizer = generator.condition, None
    if getattr(condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(options, characters)
    # Of an exported model the class of its condition is all that is known.
    if isinstance(condition, Condition):
        condition.check(
            Knowledge(characters, tokenizer),
            "--generator_weights: the generator",
            condition.domain,
        )
    return tokenizer


# What simulated writers wrote: beside the kinds of a store, where it is handwriting.
SIMULATED = max(FONT, HANDWRITING, GENERATED) + 1


def kind_weights(kinds, real_share):
    """Shares of the kinds of images in a batch, or None for every image once.

    Args:
        kinds: the kind of each image; `SIMULATED` is no real handwriting.
        real_share: see `--real_share` of train_classifier.
    """
    if real_share is None:
        return None
    others = [kind for kind in (FONT, GENERATED, SIMULATED) if (kinds == kind).any()]
    if not others or not (kinds == HANDWRITING).any():
        raise InputError(
            "--real_share needs real handwriting and something beside it: give "
            "--train, and --fonts, --simulated_writers or --generated."
        )
    weights = {kind: (1 - real_share) / len(others) for kind in others}
    return {HANDWRITING: real_share, **weights}


def read_store(classifier, store, batch_size=256):
    """What a classifier reads: class ids (n,) and their probabilities (n,)."""
    predicted, probability = [], []
    for first in range(0, len(store), batch_size):
        indices = np.arange(first, min(first + batch_size, len(store)))
        logits = predicted_rows(classifier, placed(store, indices), batch_size)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        predicted.append(odds.argmax(axis=1))
        probability.append(odds.max(axis=1))
    return np.concatenate(predicted), np.concatenate(probability)
