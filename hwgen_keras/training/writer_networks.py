"""The stroke writer's network, its training data, and pictures of what it writes."""

import numpy as np

from hwgen_keras.characters import (
    CharacterSet,
    Knowledge,
    StructureTokenizer,
    is_kanji,
)
from hwgen_keras.data import StrokeStore
from hwgen_keras.data.manifest import brief
from hwgen_keras.data.rows import row_generator
from hwgen_keras.errors import InputError
from hwgen_keras.models import (
    SIZES,
    AveragingAdam,
    StrokeDiffusion,
    StrokeTransformer,
    StrokeWriter,
    averaged,
)
from hwgen_keras.sources import Track
from hwgen_keras.sources.fitting.drawing import track_ink
from hwgen_keras.training.generator_networks import (
    condition_class,
    describe_condition,
    load_clip,
    new_condition,
    of_stage_before,
)
from hwgen_keras.training.optimizers import adam, compile_model

# Batches from which the mean and deviation of features are taken.
_ADAPT = 40
# Seed of the first simulated writer that is held out.
HELD_OUT_WRITER = 1_000_000
# Side of the images of sample sheets; their lines may be of any character.
_PICTURE, _ANY = 64, "一"


def track_condition(settings, characters):
    """The arguments of a `TrackSampler` for the condition of `--condition`.

    The structures are those of the package, so that a trained writer needs no file.

    Args:
        settings: of the script.
        characters: the `CharacterSet` of the training.

    Raises:
        InputError: a character has no structure.
    """
    condition = condition_class(settings)
    if condition is None:
        return {}
    if condition.needs != "structure":
        return {"condition": condition}
    tokenizer = StructureTokenizer.for_characters(characters)
    missing = [c for c in characters if c not in tokenizer.structures]
    if missing:
        raise InputError(
            f"--condition={settings.condition}: there is no structure of "
            f"{brief(missing)}; leave them out of --characters, or choose another "
            "condition."
        )
    return {"condition": condition, "tokenizer": tokenizer}


def stroke_diffusion(settings, sampler, steps, jit):
    """A compiled `StrokeDiffusion` as the settings of train_writer describe it.

    Args:
        settings: of the script.
        sampler: the `TrackSampler`, to which the features adapt.
        steps: of the whole training.
        jit: whether to compile with XLA.
    """
    size, policy = SIZES[settings.size]["stroke_transformer"], settings.dtype_policy
    network = StrokeTransformer(
        **size,
        condition=_condition(settings, sampler, size["width"]),
        points=sampler.store.points,
        dtype=policy,
    )
    fresh = StrokeWriter(
        network,
        schedule=settings.noise_schedule,
        parameterization=settings.parameterization,
        dtype=policy,
    )
    advice = "--size, --points, --condition, --noise_schedule and --parameterization"
    writer = of_stage_before(settings, fresh, "generator", _describe, advice)
    if writer is fresh:
        writer.build()
        network.adapt(sampler.batch(step) for step in range(_ADAPT))
    model = StrokeDiffusion(
        writer,
        min_snr_gamma=settings.min_snr_gamma or None,
        drop_hand=settings.drop_hand,
        drop_condition=settings.drop_condition,
        dtype=policy,
    )
    if settings.ema:
        optimizer = adam(settings, steps, kind=AveragingAdam, ema_momentum=settings.ema)
    else:
        optimizer = adam(settings, steps)
    return compile_model(model, settings, optimizer, jit)


def _condition(settings, sampler, width):
    """The condition of a new network of this width, or None."""
    clip, knowledge = None, Knowledge(sampler.store.characters, sampler.tokenizer)
    if settings.condition == "clip":
        remedy = "give a CLIP of the same --characters, without a --structure_file"
        clip = load_clip(settings.clip_weights, sampler.tokenizer, remedy=remedy)
    # A condition is four times as wide as the first level of a generator of images.
    return new_condition(settings, clip, knowledge, width // 4)


def _describe(writer):
    """The architecture in words; weights fit an equal one."""
    network = writer.network
    return (
        f"width {network.width}, {network.depth} blocks, {network.points} points a "
        f"line, {network.features} features, "
        f"{describe_condition(network.condition)}, the schedule {writer.schedule} and "
        f"the parameterization {writer.parameterization}"
    )


def probes_of(sampler, rows):
    """The data of some tracks for `track_probes`, each with strokes of its hand.

    Args:
        sampler: a `TrackSampler`.
        rows: numbers of its tracks.
    """
    rng = row_generator(sampler.seed, 0)
    return sampler.batch_of(np.asarray(rows)[:, None], rng)


def track_probes(batch):
    """A function, model → {title: images} of some tracks, in the hand and in no hand.

    Args:
        batch: of a `TrackSampler`.
    """

    def image(points, radii):
        return np.stack([_drawn(*lines) for lines in zip(points, radii, strict=True)])

    template = np.repeat(batch["template"], 2, axis=1)[:, :-1]
    widths = np.zeros(template.shape[:-1], "float32")
    widths[:, ::2] = np.where(batch["template_mask"][..., None], 0.02, 0)
    columns = {
        "template": image(template, widths),
        "hand": image(batch["points"], batch["radii"]),
    }

    def draw(model):
        writer = model.generator
        shape = *batch["template_mask"].shape, writer.network.features
        noise = np.random.default_rng(0).standard_normal(shape, "float32")
        inputs = {k: v for k, v in batch.items() if k not in ("points", "radii")}
        with averaged(model):
            # Compiled once; a call would compile its loops each time.
            tracks = [
                writer.predict_on_batch({**inputs, "noise": noise, "drop_hand": drop})
                for drop in (np.zeros(len(noise), bool), np.ones(len(noise), bool))
            ]
        written, alone = (image(track["points"], track["radii"]) for track in tracks)
        return columns | {"written": written, "no hand": alone}

    return draw


def _drawn(points, radii):
    """The lines of a character as an image, those far outside at its edges."""
    track = Track(_ANY, np.clip(np.nan_to_num(points), 0, 1), np.clip(radii, 0, 1))
    ink = track_ink(track, _PICTURE, np.ones(track.inked.shape))
    return np.round(255 * (1 - ink)).astype(np.uint8)


def first_of_each_hand(sampler, count):
    """Numbers of `count` tracks of a sampler, of its hands in turn."""
    _, first = np.unique(sampler.sources, return_index=True)
    turns = -(-count // len(first))
    rows = (first[None] + np.arange(turns)[:, None]).ravel()
    return rows[rows < len(sampler.sources)][:count]


def learned_characters(characters, every):
    """The characters without every so many-th kanji; with 0 all.

    Args:
        characters: a `CharacterSet`.
        every: whole number of 0 or more.
    """
    if not every:
        return characters
    left_out = {*[c for c in characters if is_kanji(c)][::every]}
    kept = [c for c in characters if c not in left_out]
    return CharacterSet(f"{characters.name} without every {every}th kanji", kept)


def open_strokes(path, characters, points):
    """The tracks of a stroke store of `--strokes`, of `points` points a line.

    Args:
        path: of the file.
        characters: the `CharacterSet` of `--characters`; others are left out.
        points: of `--points`.

    Raises:
        InputError: there is no such store, it is damaged or has other points, or it has
            no character of the set.
    """
    store = StrokeStore.open(path)
    if store.points != points:
        raise InputError(
            f"--strokes: {path} has {store.points} points a line; give --points="
            f"{store.points}, or make it again with {points}."
        )
    if not any(
        store.characters[label] in characters for label in np.unique(store.labels)
    ):
        raise InputError(f"--strokes: {path} has no character of {characters.name}.")
    store.verify()
    return store.relabel(characters)
