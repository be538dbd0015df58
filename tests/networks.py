"""Networks of a few thousand weights, and batches for them."""

import functools
import importlib.metadata
import os

import keras
import numpy as np
from keras.src.saving import saving_lib

from hwgen_keras.characters import StructureTokenizer
from hwgen_keras.layers import CLIPCondition, EmbeddingCondition
from hwgen_keras.models import (
    CLIP,
    AdaINGenerator,
    Classifier,
    Diffusion,
    DiffusionGenerator,
    EncoderFeatures,
    ImageEncoder,
    ImageTower,
    PatchDiscriminator,
    StyleTransfer,
    TextEncoder,
    TextTower,
    UNet,
    adam_pair,
)

BACKEND = keras.backend.backend()
MODES = ("adain", "adain_embedding", "adain_clip")
CLASSES, VOCABULARY_SIZE, LENGTH = 4, 12, 6
# Keras 3.15 stores this under another name than it looks for, and so makes a layer for
# each layer that it saves or loads: a fifth of the time of tests that train and save.
saving_lib.get_attr_skipset = functools.cache(saving_lib.get_attr_skipset)
# XLA reads this when it first computes: these programs run once, so that compiling
# them well takes longer than running them badly.
if BACKEND in ("jax", "tensorflow"):
    flags = (
        "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
        # Parts are for compiling on several cores.
        "--xla_cpu_parallel_codegen_split_count=1"
    )
    # XLA ends a process for a flag that it does not know, as jaxlib 0.11 this one.
    release = importlib.metadata.version(BACKEND).split(".")[:2]
    if BACKEND == "tensorflow" or [int(part) for part in release] < [0, 11]:
        flags += " --xla_cpu_use_fusion_emitters=false"
    os.environ.setdefault("XLA_FLAGS", flags)
if BACKEND == "torch":
    import torch

    # Threads wait for each other longer than these layers take; on a busy machine
    # fifteen times as long.
    torch.set_num_threads(1)


def rewrite_graphs(rewrite):
    """Whether TensorFlow's Grappler rewrites a graph before it runs."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options(
            {"disable_meta_optimizer": not rewrite}
        )


# For the same reason: what is rewritten runs a step or two, and the rewriting takes
# longer than all of them.
rewrite_graphs(False)
# On a CPU XLA costs TensorFlow half a minute a model, and torch cannot compile these.
JIT = BACKEND == "jax"


def image_encoder(policy="float32"):
    return ImageEncoder(widths=(8, 16), dtype=policy)


def tokenizer(letters="アイウエカキクケ"):
    """Structures of eight letters, which have the tokens of `text_encoder`."""
    structures = {letter: ((letter,),) for letter in letters}
    return StructureTokenizer(structures, length=LENGTH)


def text_encoder(policy="float32", **named):
    return TextEncoder(
        *(VOCABULARY_SIZE, LENGTH), width=16, depth=1, heads=2, dtype=policy, **named
    )


def image_classifier(policy="float32"):
    return Classifier(image_encoder(policy), CLASSES, dropout=0.1, dtype=policy)


def text_classifier(policy="float32"):
    return Classifier(text_encoder(policy), CLASSES, dtype=policy)


def clip(policy="float32"):
    return CLIP(
        ImageTower(image_encoder(policy), 16, dtype=policy),
        TextTower(text_encoder(policy), 16, dtype=policy),
        dtype=policy,
    )


def generator(mode="adain", policy="float32", multipliers=(1, 2)):
    """With one level, (1,), a step takes about half of the time."""
    condition = None
    if mode == "adain_embedding":
        condition = EmbeddingCondition(CLASSES, 16, 8, dtype=policy)
    elif mode == "adain_clip":
        tower = TextTower(text_encoder(policy), 16, dtype=policy)
        condition = CLIPCondition(tower, 16, dtype=policy)
    return AdaINGenerator(
        width=8,
        multipliers=multipliers,
        condition=condition,
        attention={"heads": 2, "head_width": 4},
        dtype=policy,
    )


def unet(condition=None, policy="float32", **settings):
    """A U-Net; `condition` is None, "embedding" or "clip"."""
    if condition == "embedding":
        condition = EmbeddingCondition(CLASSES, 32, 8, dtype=policy, name="condition")
    elif condition == "clip":
        tower = TextTower(text_encoder(policy), 8, dtype=policy)
        condition = CLIPCondition(tower, 32, dtype=policy, name="condition")
    arguments = {
        "width": 8,
        "multipliers": (1, 2),
        "patch": 2,
        "style_width": 8,
        "attention": {"heads": 2, "head_width": 4},
        **settings,
    }
    return UNet(condition=condition, dtype=policy, **arguments)


def diffusion_generator(
    condition=None, policy="float32", steps=4, guidance=None, **settings
):
    """Its weights are drawn, those of the last layer too; settings of `unet`."""
    network = unet(condition, policy, **settings)
    model = DiffusionGenerator(network, steps=steps, guidance=guidance, dtype=policy)
    model.build()
    draw_weights(model)
    return model


def diffusion(condition=None, policy="float32", drop=0.1, **settings):
    """Trains a `diffusion_generator`; `drop` is the share of each kind."""
    generator = diffusion_generator(condition, policy, **settings)
    shares = {f"drop_{name}": drop for name in ("content", "style", "condition")}
    model = Diffusion(generator, **shares, dtype=policy)
    model.build()
    return model


def discriminator(policy="float32"):
    return PatchDiscriminator(widths=(8, 16), dtype=policy)


# Other than the defaults and than each other, so that a mix-up would show.
LOSS_WEIGHTS = {
    "implicit_weight": 9.0,
    "pixel_weight": 3.0,
    "explicit_weight": 0.5,
    "adversarial_weight": 0.25,
}


def style_transfer(
    mode="adain",
    policy="float32",
    with_features=True,
    with_clip=True,
    multipliers=(1, 2),
):
    return StyleTransfer(
        generator(mode, policy, multipliers),
        discriminator(policy),
        EncoderFeatures(image_encoder(policy), dtype=policy) if with_features else None,
        clip(policy) if with_clip else None,
        **LOSS_WEIGHTS,
        dtype=policy,
    )


def draw_weights(layer, seed=7):
    """Gives every weight of a built layer a value that NumPy draws."""
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        if weight.name in ("gamma", "scale", "moving_variance"):
            value = rng.uniform(0.7, 1.3, weight.shape)
        elif "kernel" in weight.name:
            fan_in = np.prod(weight.shape[:-1])
            value = rng.normal(0, fan_in**-0.5, weight.shape)
        else:
            value = rng.normal(0, 0.1, weight.shape)
        weight.assign(value.astype("float32"))


def evaluate(function, variables):
    """Calls `function` as a train step would be, and returns NumPy arrays.

    `variables` are all that it reads or writes; on JAX they stay as they are.
    """
    if BACKEND == "jax":
        import jax

        def pure(values):
            mapping = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return function()

        outputs = jax.jit(pure)([v.value for v in variables])
    else:
        outputs = function()
    return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)


def compiled(function):
    """`function` of arrays that returns NumPy arrays, for many calls.

    On JAX one compilation is quicker than that of each operation by itself; weights
    have then the values of the first call.
    """
    if BACKEND == "jax":
        import jax

        function = jax.jit(function)
    return lambda *inputs: keras.tree.map_structure(
        keras.ops.convert_to_numpy, function(*inputs)
    )


def one_weight():
    """A model of one weight that is 1 and stays so; see `fit_one_weight`."""
    model = keras.Sequential(
        [keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    model.build((None, 1))
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse", jit_compile=False)
    return model


def fit_one_weight(model, *callbacks, epochs=1, batch_size=2):
    """`fit` on 0, 1, 2, 3 with the targets 0."""
    x = np.arange(4, dtype="float32")[:, None]
    return model.fit(
        x,
        0 * x,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=list(callbacks),
        verbose=0,
    )


def compile_style_transfer(
    model, optimizer=None, run_eagerly=BACKEND == "tensorflow", jit_compile=JIT
):
    """Built and compiled, ready for `fit`; TensorFlow takes long to trace a graph."""
    model.build()
    model.compile(
        optimizer=optimizer or adam_pair(1e-3),
        jit_compile=jit_compile,
        run_eagerly=run_eagerly,
    )
    # Otherwise TensorFlow traces the step twice: once more with the new variables.
    model.optimizer.build(model.trainable_variables)
    return model


def compile_classifier(model, learning_rate=1e-3):
    """Built and compiled, ready for `fit`."""
    model.build()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=JIT,
    )
    return model


def images(count=2, size=16, seed=0):
    """Random images in [-1, 1], float32."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (count, size, size, 1)).astype("float32")


def tokens(count=2, seed=0):
    """Random structures: [CLS] first, 3 tokens, then padding."""
    ids = np.random.default_rng(seed).integers(4, VOCABULARY_SIZE, (count, LENGTH))
    ids[:, 0], ids[:, 4:] = 2, 0
    return ids.astype("int32")


def labels(count=2):
    """Class ids 0, 1, 2 …"""
    return (np.arange(count) % CLASSES).astype("int32")


def transfer_batch(count=2, size=16, seed=0):
    """All that any mode of `StyleTransfer` asks for."""
    first = 10 * seed
    return {
        "content": images(count, size, first + 1),
        "style": images(count, size, first + 2),
        "target": images(count, size, first + 3),
        "label": labels(count),
        "tokens": tokens(count, first + 4),
        "drop_condition": np.arange(count) % 2 == 1,
    }


def save_steps(model, folder, steps, logs=None, **arguments):
    """Writes the checkpoints of these steps, as at the ends of epochs of `fit`."""
    from hwgen_keras.training import callbacks, checkpoints

    progress = callbacks.Progress(0, 100, show=False)
    checkpoint = checkpoints.Checkpoint(folder, progress, **arguments)
    checkpoint.set_model(model)
    for number, step in enumerate(steps):
        progress.step = step
        checkpoint.on_epoch_end(0, logs[number] if isinstance(logs, list) else logs)
