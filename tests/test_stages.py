"""What the stages of a generator begin with."""

import pathlib

import pytest

from experiments import train_diffusion, train_generator
from hwgen_keras.errors import InputError
from hwgen_keras.training import stages

pytestmark = pytest.mark.backend_free

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


def test_what_has_its_weights_or_needs_none_begins():
    before = {"generator_weights": "a", "discriminator_weights": "b"}
    assert walked(train_generator, stage="step3", **before)
    assert walked(train_diffusion, stage="step3", generator_weights="a")
    assert walked(train_generator, stage="step1")
    # A run that an earlier version began without weights.
    assert walked(train_generator, stage="step2", run_dir="runs/a", resume=True)
