"""The four stages of every generator: their order, their data, their pictures."""

import pathlib

import keras
import numpy as np

from hwgen_keras import evaluation, inputs
from hwgen_keras.data import PairSampler, feed
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.models import averaged, take_averages
from hwgen_keras.training.devices import distributed, share
from hwgen_keras.training.generator_networks import condition_class
from hwgen_keras.training.loop import fit
from hwgen_keras.training.run import Run, set_up
from hwgen_keras.training.settings import STAGES

BASE_EPOCHS = 300


def walk(settings, train_stage):
    """Trains the stage that `--stage` names, or all four, each from the one before.

    Args:
        settings: of the script.
        train_stage: a function (settings, the model that the stage before left or
            None) → (path of generator.keras, model or None).

    Returns:
        The path of the last generator.keras.
    """
    inputs.check_given(settings, needs(settings.stage))
    if settings.stage != "all":
        return train_stage(settings, None)[0]
    if settings.run_dir is None:
        raise InputError("--stage=all needs --run_dir, where the four runs go.")
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
        names = ("generator_weights", "discriminator_weights")
        weights = {n: str(path.parent) for n in names if hasattr(settings, n)}
        if settings.steps is None:
            model = None  # The next stage is longer or shorter, and so its schedule.
    return path


def train_stage(
    script, settings, model, make_model, draw_probes, notes=None, save=None
):
    """One of the four stages in a run folder of its own.

    Args:
        script: name of the script, for the run folder.
        settings: of the script, `stage` one of `STAGES`.
        model: what the stage before left, to continue with instead of loading its
            weights: its compiled step is compiled once. Or None.
        make_model: a function, (settings, number of characters, steps, jit) →
            compiled model with a `generator`.
        draw_probes: a function, (model, batch) → {title: images} of generated images.
        notes: optional function, model → dict for config.json.
        save: optional function, (run, model), that saves more than the generator.

    Returns:
        The path of generator.keras and the model (None if the stage was complete).
    """
    with Run(f"{script}-{settings.stage}", settings) as run, distributed(run):
        if (run.folder / "generator.keras").exists():
            print(f"{settings.stage} is complete.")
            return run.folder / "generator.keras", None
        # A model that continues draws from seeds of its own, which `fit` sets; to seed
        # TensorFlow would make it prepare the compiled step once more.
        jit = set_up(settings) if model is None else None
        store, sampler = load_data(settings)
        steps = settings.steps or (
            BASE_EPOCHS * sampler.rows_per_epoch // settings.batch_size
        )
        if model is None:
            model = make_model(settings, len(store.characters), steps, jit)
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
    """What a stage takes its images from."""
    hands = stage in ("step3", "step_end", "all")
    return ("fonts", "handwriting") if hands else ("fonts",)


def load_data(settings):
    """The image store of a stage and its sampler."""
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
    return store, sampler


def fit_generator(run, model, store, sampler, steps, draw_probes, extra=(), kind=None):
    """Trains a compiled model on the rows of a sampler; it ends with its averages.

    Args:
        run: the `Run`.
        model: compiled and built; it has a `generator`.
        store, sampler: of the rows.
        steps: of the training.
        draw_probes: see `train_stage`.
        extra: further callbacks, see `fit`.
        kind: of the feed, see `feed`.
    """
    settings = run.settings

    def make_feed(first, count):
        shared, kinds = share(settings), {} if kind is None else {"kind": kind}
        return feed(store, sampler, steps=count, start_step=first, **shared, **kinds)

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
    """Brings an optimizer to the state of a new one, but for rates and loss scale."""
    for variable in optimizer.variables:
        if variable.name not in ("learning_rate", "dynamic_scale"):
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
