"""Settings of the scripts reach the optimizer, the data and the callbacks of `fit`."""

import re
import types

import numpy as np
import pytest
from networks import BACKEND
from short_runs import Pipeline, fed

from experiments import (
    adapt_hand,
    train_classifier,
    train_clip,
    train_diffusion,
    train_generator,
    train_image_encoder,
    train_text_encoder,
)
from hwgen_keras import data, losses, training
from hwgen_keras.models import AveragingAdam
from hwgen_keras.training import optimizers

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

# No default, and no two numbers alike, so that a mix-up shows.
COMMON = {
    **{"steps": 40, "batch_size": 5, "learning_rate": 0.25, "clip_norm": 3.0},
    **{"accumulate": 2, "warmup_steps": 8, "schedule": "cosine", "seed": 7},
    "dtype_policy": "mixed_bfloat16",
}


@pytest.fixture(scope="module")
def reached(tmp_path_factory, tiny_font, characters, write_manifest):
    """{script: what it gave to `fit`}, with the settings `COMMON`."""
    folder = tmp_path_factory.mktemp("hand-overs")
    pipeline = Pipeline(folder, characters, tiny_font, simulated_writers=2)
    manifest, augment = str(write_manifest(folder)), {"augment": "affine,elastic"}
    # The hand wrote three of the six characters.
    train = [manifest, *pipeline.shared["handwriting"]]
    (folder / "validation").mkdir()
    validation = str(write_manifest(folder / "validation"))
    classifier = {"train": train, "validation": validation, "real_share": 0.375}
    clip = {"image_weights": "image_encoder", "text_weights": "text_encoder"}
    generator = {
        **{"clip_weights": "clip", "discriminator_learning_rate": 0.125, "ema": 0.75},
        **{"stage": "step_end", "from_scratch": True, "style_reference": "writer"},
    }
    diffusion = {
        name: generator[name] for name in list(generator) if "disc" not in name
    }
    runs = {
        "image_encoder": (train_image_encoder, augment),
        "text_encoder": (train_text_encoder, {"jit_compile": True}),
        "clip": (train_clip, {**clip, **augment}),
        "generator": (train_generator, generator),
        "diffusion": (train_diffusion, diffusion),
        "classifier": (
            train_classifier,
            {**classifier, **augment, "mix": "cutmix", "label_smoothing": 0.125},
        ),
        "smoothed": (train_classifier, {"train": train, "label_smoothing": 0.375}),
        # What stroke writers learn beside a hand is theirs alone.
        "hand": (
            adapt_hand,
            {"generator_weights": "generator", "simulated_writers": 30},
        ),
    }
    return {
        name: pipeline.train(script, name, **{**COMMON, **values})
        for name, (script, values) in runs.items()
    }


RATES = {
    **dict.fromkeys(("image_encoder", "text_encoder", "classifier"), {"adam": 0.25}),
    **{"clip": {"encoders": 0.25, "heads": 2.5}, "hand": {"adam": 0.25}},
    "generator": {"generator": 0.25, "discriminator": 0.125},
    "diffusion": {"averaging_adam": 0.25},
}


def parts_of(model):
    """{name of an optimizer: it}."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    parts = getattr(optimizer, "optimizers", [optimizer])
    # Keras numbers those without a name.
    return {re.sub(r"_\d+$", "", part.name): part for part in parts}


@pytest.mark.parametrize("name", RATES)
class TestEveryTraining:
    def test_the_optimizer(self, reached, name):
        parts = parts_of(reached[name].model)
        assert parts.keys() == RATES[name].keys()
        for key, part in parts.items():
            assert part.global_clipnorm == 3.0
            assert part.gradient_accumulation_steps == 2
            # Up to the rate in 8 batches, then down to 0 at the last.
            rate, schedule = RATES[name][key], part._learning_rate
            rates = [float(schedule(step)) for step in (0, 4, 8, 24, 40)]
            shares = [0, 0.5, 1, 0.5, 0]
            np.testing.assert_allclose(rates, np.multiply(rate, shares), atol=1e-6)

    def test_steps_precision_and_data(self, reached, name):
        one, given = reached[name], fed(reached[name])
        assert one.steps == 40
        assert one.model.dtype_policy.name == "mixed_bfloat16"
        assert one.model.jit_compile is (name == "text_encoder")
        assert given.batch_size == 5 and given.sampler.seed == 7
        assert (given.start_step, given.steps, given.shard) == (3, 2, (0, 1))
        assert given.store is getattr(given.sampler, "store", None)


def test_the_heads_of_clip_learn_by_their_own_optimizer(reached):
    for name, part in parts_of(reached["clip"].model).items():
        moments = [v.path for v in part.variables if v.path.endswith("momentum")]
        assert moments
        assert all(("projection_head" in path) == (name == "heads") for path in moments)


@pytest.mark.parametrize("name", ["image_encoder", "clip", "classifier"])
def test_augmentations(reached, name):
    given = fed(reached[name])
    assert given.sampler.affine_strength == 1.0 and given.sampler.elastic
    assert given.augment == data.parse_augmentations("affine,elastic")


def test_averages_of_the_generators(reached):
    for name in ("generator", "diffusion"):
        parts = parts_of(reached[name].model).values()
        averaging = [part for part in parts if isinstance(part, AveragingAdam)]
        assert [part.ema_momentum for part in averaging] == [0.75]
    for name in ("image_encoder", "clip", "hand"):
        assert not any(part.use_ema for part in parts_of(reached[name].model).values())


def test_few_images_of_a_hand_are_fed_by_python(reached):
    assert fed(reached["hand"]).kind == "python"
    assert not hasattr(fed(reached["generator"]), "kind")


def test_rows_of_the_generators(reached):
    for name in ("generator", "diffusion"):
        sampler = fed(reached[name]).sampler
        assert sampler.stage is data.stages.STAGES["step_end"]
        assert sampler.style_reference == "writer"
        # The default of --style_reference=writer.
        assert sampler.forms is not None


def test_what_the_recogniser_sees(reached):
    given = fed(reached["classifier"])
    kinds = given.sampler.kinds
    tables = [given.sampler.epoch(number) for number in range(200)]
    drawn = kinds[np.concatenate([table["image"] for table in tables])]
    shares = {kind: np.mean(drawn == kind) for kind in np.unique(kinds)}
    others = (1 - 0.375) / 2
    expected = {data.FONT: others, data.HANDWRITING: 0.375, training.SIMULATED: others}
    assert shares == pytest.approx(expected, abs=0.02)
    # All characters equally often, whatever there is of each.
    labels = np.concatenate([table["label"] for table in tables])
    assert np.mean(labels < 3) == pytest.approx(0.5, abs=0.02)
    # Parts of images side by side, and not their mean.
    grey = np.repeat(np.arange(4, dtype="float32"), 64).reshape(4, 8, 8, 1)
    image, label = given.outputs(
        {"image": grey, "label": np.arange(4), "seed": np.arange(8).reshape(4, 2)}
    )
    assert np.asarray(label).shape == (4, 6)
    assert set(np.unique(image)) <= {0, 1, 2, 3} and np.ptp(image[1:], (1, 2)).any()


def test_what_the_recogniser_is_measured_by(reached):
    classifier, encoder = reached["classifier"], reached["image_encoder"]
    (best,) = classifier.extra
    assert isinstance(best, training.KeepBest) and best.name == "classifier.keras"
    assert len(best.store) == 12 and set(best.store.kinds) == {data.HANDWRITING}
    assert classifier.model.loss.name == "categorical_crossentropy"
    assert classifier.model.loss.get_config()["label_smoothing"] == 0.125
    smoothed = reached["smoothed"].model.loss
    assert isinstance(smoothed, losses.SmoothedCrossentropy)
    assert smoothed.label_smoothing == 0.375
    assert encoder.model.loss.name == "sparse_categorical_crossentropy"
    assert fed(encoder).outputs == ("image", "label")


def test_steps_of_an_execution_reach_compile():
    """torch itself has but one."""
    seen = {}
    model = types.SimpleNamespace(built=True, compile=seen.update)
    settings = types.SimpleNamespace(steps_per_execution=3)
    optimizers.compile_model(model, settings, "adam", True, loss="loss")
    expected = {"optimizer": "adam", "jit_compile": True, "loss": "loss"}
    assert seen == {**expected, "steps_per_execution": 3}
