"""The networks of a generator's training, made of the flags."""

import importlib

# {short name: class} of what can tell a generator the character.
CONDITIONS = {
    "embedding": "hwgen_keras.layers.EmbeddingCondition",
    "clip": "hwgen_keras.layers.CLIPCondition",
}


def style_transfer(options, classes, jit):
    """A compiled `StyleTransfer` as the flags of train_generator describe it."""
    from hwgen_keras.models import CLIP, StyleTransfer, adam_pair, load_trained
    from hwgen_keras.training import recipes

    clip = load_trained(options.clip_weights, CLIP, "--clip_weights", "clip.keras")
    model = StyleTransfer(
        *networks(options, clip, classes),
        perceptual_features(options, clip),
        clip,
        implicit_weight=options.implicit_weight,
        implicit_trains_style=options.implicit_trains_style,
        pixel_weight=options.pixel_weight,
        pixel_distance=options.pixel_distance,
        explicit_weight=options.explicit_weight,
        adversarial_weight=options.adversarial_weight,
        discriminator_augment=augmentations(options),
        instance_noise=options.instance_noise,
        dtype=options.dtype_policy,
    )
    model.build()
    optimizer = adam_pair(
        recipes.scheduled(options),
        recipes.scheduled(options, options.discriminator_learning_rate),
        ema_momentum=options.ema or None,
        **recipes.adam_arguments(options),
    )
    model.compile(
        optimizer=optimizer,
        jit_compile=jit,
        steps_per_execution=options.steps_per_execution,
    )
    return model


def complete(options):
    """Fills in the losses that depend on what the style image is."""
    published = options.style_reference == "target"
    if options.pixel_distance is None:
        options.pixel_distance = "absolute" if published else "pyramid"
    if options.implicit_trains_style is None:
        options.implicit_trains_style = published


def check(options):
    """Raises InputError unless the flags of the discriminator and the average fit."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.training import stages as four_steps

    augmentations(options)
    four_steps.check_ema(options)
    if options.instance_noise < 0:
        raise InputError(
            f"--instance_noise is {options.instance_noise}; give 0 or more."
        )


def augmentations(options):
    """The names in `--discriminator_augment`, a tuple."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.layers.discriminator_input import AUGMENTATIONS

    text = options.discriminator_augment
    names = () if text in ("", "none") else tuple(text.replace(" ", "").split(","))
    unknown = [name for name in names if name not in AUGMENTATIONS]
    if unknown:
        raise InputError(
            f"--discriminator_augment: there is no {unknown[0]!r}; use "
            f"{', '.join(AUGMENTATIONS)}, joined by commas, or none."
        )
    return names


def networks(options, clip, classes):
    """Generator and discriminator: new ones, or those of the step before."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import (
        SIZES,
        AdaINGenerator,
        PatchDiscriminator,
        load_trained,
        with_policy,
    )

    size, policy = SIZES[options.size], options.dtype_policy
    condition = new_condition(options, clip, classes, size["generator"]["width"])
    fresh = {
        "generator": AdaINGenerator(
            **size["generator"], condition=condition, dtype=policy
        ),
        "discriminator": PatchDiscriminator(
            **size["discriminator"], norm=options.discriminator_norm, dtype=policy
        ),
    }
    result = []
    for name, network in fresh.items():
        path = getattr(options, f"{name}_weights")
        if path is not None:
            flag = f"--{name}_weights"
            trained = load_trained(path, type(network), flag, f"{name}.keras")
            if _shape(trained) != _shape(network):
                raise InputError(
                    f"{flag}: {path} holds a {name} with {_shape(trained)}, but the "
                    f"flags ask for {_shape(network)}; give the same --size, --mode, "
                    "--characters and --discriminator_norm."
                )
            network = with_policy(trained, policy)
        result.append(network)
    return result


def condition_class(options):
    """The class of the condition that `--condition` or `--mode` names, or None."""
    name = getattr(options, "condition", None) or options.mode.partition("_")[2]
    if name not in CONDITIONS:
        return None
    module, _, found = CONDITIONS[name].rpartition(".")
    return getattr(importlib.import_module(module), found)


def new_condition(options, clip, classes, width):
    """The condition of a new generator, a layer or None.

    Args:
        options: of train_generator or train_diffusion.
        clip: a trained `CLIP`, or None.
        classes: number of characters.
        width: channels of the generator's first level.
    """
    from hwgen_keras.models import with_policy

    found, policy = condition_class(options), options.dtype_policy
    return found and found.create(
        width,
        classes=classes,
        text_tower=lambda: with_policy(clip.text_tower, policy),
        dtype=policy,
    )


def _shape(network):
    """What must agree for weights to fit, in words."""
    from hwgen_keras.models import PatchDiscriminator

    if isinstance(network, PatchDiscriminator):
        return f"widths {network.widths}, {network.norm} normalisation"
    condition = network.condition
    return (
        f"mode {network.mode}, width {network.width}, multipliers "
        f"{network.multipliers}"
        + (f", {condition.domain}" if condition and condition.domain else "")
    )


def perceptual_features(options, clip):
    """The frozen features that `--perceptual` asks for; the choice is printed."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import EncoderFeatures, VGG16Features, with_policy

    if options.perceptual == "vgg16" and options.vgg16_weights is None:
        raise InputError(
            "--perceptual=vgg16 needs --vgg16_weights: a file, or `imagenet`."
        )
    if options.vgg16_weights is not None and options.perceptual != "image_encoder":
        features = VGG16Features(options.vgg16_weights, dtype=options.dtype_policy)
        features.description = f"VGG16, weights {options.vgg16_weights}"
    else:
        encoder = with_policy(clip.image_tower.encoder, options.dtype_policy)
        features = EncoderFeatures(encoder, dtype=options.dtype_policy)
        features.description = f"image encoder of {options.clip_weights}"
    print(f"Perceptual features: {features.description}", flush=True)
    return features
