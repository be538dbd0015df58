"""What the stages of a generator begin with."""

import pathlib
import types

import keras
import networks
import numpy as np
import pytest
from networks import BACKEND

from experiments import train_diffusion, train_generator
from hwgen_keras.characters import CharacterSet, Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.training import generator_networks, stages

KNOWLEDGE = Knowledge(CharacterSet("four", "あいうえ"), networks.tokenizer())
DATA = {"fonts": ("fonts",), "handwriting": ("train.json",), "clip_weights": "clip"}
BEFORE = {"step2": "step1", "step3": "step2", "step_end": "step3"}


def walked(script, **values):
    """The settings of each stage that `walk` trains, without training."""
    seen = []

    def train_stage(settings, model):
        seen.append(settings)
        return pathlib.Path("generator.keras"), None

    stages.walk(script.Settings(**DATA, **values), train_stage)
    return seen


@pytest.mark.backend_free
@pytest.mark.parametrize("stage", BEFORE)
@pytest.mark.parametrize(
    ("script", "given", "missing"),
    [
        (
            *(train_generator, {}),
            "--generator_weights and --discriminator_weights",
        ),
        (
            *(train_generator, {"generator_weights": "before"}),
            "--discriminator_weights",
        ),
        (train_diffusion, {}, "--generator_weights"),
    ],
    ids=["generator", "discriminator", "diffusion"],
)
def test_a_later_stage_begins_anew_only_on_purpose(script, given, missing, stage):
    with pytest.raises(InputError) as error:
        walked(script, stage=stage, **given)
    assert str(error.value) == (
        f"--stage={stage} goes on from the weights of {BEFORE[stage]}: give {missing}, "
        "or --from_scratch to begin with new networks."
    )
    (settings,) = walked(script, stage=stage, from_scratch=True, **given)
    assert settings.stage == stage


@pytest.mark.backend_free
def test_what_has_its_weights_or_needs_none_begins():
    before = {"generator_weights": "a", "discriminator_weights": "b"}
    assert walked(train_generator, stage="step3", **before)
    assert walked(train_diffusion, stage="step3", generator_weights="a")
    assert walked(train_generator, stage="step1")
    # A run that an earlier version began without weights.
    assert walked(train_generator, stage="step2", run_dir="runs/a", resume=True)


@pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
def test_both_networks_of_the_stage_before_go_on(tmp_path):
    trained = networks.clip()
    trained.build()
    trained.save(tmp_path / "clip.keras")
    settings = train_generator.Settings(
        **{"size": "tiny", "image_size": 32, "mode": "adain"},
        clip_weights=str(tmp_path),
    )
    before = generator_networks.style_transfer(settings, KNOWLEDGE, 2, False)
    for network, name in (
        (before.generator, "generator"),
        (before.discriminator, "discriminator"),
    ):
        networks.draw_weights(network)
        network.save(tmp_path / f"{name}.keras")
    weights = dict.fromkeys(stages.weights_of(settings), str(tmp_path))
    assert weights.keys() == {"generator_weights", "discriminator_weights"}
    settings = settings.replace(**weights)
    model = generator_networks.style_transfer(settings, KNOWLEDGE, 2, False)
    for part in ("generator", "discriminator"):
        pair = [getattr(m, part).get_weights() for m in (before, model)]
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_stage_forgets_the_momentum_of_the_one_before():
    optimizer = keras.optimizers.Adam(0.25)
    weight = keras.Variable(np.ones(3, "float32"))
    optimizer.build([weight])
    optimizer.apply([keras.ops.ones(3)], [weight])
    stages.forget_momentum(optimizer)
    values = {v.name: keras.ops.convert_to_numpy(v) for v in optimizer.variables}
    assert values.pop("learning_rate") == 0.25 and len(values) == 3
    assert not any(np.any(value) for value in values.values())


def test_a_generator_ends_as_the_average_of_its_weights(monkeypatch):
    done = []
    monkeypatch.setattr(stages, "fit", lambda run, model, *_: done.append("fit"))
    monkeypatch.setattr(stages, "take_averages", done.append)
    monkeypatch.setattr(stages, "feed", lambda *_, **__: [{}])
    settings = types.SimpleNamespace(distribute="none", batch_size=2, stage="step1")
    run = types.SimpleNamespace(settings=settings)
    stages.fit_generator(run, "model", None, None, 5, None)
    assert done == ["fit", "model"]
