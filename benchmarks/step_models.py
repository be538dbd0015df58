"""The models that the benchmarks train, compiled, and batches for them."""

import keras
import numpy as np
import strokes

from hwgen_keras.layers import CLIPCondition, EmbeddingCondition
from hwgen_keras.models import (
    CLIP,
    SIZES,
    AdaINGenerator,
    Classifier,
    Diffusion,
    DiffusionGenerator,
    EncoderFeatures,
    ImageEncoder,
    ImageTower,
    PatchDiscriminator,
    StrokeDiffusion,
    StrokeTransformer,
    StrokeWriter,
    StyleTransfer,
    TextEncoder,
    TextTower,
    UNet,
    VGG16Features,
    adam_pair,
)

MODELS = (
    *("style_transfer", "image_encoder", "text_encoder", "clip", "classifier"),
    *("diffusion", "stroke_writer"),
)
# Those of the original: all of JIS level 1, and its decompositions.
CLASSES, VOCABULARY_SIZE, LENGTH = 3057, 1405, 13


def style_transfer(size, policy, perceptual):
    """A `StyleTransfer` with all losses, conditioned on CLIP, not compiled."""
    width = 4 * size["generator"]["width"]
    condition = CLIPCondition(text_tower(size, policy), width, dtype=policy)
    if perceptual == "vgg16":
        # Random weights take as long as trained ones.
        features = VGG16Features(None, dtype=policy)
    else:
        encoder = ImageEncoder(**size["image_encoder"], dtype=policy)
        features = EncoderFeatures(encoder, dtype=policy)
    return StyleTransfer(
        AdaINGenerator(**size["generator"], condition=condition, dtype=policy),
        PatchDiscriminator(**size["discriminator"], dtype=policy),
        features,
        clip(size, policy),
        dtype=policy,
    )


def text_tower(size, policy):
    encoder = TextEncoder(VOCABULARY_SIZE, LENGTH, **size["text_encoder"], dtype=policy)
    return TextTower(encoder, size["projection"], dtype=policy)


def clip(size, policy):
    encoder = ImageEncoder(**size["image_encoder"], dtype=policy)
    images = ImageTower(encoder, size["projection"], dtype=policy)
    return CLIP(images, text_tower(size, policy), dtype=policy)


def diffusion(size, policy):
    """A `Diffusion` that is told the label, not compiled."""
    width = size["unet"]["width"]
    condition = EmbeddingCondition(CLASSES, 4 * width, width, dtype=policy)
    network = UNet(**size["unet"], condition=condition, dtype=policy)
    return Diffusion(DiffusionGenerator(network, dtype=policy), dtype=policy)


def stroke_writer(size, policy):
    """A `StrokeDiffusion`, not compiled."""
    network = StrokeTransformer(
        **size["stroke_transformer"], points=strokes.POINTS, dtype=policy
    )
    return StrokeDiffusion(StrokeWriter(network, dtype=policy), dtype=policy)


def compiled(model, size, policy, perceptual, jit, steps_per_execution=1, **adam):
    """One of `MODELS`, built and compiled as the training scripts do.

    Args:
        model: a name.
        size: a key of `SIZES`.
        policy: name of a dtype policy.
        perceptual: `"image_encoder"` or `"vgg16"`, for style_transfer.
        jit: whether to compile; for JAX and XLA.
        steps_per_execution: steps of one call of the train function.
        adam: more arguments of Adam.
    """
    keras.utils.set_random_seed(0)
    size = SIZES[size]
    arguments = {"jit_compile": jit, "steps_per_execution": steps_per_execution}
    if model == "style_transfer":
        network = style_transfer(size, policy, perceptual)
        network.build()
        network.compile(optimizer=adam_pair(1e-3, **adam), **arguments)
        return network
    adam = keras.optimizers.Adam(1e-4, **adam)
    makers = {"clip": clip, "diffusion": diffusion, "stroke_writer": stroke_writer}
    if model in makers:
        network = makers[model](size, policy)
        network.build()
        network.compile(optimizer=adam, **arguments)
        return network
    if model == "text_encoder":
        encoder = TextEncoder(
            VOCABULARY_SIZE, LENGTH, **size["text_encoder"], dtype=policy
        )
    else:
        encoder = ImageEncoder(**size[model], dtype=policy)
    network = Classifier(encoder, CLASSES, dtype=policy)
    network.build()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=adam, loss=loss, metrics=["accuracy"], **arguments)
    return network


def batch(model, count, image_size):
    """A batch of noise for one of `MODELS`, NumPy arrays as `fit` takes them.

    That of a stroke writer shows simulated writers, and has no image size.
    """
    if model == "stroke_writer":
        return strokes.sampler(count).batch(0)
    rng = np.random.default_rng(0)

    def images():
        shape = (count, image_size, image_size, 1)
        return rng.uniform(-1, 1, shape).astype("float32")

    tokens = rng.integers(4, VOCABULARY_SIZE, (count, LENGTH)).astype("int32")
    tokens[:, 0], tokens[:, 9:] = 2, 0
    labels = rng.integers(0, CLASSES, count).astype("int32")
    if model == "style_transfer":
        return {
            **{name: images() for name in ("content", "style", "target")},
            "tokens": tokens,
            "drop_condition": np.arange(count) % 2 == 1,
        }
    if model == "clip":
        return {"image": images(), "tokens": tokens}
    if model == "diffusion":
        columns = {name: images() for name in ("content", "style", "target")}
        return {**columns, "label": labels}
    return (tokens if model == "text_encoder" else images(), labels)
