"""The networks of a generator's training, made of the flags."""


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
    kind = {"adain": "none", "adain_embedding": "embedding", "adain_clip": "clip"}
    condition = make_condition(
        kind[options.mode], clip, classes, size["generator"]["width"], policy
    )
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


def make_condition(kind, clip, classes, width, policy):
    """What tells a generator the character, a layer or None.

    Args:
        kind: "none", "embedding" or "clip".
        clip: a trained `CLIP`, for "clip".
        classes: number of characters, for "embedding".
        width: channels of the generator's first level.
        policy: name of a dtype policy.
    """
    from hwgen_keras.layers import CLIPCondition, EmbeddingCondition
    from hwgen_keras.models import with_policy

    if kind == "embedding":
        return EmbeddingCondition(classes, 4 * width, width, dtype=policy)
    if kind == "clip":
        tower = with_policy(clip.text_tower, policy)
        return CLIPCondition(tower, 4 * width, dtype=policy)
    return None


def _shape(network):
    """What must agree for weights to fit, in words."""
    from hwgen_keras.models import PatchDiscriminator

    if isinstance(network, PatchDiscriminator):
        return f"widths {network.widths}, {network.norm} normalisation"
    classes = getattr(network.condition, "classes", None)
    return (
        f"mode {network.mode}, width {network.width}, multipliers "
        f"{network.multipliers}" + (f", {classes} classes" if classes else "")
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
