"""Settings reach the models of a training, and weights the next stage."""

import inspect

import networks
import pytest

from experiments import adapt_hand, train_diffusion, train_generator
from hwgen_keras.characters import CharacterSet, Knowledge
from hwgen_keras.models import Diffusion, StyleTransfer
from hwgen_keras.settings import rules_of
from hwgen_keras.training import (
    adaptation,
    diffusion_networks,
    generator_networks,
    stages,
)

# No default, and no two numbers alike, so that a mix-up shows.
GENERATOR = {
    **networks.LOSS_WEIGHTS,
    "implicit_trains_style": False,
    "pixel_distance": "pyramid",
    "discriminator_augment": ("cutout",),
    "instance_noise": 0.125,
}
DIFFUSION = {
    "min_snr_gamma": 3.0,
    "drop_content": 0.25,
    "drop_style": 0.375,
    "drop_condition": 0.5,
}
TRAININGS = {
    "generator": (
        *(train_generator, generator_networks.style_transfer),
        *(StyleTransfer, GENERATOR, {"mode": "adain"}),
    ),
    "diffusion": (
        *(train_diffusion, diffusion_networks.diffusion),
        *(Diffusion, DIFFUSION, {"condition": "none"}),
    ),
}


@pytest.mark.parametrize("training", TRAININGS)
def test_every_setting_of_a_model_reaches_it(training, tmp_path):
    script, make_model, kind, values, others = TRAININGS[training]
    clip = tmp_path / "clip.keras"
    trained = networks.clip()
    trained.build()
    trained.save(clip)
    settings = script.Settings(
        **values, **others, size="tiny", image_size=32, clip_weights=str(clip)
    )
    named = set(inspect.signature(kind).parameters)
    assert named & set(rules_of(script.Settings)) == set(values)
    knowledge = Knowledge(CharacterSet("four", "あいうえ"), networks.tokenizer())
    model = make_model(settings, knowledge, 2, False)
    assert {name: getattr(model, name) for name in values} == values


def test_the_pixel_weight_of_a_hand_reaches_its_model():
    settings = adapt_hand.Settings(
        characters="hiragana",
        generator_weights="generator.keras",
        fonts=("fonts",),
        handwriting=("hanako",),
        pixel_weight=3.0,
        steps=2,
        learning_rate=1e-3,
        part="all",
    )
    model, _, _ = adaptation.hand_training(settings, networks.generator(), False)
    assert model.pixel_weight == 3.0


@pytest.mark.backend_free
def test_each_stage_starts_from_the_weights_of_the_one_before(tmp_path):
    seen = []

    def train_stage(settings, model):
        seen.append((settings, model))
        return tmp_path / settings.stage / "generator.keras", settings.stage

    settings = train_generator.Settings(
        stage="all",
        run_dir=str(tmp_path),
        steps=2,
        fonts=("fonts",),
        handwriting=("train.json",),
        clip_weights="clip.keras",
    )
    path = stages.walk(settings, train_stage)
    assert path == tmp_path / "step_end" / "generator.keras"
    names = ["step1", "step2", "step3", "step_end"]
    assert [given.stage for given, _ in seen] == names
    assert [given.run_dir for given, _ in seen] == [str(tmp_path / n) for n in names]
    before = [None, *(str(tmp_path / name) for name in names[:-1])]
    assert [given.generator_weights for given, _ in seen] == before
    assert [given.discriminator_weights for given, _ in seen] == before
    assert [model for _, model in seen] == [None, *names[:-1]]
