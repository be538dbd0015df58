"""The arms of augmentation_gain: a name, and settings of train_classifier, each.

In place of data an arm says True: the fonts, simulated writers or generated images
that the experiment's flags name. Real handwriting is in every arm but those that say
`"train": False`.
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
    "{}+fonts+strokes": {
        "generated": True,
        "fonts": True,
        "simulated_writers": True,
    },
    # Classification accuracy score: Ravuri & Vinyals 2019.
    "{} only": {"generated": True, "train": False},
}
# Every image once an epoch; elastic as published is the only augmentation.
ORIGINAL = {
    REAL: {"augment": "none"},
    "real elastic": {"augment": "elastic"},
}
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
    """All arms of a preset.

    Args:
        preset: a key of `PRESETS`.
        generators: their names.
        augment: of the arms that do not say.

    Returns:
        {arm: its settings}; `"generated"` is the name of the generator.
    """
    common, of_a_generator = PRESETS[preset]
    found = {name: {"augment": augment, **arm} for name, arm in common.items()}
    for generator in generators:
        for name, arm in of_a_generator.items():
            arm = {"augment": augment, **arm, "generated": generator}
            found[name.format(generator)] = arm
    return found


def choose(found, names, given):
    """The arms to run.

    Args:
        found: of `preset_arms`.
        names: of those to run; empty: all for which there is data.
        given: {"fonts": whether there are some, "simulated_writers": the same}.

    Returns:
        A part of `found`, in its order.

    Raises:
        InputError: there is no such arm, or no data for it.
    """
    unknown = [name for name in names if name not in found]
    if unknown:
        raise InputError(
            f"--arms: there is no arm {unknown[0]!r}; choose from {', '.join(found)}."
        )
    lacking = {
        name: [need for need in NEEDS if arm.get(need) and not given[need]]
        for name, arm in found.items()
    }
    for name in names:
        if lacking[name]:
            raise InputError(
                f"--arms: the arm {name!r} needs {NEEDS[lacking[name][0]]}; give it, "
                "or leave the arm out."
            )
    if names:
        return {name: arm for name, arm in found.items() if name in names}
    return {name: arm for name, arm in found.items() if not lacking[name]}


def choose_arms(settings):
    """The arms that the settings of the experiment ask for, {arm: its settings}.

    Raises:
        InputError: two generators, or an arm and a generator, have one name; or see
            `choose`.
    """
    names = [name for named in settings.generators.values() for name in named]
    common, _ = PRESETS[settings.preset]
    for name in names:
        if names.count(name) > 1 or name in common:
            raise InputError(
                f"--generated, --generator: the name {name} is taken; choose another."
            )
    found = preset_arms(settings.preset, names, settings.augment)
    given = {need: bool(getattr(settings, need)) for need in NEEDS}
    return choose(found, settings.arms, given)


def training_values(arm, data, real_share=None):
    """Settings of train_classifier for an arm with an amount of real handwriting.

    Args:
        arm: one of `preset_arms`.
        data: {"train": manifest, or None where there is no real handwriting; "fonts":
            list of paths; "simulated_writers": number; "generated": {generator:
            path}}.
        real_share: the share of real images, where an arm has others beside them.

    Returns:
        A dict, or None if the arm is none with so much data: it has no image, its
        generator wrote none, or it is the arm without real handwriting once more.
    """
    generator = arm.get("generated")
    real = data["train"] if arm.get("train", True) else None
    if generator is not None and generator not in data["generated"]:
        return None
    values = {
        "train": [] if real is None else [str(real)],
        "fonts": data["fonts"] if arm.get("fonts") else [],
        "simulated_writers": (
            data["simulated_writers"] if arm.get("simulated_writers") else 0
        ),
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
