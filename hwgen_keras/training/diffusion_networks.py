"""The network and the training of a diffusion model."""

import keras
import numpy as np

from hwgen_keras import schedules
from hwgen_keras.generation import row_noise
from hwgen_keras.models import (
    SIZES,
    AveragingAdam,
    Diffusion,
    DiffusionGenerator,
    UNet,
)
from hwgen_keras.training.generator_networks import (
    describe_condition,
    load_clip,
    new_condition,
    of_stage_before,
)
from hwgen_keras.training.optimizers import adam, compile_model

# Log-SNRs of the denoised columns in the picture of probes, from noise to image.
STRIP = (-6.0, -3.0, 0.0, 3.0)


def diffusion(settings, knowledge, steps, jit):
    """A compiled `Diffusion` as the settings of train_diffusion describe it."""
    model = Diffusion(
        generator(settings, knowledge),
        min_snr_gamma=settings.min_snr_gamma or None,
        drop_content=settings.drop_content,
        drop_style=settings.drop_style,
        drop_condition=settings.drop_condition,
        dtype=settings.dtype_policy,
    )
    if settings.ema:
        optimizer = adam(settings, steps, kind=AveragingAdam, ema_momentum=settings.ema)
    else:
        optimizer = adam(settings, steps)
    return compile_model(model, settings, optimizer, jit)


def generator(settings, knowledge):
    """The generator to train: that of `--generator_weights`, or a new one."""
    size, policy, clip = SIZES[settings.size]["unet"], settings.dtype_policy, None
    if settings.condition == "clip":
        clip = load_clip(
            settings.clip_weights, knowledge.tokenizer, settings.image_size
        )
    condition = new_condition(settings, clip, knowledge, size["width"])
    network = UNet(
        **size,
        condition=condition,
        style_attention=settings.style_attention,
        dtype=policy,
    )
    fresh = DiffusionGenerator(
        network,
        schedule=settings.noise_schedule,
        parameterization=settings.parameterization,
        dtype=policy,
    )
    advice = (
        "--size, --condition, --characters, --style_attention, --noise_schedule and "
        "--parameterization"
    )
    return of_stage_before(settings, fresh, "generator", _describe, advice)


def _describe(generator):
    """The architecture in words; weights fit an equal one."""
    network = generator.network
    return (
        f"width {network.width}, multipliers {network.multipliers}, patch "
        f"{network.patch}, {describe_condition(network.condition)}, "
        f"style attention {'on' if network.style_attention else 'off'}, the schedule "
        f"{generator.schedule} and the parameterization {generator.parameterization}"
    )


def denoising_probes(model, batch):
    """{title: images} of a batch: generated from fixed noise, and denoised targets."""
    generator, target = model.generator, batch["target"]
    noise = row_noise(0, np.arange(len(target)), target.shape[1])
    names = generator.network.input_names
    inputs = {name: keras.ops.convert_to_tensor(batch[name]) for name in names}
    columns = {"generated": generator({**inputs, "noise": noise})}
    style = generator.network.encode_style(inputs["style"])
    for level in STRIP:
        noisy = schedules.diffuse(target, noise, *schedules.rates(level))
        columns[f"from {level:+.0f}"] = generator.predict_image(
            noisy, level, inputs, style
        )
    return columns
