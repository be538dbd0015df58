"""The arms of augmentation_gain, {name: settings of train_classifier}.

True stands for the fonts, simulated writers or generated images that the experiment's
flags name. Real handwriting is in every arm without `"train": False`.
"""

from hwgen_keras.errors import InputError

REAL = "real"
CLASSICAL = "classical"
AUGMENT = "affine,elastic"

# {} is the name of a generator.
STANDARD = {
    REAL: {"augment": "none"},
    CLASSICAL: {},
    "mixup": {"mix": "mixup"},
    "cutmix": {"mix": "cutmix"},
    "strokes": {"simulated_writers": True},
    "fonts": {"fonts": True},
    "fonts+strokes": {"fonts": True, "simulated_writers": True},
}
STANDARD_GENERATED = {
    "{}": {"generated": True},
    "{}+fonts+strokes": {"generated": True, "fonts": True, "simulated_writers": True},
    # Classification accuracy score: Ravuri & Vinyals 2019.
    "{} only": {"generated": True, "train": False},
}
# Every image once an epoch; elastic as published is the only augmentation.
ORIGINAL = {REAL: {"augment": "none"}, "real elastic": {"augment": "elastic"}}
ORIGINAL_GENERATED = {
    "{}": {"augment": "none", "generated": True},
    "{} elastic": {"augment": "elastic", "generated": True},
}
PRESETS = {
    "standard": (STANDARD, STANDARD_GENERATED),
    "original": (ORIGINAL, ORIGINAL_GENERATED),
}
# What an arm needs, and the flag of the experiment that gives it.
NEEDS = {"fonts": "--fonts", "simulated_writers": "--simulated_writers"}


def preset_arms(preset, generators, augment=AUGMENT):
    """All arms of a preset, {arm: its settings}; `"generated"` names the generator.

    `augment` are the augmentations of arms that name none.
    """
    common, of_a_generator = PRESETS[preset]
    found = {name: {"augment": augment, **arm} for name, arm in common.items()}
    for generator in generators:
        for name, arm in of_a_generator.items():
            arm = {"augment": augment, **arm, "generated": generator}
            found[name.format(generator)] = arm
    return found


def choose(arms, names, given):
    """Those of the arms that are named or, without names, have data.

    Args:
        arms: see `preset_arms`.
        names: of the arms to run, or empty.
        given: {need: whether there is data for it}, see `NEEDS`.

    Raises:
        InputError: there is no such arm, or no data for it.
    """
    lacking = {
        name: [need for need in NEEDS if arm.get(need) and not given[need]]
        for name, arm in arms.items()
    }
    for name in names:
        if name not in arms:
            raise InputError(
                f"--arms: there is no arm {name!r}; choose from {', '.join(arms)}."
            )
        if lacking[name]:
            raise InputError(
                f"--arms: the arm {name!r} needs {NEEDS[lacking[name][0]]}; give it, "
                "or leave the arm out."
            )
    chosen = names or [name for name in arms if not lacking[name]]
    return {name: arm for name, arm in arms.items() if name in chosen}


def choose_arms(settings):
    """The arms of the experiment; InputError if two have one name. See `choose`."""
    names = [name for named in settings.generators.values() for name in named]
    common, _ = PRESETS[settings.preset]
    for name in names:
        if names.count(name) > 1 or name in common:
            raise InputError(
                f"--generated, --generator: the name {name} is taken; choose another."
            )
    arms = preset_arms(settings.preset, names, settings.augment)
    return choose(arms, settings.arms, {n: bool(getattr(settings, n)) for n in NEEDS})


def training_values(arm, data, real_share=None):
    """Settings of train_classifier for an arm with an amount of real handwriting.

    Args:
        arm: one of `preset_arms`.
        data: {"train": manifest or None; "fonts": list of paths; "simulated_writers":
            number; "generated": {generator: path}}.
        real_share: share of real images in arms with other images.

    Returns:
        A dict; None if the arm has no image with this amount, or equals the arm without
        real handwriting.
    """
    generator = arm.get("generated")
    real = data["train"] if arm.get("train", True) else None
    if generator is not None and generator not in data["generated"]:
        return None
    simulated = arm.get("simulated_writers")
    values = {
        "train": [] if real is None else [str(real)],
        "fonts": data["fonts"] if arm.get("fonts") else [],
        "simulated_writers": data["simulated_writers"] if simulated else 0,
        "generated": [] if generator is None else [str(data["generated"][generator])],
        "augment": arm["augment"],
        "mix": arm.get("mix", "none"),
        "real_share": None,
    }
    others = [name for name in (*NEEDS, "generated") if values[name]]
    twin = arm.get("train", True) and others == ["generated"]
    if real is None and (not others or twin):
        return None
    if real is not None and others:
        values["real_share"] = real_share
    return values
