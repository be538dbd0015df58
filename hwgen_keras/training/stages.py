"""What the trainings of all generators share: the four steps, their data and probes."""

import copy
import pathlib

from experiments.flags import common

STEPS = ("step1", "step2", "step3", "step_end")
FLAGS = (
    *("clip_weights", "fonts", "handwriting", "simulated_writers", "characters"),
    *("reference_font", "skip_unknown_characters", "writer_pattern"),
    *("structure_file", "image_size", "cache"),
)
EXTRA = {
    "step": (
        common.flags.DEFINE_enum,
        "all",
        [*STEPS, "all"],
        "Which of the four training steps; --steps counts for each of them.",
    ),
    "ema": (
        common.flags.DEFINE_float,
        None,
        "Momentum of the moving average of the generator's weights, which is what is "
        "shown and saved; 0 as published (base): none. Default of tiny and small: "
        "1 - 4 / steps, an average over the last quarter of the run.",
    ),
    "style_reference": (
        common.flags.DEFINE_enum,
        "target",
        ["target", "writer"],
        "The style image: the target itself, as published, or another character by "
        "the same hand.",
    ),
    "follow_forms": (
        common.flags.DEFINE_boolean,
        None,
        "Whether the content image is bent by how the hand of the target leans and "
        "stretches characters more than its own, as generate does it; default of "
        "--style_reference=writer.",
    ),
}
BASE_EPOCHS = 300


def walk(options, train_step):
    """Takes the step that `--step` names, or all four, each from the one before.

    Args:
        options: of the script, checked.
        train_step: a function (options, the model that the step before left or
            None) → (path of generator.keras, model or None).

    Returns:
        The path of the last generator.keras.
    """
    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import loading as inputs

    inputs.check_given(options, needs(options.step))
    if options.follow_forms is None:
        options.follow_forms = options.style_reference == "writer"
    if options.step != "all":
        return train_step(options, None)[0]
    if options.run_dir is None:
        raise InputError("--step=all needs --run_dir, where the four runs go.")
    folder, weights, model = pathlib.Path(options.run_dir), None, None
    for step in STEPS:
        part = copy.copy(options)
        part.step, part.run_dir = step, str(folder / step)
        if weights is not None:
            for name in ("generator_weights", "discriminator_weights"):
                if hasattr(part, name):
                    setattr(part, name, str(weights))
        part.resume = options.resume and (folder / step / "config.json").exists()
        path, model = train_step(part, model)
        weights = path.parent
        if options.steps is None:
            model = None  # The next step is longer or shorter, and so its schedule.
    return path


def train_step(script, options, model, make_model, probe_sheet, notes=None, save=None):
    """One of the four steps in a run folder of its own.

    Args:
        script: name of the script, for the run folder.
        options: of the script, `step` one of `STEPS`.
        model: what the step before left, to go on with instead of loading its
            weights: its compiled step is compiled once. Or None.
        make_model: a function, (options, number of characters, jit) → compiled model
            with a `generator`.
        probe_sheet: see `fit`.
        notes: optional function, model → dict for config.json.
        save: optional function, (run, model), that saves more than the generator.

    Returns:
        The path of generator.keras and the model (None if there was nothing to do).
    """
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import distributed

    with training.Run(f"{script}-{options.step}", options) as run, distributed(run):
        if (run.folder / "generator.keras").exists():
            print(f"{options.step} is complete.")
            return run.folder / "generator.keras", None
        # A model that goes on draws from seeds of its own, which `training.fit` sets;
        # to seed TensorFlow would make it prepare the compiled step once more.
        jit = common.set_up(options) if model is None else None
        store, sampler = load_data(options)
        if model is None:
            model = make_model(options, len(store.characters), jit)
        else:
            forget_momentum(model.optimizer)
        if notes is not None:
            run.note(**notes(model))
        fit(run, model, store, sampler, probe_sheet)
        if save is not None:
            save(run, model)
        return finish(run, model), model


def needs(step):
    """What a step takes its images from."""
    hands = step in ("step3", "step_end", "all")
    return ("fonts", "handwriting") if hands else ("fonts",)


def load_data(options):
    """The image store of a step and its sampler; fills in `--steps` if it is open."""
    from hwgen_keras.data import PairSampler
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.training.networks import condition_class

    need = needs(options.step)
    store = inputs.load_store(options, need, handwriting="handwriting" in need)
    condition, tokenizer = condition_class(options), None
    # CLIP's loss reads structures, too.
    if options.clip_weights or getattr(condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(options, store.characters)
    sampler = PairSampler(
        store,
        options.step,
        tokenizer,
        seed=options.seed,
        style_reference=options.style_reference,
        reference_font=options.reference_font,
        follow_forms=options.follow_forms,
        condition=condition,
    )
    if options.steps is None:
        options.steps = BASE_EPOCHS * sampler.rows_per_epoch // options.batch_size
    return store, sampler


def fit(run, model, store, sampler, probe_sheet):
    """Trains a compiled model on the rows of a sampler; it ends with its averages.

    Args:
        run: the `training.Run`.
        model: compiled and built; it has a `generator`.
        store, sampler: of `load_data`.
        probe_sheet: a function, batch → function, model → picture.
    """
    from hwgen_keras.data import feed
    from hwgen_keras.models import take_averages
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import share

    options = run.options

    def make_feed(first, steps):
        return feed(store, sampler, steps=steps, start_step=first, **share(options))

    draw = probe_sheet(feed(store, sampler, 12, 1, kind="python")[0])
    training.fit(run, model, make_feed, draw, title=options.step)
    take_averages(model)


def finish(run, model):
    """Saves the generator and the last measures of a run; returns its path."""
    from hwgen_keras.training import run as training

    path = run.save(model.generator, "generator.keras")
    history = training.read_history(run)
    run.write_json("metrics.json", {k: v[-1] for k, v in history.items()})
    print(f"{run.options.step} done. Saved {path}", flush=True)
    return path


def forget_momentum(optimizer):
    """Brings an optimizer to the state of a new one, but for rates and loss scale."""
    import keras

    for variable in optimizer.variables:
        if variable.name not in ("learning_rate", "dynamic_scale"):
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def check_ema(options):
    """Fills in `--ema`: the average has the length that docs/explanation/quality.md found to help.

    Raises:
        InputError: it is not in [0, 1).
    """
    from hwgen_keras.errors import InputError

    if options.ema is None:
        # Of a base run the length is not known yet; its published value is 0.
        options.ema = max(0.0, 1 - 4 / options.steps)
    if not 0 <= options.ema < 1:
        raise InputError(
            f"--ema is {options.ema}; give a momentum from 0 (off) to below 1."
        )


def probe_columns(batch):
    """The given images of a picture of probes: content, style and, if other, target."""
    import numpy as np

    columns = {"content": batch["content"], "style": batch["style"]}
    if not np.array_equal(batch["style"], batch["target"]):
        columns["target"] = batch["target"]
    return columns
