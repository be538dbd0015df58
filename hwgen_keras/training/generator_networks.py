"""An AdaIN generator and its training."""

import keras

from hwgen_keras import layers
from hwgen_keras.characters import Domain
from hwgen_keras.errors import InputError
from hwgen_keras.models import (
    CLIP,
    SIZES,
    AdaINGenerator,
    EncoderFeatures,
    PatchDiscriminator,
    StyleTransfer,
    VGG16Features,
    adam_pair,
    load_trained,
    with_policy,
)
from hwgen_keras.training.optimizers import adam_arguments, compile_model, scheduled
from hwgen_keras.training.settings import CONDITIONS


def style_transfer(settings, knowledge, steps, jit):
    """A compiled `StyleTransfer` as the settings of train_generator describe it."""
    size = settings.image_size
    clip = load_clip(settings.clip_weights, knowledge.tokenizer, size)
    generator, discriminator = networks(settings, clip, knowledge)
    model = StyleTransfer(
        generator,
        discriminator,
        perceptual_features(settings, clip),
        clip,
        implicit_weight=settings.implicit_weight,
        implicit_trains_style=settings.implicit_trains_style,
        pixel_weight=settings.pixel_weight,
        pixel_distance=settings.pixel_distance,
        explicit_weight=settings.explicit_weight,
        adversarial_weight=settings.adversarial_weight,
        discriminator_augment=settings.discriminator_augment,
        instance_noise=settings.instance_noise,
        dtype=settings.dtype_policy,
    )
    optimizer = adam_pair(
        scheduled(settings, steps),
        scheduled(settings, steps, settings.discriminator_learning_rate),
        ema_momentum=settings.ema or None,
        **adam_arguments(settings),
    )
    return compile_model(model, settings, optimizer, jit)


def load_clip(path, tokenizer, image_size=None, remedy=None):
    """The `CLIP` of `--clip_weights`; InputError if its text has another tokenizer.

    A warning tells if it was trained on images of another size. `remedy`: see
    `check_text_encoder`.
    """
    flag = "--clip_weights"
    clip = load_trained(path, CLIP, flag, "clip.keras", image_size)
    check_text_encoder(clip.text_tower.encoder, tokenizer, flag, remedy)
    return clip


def check_text_encoder(encoder, tokenizer, flag, remedy=None):
    """Raises InputError unless an encoder's tokens are those of a tokenizer.

    Args:
        encoder: a trained `TextEncoder`.
        tokenizer: the `StructureTokenizer` of the script.
        flag: the flag that names the encoder.
        remedy: what to do; default: of scripts with `--structure_file`.
    """
    name, trained = f"{flag}: the text encoder", Domain.of_tokens(encoder)
    remedy = remedy or "give the --structure_file of its training"
    trained.check(Domain.of_tokens(tokenizer), name, remedy)
    trained.warn_unnamed(name)


def networks(settings, clip, knowledge):
    """Generator and discriminator: those of the weights' flags, or new ones."""
    size, policy = SIZES[settings.size], settings.dtype_policy
    condition = new_condition(settings, clip, knowledge, size["generator"]["width"])
    generator = AdaINGenerator(**size["generator"], condition=condition, dtype=policy)
    discriminator = PatchDiscriminator(
        **size["discriminator"], norm=settings.discriminator_norm, dtype=policy
    )
    advice = "--size, --mode, --characters and --discriminator_norm"
    return [
        of_stage_before(settings, network, name, describe, advice)
        for network, name, describe in (
            (generator, "generator", _describe_generator),
            (discriminator, "discriminator", _describe_discriminator),
        )
    ]


def of_stage_before(settings, fresh, name, describe, advice):
    """The trained network of the flag `--{name}_weights`, or `fresh` without it.

    Args:
        settings: of a script.
        fresh: a network of the architecture of the settings.
        name: "generator" or "discriminator".
        describe: a function, network → its architecture in words.
        advice: the flags that decide the architecture, in words.

    Raises:
        InputError: the file holds another architecture, or was trained on other
            characters.
    """
    path, flag = getattr(settings, f"{name}_weights"), f"--{name}_weights"
    if path is None:
        return fresh
    # A stroke writer has no image size.
    size = getattr(settings, "image_size", None)
    trained = load_trained(path, type(fresh), flag, f"{name}.keras", size)
    if describe(trained) != describe(fresh):
        raise InputError(
            f"{flag}: {path} holds a {name} with {describe(trained)}, but the flags "
            f"ask for {describe(fresh)}; give the same {advice}."
        )
    condition = getattr(trained, "condition", None)
    if condition is not None:
        name, remedy = f"{flag}: {path}", "give the characters of its training"
        condition.domain.check(fresh.condition.domain, name, remedy)
        condition.domain.warn_unnamed(name)
    return with_policy(trained, settings.dtype_policy, copy=False)


def condition_class(settings):
    """The class of the condition of `--condition` or `--mode`, or None."""
    name = getattr(settings, "condition", None) or settings.mode.partition("_")[2]
    return getattr(layers, CONDITIONS[name]) if name in CONDITIONS else None


def new_condition(settings, clip, knowledge, width):
    """The condition layer of a new generator with `width` first channels, or None."""
    condition, policy = condition_class(settings), settings.dtype_policy
    return condition and condition.create(
        width,
        knowledge=knowledge,
        text_tower=lambda: with_policy(clip.text_tower, policy),
        dtype=policy,
    )


def describe_condition(condition):
    """A condition in words, for `of_stage_before`."""
    if condition is None:
        return "no condition"
    of = f" of {condition.domain.size}" if condition.domain.size else ""
    return f"{type(condition).__name__}{of}"


def _describe_generator(generator):
    return (
        f"mode {generator.mode}, width {generator.width}, multipliers "
        f"{generator.multipliers}, {describe_condition(generator.condition)}"
    )


def _describe_discriminator(discriminator):
    return f"widths {discriminator.widths}, {discriminator.norm} normalisation"


def perceptual_features(settings, clip):
    """The frozen features of `--perceptual`; prints the choice."""
    vgg16, policy = settings.vgg16_weights, settings.dtype_policy
    if vgg16 is not None and settings.perceptual != "image_encoder":
        lpips = settings.perceptual == "lpips"
        features = VGG16Features(vgg16, lpips=lpips, dtype=policy)
        features.description = f"VGG16, weights {vgg16}{' and LPIPS' if lpips else ''}"
    else:
        encoder = with_policy(clip.image_tower.encoder, policy)
        features = EncoderFeatures(encoder, dtype=policy)
        features.description = f"image encoder of {settings.clip_weights}"
    print(f"Perceptual features: {features.description}", flush=True)
    return features


def generated_probes(model, batch):
    """{"generated": the generator's images for a batch}."""
    names = model.generator.input_names
    tensors = {name: keras.ops.convert_to_tensor(batch[name]) for name in names}
    return {"generated": model.generator(tensors)}
