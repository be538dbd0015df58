"""Batches for the trainings of encoders, classifiers and CLIP."""

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
    """A `ClassificationSampler` with the transformations of `--augment`."""
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
    """A function (first step, number of steps) → data for `fit`, see `feed`."""
    arguments |= {"outputs": outputs, **share(settings)}

    def feed_from(first, steps):
        return feed(store, sampler, steps=steps, start_step=first, **arguments)

    return feed_from


def classifier_feed(settings, store, sampler, mix="none"):
    """See `feed_maker`: batches of (image, label), mixed by `--mix`."""
    classes = len(store.characters)
    outputs = ("image", "label") if mix == "none" else mixing(mix, classes)
    augment = parse_augmentations(settings.augment)
    return feed_maker(settings, store, sampler, outputs, augment=augment)


def clip_feed(settings, store, sampler):
    """See `feed_maker`: batches of {"image", "tokens"} for CLIP."""

    def outputs(batch):
        return {name: batch[name] for name in ("image", "tokens")}

    augment = parse_augmentations(settings.augment)
    return feed_maker(settings, store, sampler, outputs, augment=augment)


# The kind of simulated writers' images, which are handwriting to a store.
SIMULATED = max(FONT, HANDWRITING, GENERATED) + 1


def kind_weights(kinds, real_share):
    """{kind: its share of a batch} for `--real_share` and the kinds of all images.

    None: every image once an epoch. Images of the kind `SIMULATED` are not real.
    """
    if real_share is None:
        return None
    others = [kind for kind in (FONT, GENERATED, SIMULATED) if (kinds == kind).any()]
    if not others or not (kinds == HANDWRITING).any():
        raise InputError(
            "--real_share needs real handwriting and other images: give --train, and "
            "--fonts, --simulated_writers or --generated."
        )
    weights = {kind: (1 - real_share) / len(others) for kind in others}
    return {HANDWRITING: real_share, **weights}
