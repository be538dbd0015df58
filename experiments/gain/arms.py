"""The arms of augmentation_gain, {name: settings of train_classifier}.

True stands for the fonts, simulated writers or generated images that the experiment's
flags name. Real handwriting is in every arm without `"train": False`.
"""

from hwgen_keras.errors import InputError

REAL = "real"
CLASSICAL = "classical"
AUGMENT = "affine,elastic"
# Rivals that are drawn here.
WIDE, SCANNED = "wide", "scanned"
UNWRITTEN, OTHER_DOMAIN = "unwritten_characters", "other_domain"

_BOTH = {"fonts": True, "simulated_writers": True}
# {} is the name of a generator.
STANDARD = {
    REAL: {"augment": "none"},
    CLASSICAL: {},
    "mixup": {"mix": "mixup"},
    "cutmix": {"mix": "cutmix"},
    "strokes": {"simulated_writers": True},
    "fonts": {"fonts": True},
    "fonts+strokes": _BOTH,
}
STANDARD_GENERATED = {
    "{}": {"generated": True},
    "{}+fonts+strokes": {"generated": True, **_BOTH},
    # Classification accuracy score: Ravuri & Vinyals 2019.
    "{} only": {"generated": True, "train": False},
}
# Every image once an epoch; elastic as published is the only augmentation.
ORIGINAL = {REAL: {"augment": "none"}, "real elastic": {"augment": "elastic"}}
ORIGINAL_GENERATED = {
    "{}": {"augment": "none", "generated": True},
    "{} elastic": {"augment": "elastic", "generated": True},
}
_RIVALS = {
    "fonts+strokes": _BOTH,
    "fonts+strokes randaugment": {**_BOTH, "more": "randaugment"},
    f"{WIDE}+fonts+strokes": {**_BOTH, "rival": WIDE},
}
# Without other images no image of an unwritten character is seen.
_UNWRITTEN = {
    "strokes": {"simulated_writers": True},
    "fonts": {"fonts": True},
    **_RIVALS,
    # The real thing in place of generated images: what no generator is better than.
    "own+fonts+strokes": {**_BOTH, "own": True},
}
_OTHER_DOMAIN = {
    CLASSICAL: {},
    **_RIVALS,
    f"{SCANNED}+fonts+strokes": {**_BOTH, "rival": SCANNED},
}
_BESIDE = {
    "{}": {"generated": True},
    "{}+fonts+strokes": {"generated": True, **_BOTH},
}
PRESETS = {
    "standard": (STANDARD, STANDARD_GENERATED),
    "original": (ORIGINAL, ORIGINAL_GENERATED),
    UNWRITTEN: (_UNWRITTEN, _BESIDE),
    OTHER_DOMAIN: (_OTHER_DOMAIN, _BESIDE),
}
# What an arm needs, and the flag of the experiment that gives it.
NEEDS = {"fonts": "--fonts", "simulated_writers": "--simulated_writers"}
_WIDE_FLAG = "--wide_writers"


def preset_arms(preset, generators, augment=AUGMENT, rivals=()):
    """All arms of a preset, {arm: its settings}.

    Args:
        preset: one of `PRESETS`.
        generators: names of generators, or tuples of names whose sets are in one arm.
        augment: the augmentations of arms that name none.
        rivals: names of the `--rival`s; each is in an arm of its own, and beside each
            generator.

    `"generated"` of an arm names its generators, `"rival"` its rival.
    """
    common, of_a_generator = PRESETS[preset]
    arms = dict(common)
    for rival in rivals:
        arms[f"{rival}+fonts+strokes"] = {**_BOTH, "rival": rival}
    for names in generators:
        names = (names,) if isinstance(names, str) else tuple(names)
        title = "+".join(names)
        for name, arm in of_a_generator.items():
            arms[name.format(title)] = {**arm, "generated": names}
        for rival in rivals:
            name = f"{title}+{rival}+fonts+strokes"
            arms[name] = {**_BOTH, "rival": rival, "generated": names}
    found = {}
    for name, arm in arms.items():
        own = ",".join(filter(None, (arm.get("augment", augment), arm.get("more"))))
        found[name] = {**arm, "augment": own}
        found[name].pop("more", None)
    return found


def choose(arms, names, given):
    """Those of the arms that are named or, without names, have data.

    Args:
        arms: see `preset_arms`.
        names: of the arms to run, or empty.
        given: {need: whether there is data for it}, see `NEEDS`; `WIDE`, too.

    Raises:
        InputError: there is no such arm, or no data for it.
    """
    lacking = {}
    for name, arm in arms.items():
        needed = [
            flag for need, flag in NEEDS.items() if arm.get(need) and not given[need]
        ]
        if arm.get("rival") == WIDE and not given.get(WIDE):
            needed.append(_WIDE_FLAG)
        lacking[name] = needed
    for name in names:
        if name not in arms:
            raise InputError(
                f"--arms: there is no arm {name!r}; choose from {', '.join(arms)}."
            )
        if lacking[name]:
            raise InputError(
                f"--arms: the arm {name!r} needs {lacking[name][0]}; give it, or leave "
                "the arm out."
            )
    chosen = names or [name for name in arms if not lacking[name]]
    return {name: arm for name, arm in arms.items() if name in chosen}


def choose_arms(settings):
    """The arms of the experiment; InputError if two have one name. See `choose`."""
    of_flags = settings.generators
    names = [name for named in of_flags.values() for name in named]
    rivals = [text.partition("=")[0] for text in settings.rival]
    common, _ = PRESETS[settings.preset]
    taken = [*common, WIDE, SCANNED, *rivals]
    for name in names + rivals:
        if (names + taken).count(name) > 1 or (name in taken and name not in rivals):
            raise InputError(
                f"--generated, --generator, --rival: the name {name} is taken; choose "
                "another."
            )
    groups = [*of_flags["generated"], *of_flags["generator"]]
    if len(settings.hands) > 1:
        pairs = zip(*[iter(of_flags["generator"])] * len(settings.hands), strict=True)
        groups += pairs
    arms = preset_arms(settings.preset, groups, settings.augment, rivals)
    given = {n: bool(getattr(settings, n)) for n in NEEDS}
    given[WIDE] = bool(settings.wide_writers)
    return choose(arms, settings.arms, given)


def training_values(arm, data, real_share=None):
    """Settings of train_classifier for an arm with an amount of real handwriting.

    Args:
        arm: one of `preset_arms`.
        data: {"train": manifest or None; "fonts": list of paths; "simulated_writers":
            number; "generated": {generator: path}}, and perhaps {"rivals": {name:
            path}; "own": manifest of what the writers wrote besides, or None}.
        real_share: share of real images in arms with other images.

    Returns:
        A dict; None if the arm has no image with this amount, or equals the arm without
        real handwriting.
    """
    real = data["train"] if arm.get("train", True) else None
    sets = [data["generated"].get(name) for name in arm.get("generated", ())]
    if arm.get("rival"):
        sets.append(data.get("rivals", {}).get(arm["rival"]))
    if arm.get("own"):
        sets.append(data.get("own"))
    if None in sets:
        return None
    simulated = arm.get("simulated_writers")
    values = {
        "train": [] if real is None else [str(real)],
        "fonts": data["fonts"] if arm.get("fonts") else [],
        "simulated_writers": data["simulated_writers"] if simulated else 0,
        "generated": [str(path) for path in sets],
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
