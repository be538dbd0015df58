"""The four training stages of a generator: order, data, pictures."""

import pathlib

import keras
import numpy as np

from hwgen_keras import evaluation, inputs
from hwgen_keras.characters import Knowledge
from hwgen_keras.data import PairSampler, feed
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.models import averaged, take_averages
from hwgen_keras.training.devices import distributed
from hwgen_keras.training.feeds import feed_maker
from hwgen_keras.training.generator_networks import condition_class
from hwgen_keras.training.loop import fit
from hwgen_keras.training.run import Run, set_up
from hwgen_keras.training.settings import STAGES

BASE_EPOCHS = 300


def walk(settings, train_stage):
    """Trains the stage of `--stage`, or all four, each from the one before.

    Args:
        settings: of the script.
        train_stage: a function (settings, model of the stage before or None) → (path of
            generator.keras, model or None).

    Returns:
        The path of the last generator.keras.

    Raises:
        InputError: a stage after the first has no weights, and no `--from_scratch`.
    """
    inputs.check_given(settings, needs(settings.stage))
    if settings.stage != "all":
        check_begin(settings)
        return train_stage(settings, None)[0]
    if settings.run_dir is None:
        raise InputError("--stage=all needs --run_dir, the folder of the four runs.")
    folder, model = pathlib.Path(settings.run_dir), None
    weights: dict[str, str] = {}
    for stage in STAGES:
        begun = (folder / stage / "config.json").exists()
        stage_settings = settings.replace(
            stage=stage,
            run_dir=str(folder / stage),
            resume=settings.resume and begun,
            **weights,
        )
        path, model = train_stage(stage_settings, model)
        weights = dict.fromkeys(weights_of(settings), str(path.parent))
        if settings.steps is None:
            model = None  # The next stage is longer or shorter, and so its schedule.
    return path


def weights_of(settings):
    """The names of the settings that hold a script's weights of the stage before."""
    names = ("generator_weights", "discriminator_weights")
    return [name for name in names if hasattr(settings, name)]


def check_begin(settings):
    """Raises InputError if a stage lacks weights, unless a run began without them."""
    missing = [n for n in weights_of(settings) if getattr(settings, n) is None]
    first = settings.stage == STAGES[0]
    if missing and not (first or settings.from_scratch or settings.resume):
        before = STAGES[STAGES.index(settings.stage) - 1]
        raise InputError(
            f"--stage={settings.stage} goes on from the weights of {before}: give "
            f"{' and '.join(f'--{name}' for name in missing)}, or --from_scratch to "
            "begin with new networks."
        )


def train_stage(
    script, settings, model, make_model, draw_probes, notes=None, save=None
):
    """Trains one of the four stages in its own run folder.

    Args:
        script: name of the script, for the run folder.
        settings: of the script, `stage` one of `STAGES`.
        model: the compiled model of the stage before, so that its step is not compiled
            again; or None.
        make_model: a function, (settings, `Knowledge`, steps, jit) → compiled model
            with a `generator`.
        draw_probes: a function, (model, batch) → {title: generated images}.
        notes: optional function, model → dict for config.json.
        save: optional function, (run, model), that saves more than the generator.

    Returns:
        The path of generator.keras and the model (None if the stage was complete).
    """
    with Run(f"{script}-{settings.stage}", settings) as run, distributed(run):
        if (run.folder / "generator.keras").exists():
            print(f"{settings.stage} is complete.")
            return run.folder / "generator.keras", None
        # `fit` seeds the random layers of a model that continues; to seed TensorFlow
        # would make it trace the compiled step again.
        jit = set_up(settings) if model is None else None
        store, sampler, knowledge = load_data(settings)
        run.record(knowledge)
        steps = settings.steps or (
            BASE_EPOCHS * sampler.rows_per_epoch // settings.batch_size
        )
        if model is None:
            model = make_model(settings, knowledge, steps, jit)
        else:
            forget_momentum(model.optimizer)
        if notes is not None:
            run.note(**notes(model))
        fit_generator(run, model, store, sampler, steps, draw_probes)
        if save is not None:
            save(run, model)
        path = run.finish(model.generator, "generator.keras")
        print(f"{settings.stage} done. Saved {path}", flush=True)
        return path, model


def needs(stage):
    """The settings that name a stage's images."""
    return ("fonts",) if stage in ("step1", "step2") else ("fonts", "handwriting")


def load_data(settings):
    """The image store of a stage, its sampler, and the `Knowledge` of both."""
    hands = {}
    if "handwriting" in needs(settings.stage):
        hands["handwriting"] = settings.handwriting
        hands["simulated_writers"] = settings.simulated_writers
    store = inputs.load_store(settings, fonts=settings.fonts, **hands)
    condition, tokenizer = condition_class(settings), None
    # CLIP's loss reads structures, too.
    if settings.clip_weights or getattr(condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(settings, store.characters)
    sampler = PairSampler(
        store,
        settings.stage,
        tokenizer,
        seed=settings.seed,
        style_reference=settings.style_reference,
        reference_font=settings.reference_font,
        follow_forms=settings.follow_forms,
        condition=condition,
    )
    return store, sampler, Knowledge(store.characters, tokenizer)


def fit_generator(run, model, store, sampler, steps, draw_probes, extra=(), kind=None):
    """Trains a compiled model on a sampler's rows; its weights end as their averages.

    Args:
        run, steps, extra: see `fit`.
        model: compiled and built; it has a `generator`.
        store, sampler, kind: see `feed`.
        draw_probes: see `train_stage`.
    """
    settings, kinds = run.settings, {} if kind is None else {"kind": kind}
    make_feed = feed_maker(settings, store, sampler, None, **kinds)
    batch = feed(store, sampler, 12, 1, kind="python")[0]

    def draw(model):
        columns = {"content": batch["content"], "style": batch["style"]}
        if not np.array_equal(batch["style"], batch["target"]):
            columns["target"] = batch["target"]
        with averaged(model):
            columns |= draw_probes(model, batch)
        columns = {title: to_uint8(images) for title, images in columns.items()}
        return evaluation.contact_sheet(columns, blocks=2)

    title = getattr(settings, "stage", None)
    fit(run, model, make_feed, steps, draw, title, extra)
    take_averages(model)


def forget_momentum(optimizer):
    """Resets the state of an optimizer, except learning rates and loss scale."""
    for variable in optimizer.variables:
        if variable.name not in ("learning_rate", "dynamic_scale"):
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
