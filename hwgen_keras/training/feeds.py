"""Batches for the trainings of encoders, classifiers and CLIP, as settings ask."""

from hwgen_keras.data import (
    FONT,
    GENERATED,
    HANDWRITING,
    ClassificationSampler,
    feed,
    mixing,
    parse_augmentations,
)
from hwgen_keras.errors import InputError
from hwgen_keras.training.devices import share


def augmented_sampler(settings, store, tokenizer=None, **arguments):
    """A `ClassificationSampler` with what `--augment` asks for."""
    augment = parse_augmentations(settings.augment)
    return ClassificationSampler(
        store,
        seed=settings.seed,
        affine_strength=1.0 if "affine" in augment else 0.0,
        elastic="elastic" in augment,
        tokenizer=tokenizer,
        **arguments,
    )


def feed_maker(settings, store, sampler, outputs, **arguments):
    """A function (first step, number of steps) → data for `fit`.

    Args:
        settings: of a script.
        store, sampler, outputs, arguments: of `feed`.
    """

    def make_feed(first, steps):
        return feed(
            store,
            sampler,
            steps=steps,
            start_step=first,
            outputs=outputs,
            **share(settings),
            **arguments,
        )

    return make_feed


def classifier_feed(settings, store, sampler, mix="none"):
    """See `feed_maker`: batches of (image, label), mixed as `--mix` asks."""
    outputs = ("image", "label")
    if mix != "none":
        outputs = mixing(mix, len(store.characters))
    augment = parse_augmentations(settings.augment)
    return feed_maker(settings, store, sampler, outputs, augment=augment)


def clip_feed(settings, store, sampler):
    """See `feed_maker`: batches of {"image", "tokens"} for CLIP."""

    def outputs(batch):
        return {name: batch[name] for name in ("image", "tokens")}

    augment = parse_augmentations(settings.augment)
    return feed_maker(settings, store, sampler, outputs, augment=augment)


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
