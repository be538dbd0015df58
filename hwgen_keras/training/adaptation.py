"""The training that teaches a generator one more hand, as the settings describe it."""

import math

import keras
import numpy as np

from hwgen_keras.data import FONT, PairSampler
from hwgen_keras.data.stages import ANY_FONT, HANDWRITING, Images, Stage
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
from hwgen_keras.training.diffusion_networks import denoising_probes
from hwgen_keras.training.generator_networks import generated_probes
from hwgen_keras.training.optimizers import adam_arguments, compile_model, scheduled


def hand_training(settings, generator, jit):
    """The compiled training of a part of a generator.

    Args:
        settings: of adapt_hand.
        generator: a trained generator.
        jit: whether to compile the step with XLA.

    Returns:
        The model, how many weights learn, and what draws its probes, see
        `train_stage`.
    """
    policy = settings.dtype_policy
    if isinstance(generator, DiffusionGenerator):
        model, draw_probes = Diffusion(generator, dtype=policy), denoising_probes
    else:
        features = None
        if settings.clip_weights is not None:
            clip = settings.clip_weights
            clip = load_trained(clip, CLIP, "--clip_weights", "clip.keras")
            encoder = with_policy(clip.image_tower.encoder, policy)
            features = EncoderFeatures(encoder, dtype=policy)
        model = Reconstruction(generator, features, settings.pixel_weight, dtype=policy)
        draw_probes = generated_probes
    model.build()
    chosen = train_only(generator, settings.part)
    optimizer = keras.optimizers.Adam(
        scheduled(settings, settings.steps), **adam_arguments(settings)
    )
    compile_model(model, settings, optimizer, jit)
    return model, sum(math.prod(weights.shape) for weights in chosen), draw_probes


def hand_pairs(settings, store, known, tokenizer, condition):
    """The rows of the training: any font, another image by the hand, the image.

    A hand of a single character has no other: the image itself is then the style.

    Args:
        settings: of adapt_hand.
        store: an `ImageStore` of fonts and one hand.
        known: indices of the hand's images to learn from.
        tokenizer, condition: see `PairSampler`.

    Returns:
        A `PairSampler`.
    """
    fonts = np.flatnonzero(store.kinds == FONT)
    several = len(np.unique(store.labels[known])) > 1
    return PairSampler(
        store.select(np.concatenate([fonts, known])),
        Stage(content=Images((ANY_FONT,)), style=Images((HANDWRITING,))),
        tokenizer,
        seed=settings.seed,
        style_reference="writer" if several else "target",
        follow_forms=settings.follow_forms,
        condition=condition,
    )
