"""The training that adapts a generator to a hand."""

import math
from collections.abc import Callable

import numpy as np

from hwgen_keras.data import FONT, PairSampler
from hwgen_keras.data.stages import ANY_FONT, HANDWRITING, Images, Stage
from hwgen_keras.models import (
    CLIP,
    Diffusion,
    DiffusionGenerator,
    EncoderFeatures,
    Reconstruction,
    StrokeDiffusion,
    StrokeWriter,
    load_trained,
    train_only,
    with_policy,
)
from hwgen_keras.training.diffusion_networks import denoising_probes
from hwgen_keras.training.generator_networks import generated_probes
from hwgen_keras.training.optimizers import adam, compile_model


def hand_training(settings, generator, jit):
    """The compiled training of a part of a generator.

    Returns:
        The model, its number of trainable weights, and `draw_probes` of `train_stage`;
        None of a stroke writer, see `track_probes`.
    """
    policy = settings.dtype_policy
    draw_probes: Callable | None = None
    if isinstance(generator, StrokeWriter):
        model = StrokeDiffusion(generator, min_snr_gamma=None, dtype=policy)
    elif isinstance(generator, DiffusionGenerator):
        model, draw_probes = Diffusion(generator, dtype=policy), denoising_probes
    else:
        features, path = None, settings.clip_weights
        if path is not None:
            size, flag = settings.image_size, "--clip_weights"
            clip = load_trained(path, CLIP, flag, "clip.keras", size)
            encoder = with_policy(clip.image_tower.encoder, policy)
            features = EncoderFeatures(encoder, dtype=policy)
        model = Reconstruction(generator, features, settings.pixel_weight, dtype=policy)
        draw_probes = generated_probes
    model.build()
    chosen = train_only(generator, settings.part)
    compile_model(model, settings, adam(settings, settings.steps), jit)
    return model, sum(math.prod(weights.shape) for weights in chosen), draw_probes


def hand_pairs(settings, store, known, tokenizer, condition):
    """A `PairSampler` of any font, another image by the hand, and the target.

    With a single character, the target itself is the style image. `known` has the
    indices of the hand's training images in the store.
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
