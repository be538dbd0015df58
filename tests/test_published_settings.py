"""The settings of the size base, as docs/reference/base-settings.md has them."""

import ast
import inspect
import pathlib
import re

import pytest
from networks import BACKEND
from short_runs import Pipeline, fed

from experiments import (
    train_classifier,
    train_clip,
    train_diffusion,
    train_generator,
    train_image_encoder,
    train_text_encoder,
)
from hwgen_keras import losses
from hwgen_keras.characters import character_set
from hwgen_keras.data import stages
from hwgen_keras.models import SIZES, TextEncoder
from hwgen_keras.settings import rules_of
from hwgen_keras.training.plateau import Plateau

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "reference" / "base-settings.md"
ALL = "All trainings"
NEEDED = {
    "train_image_encoder": {"fonts": ("fonts",)},
    "train_text_encoder": {},
    "train_clip": {
        **{"fonts": ("fonts",), "image_weights": "image", "text_weights": "text"}
    },
    "train_generator": {"clip_weights": "clip"},
    "train_diffusion": {"clip_weights": "clip"},
    "train_classifier": {"train": ("train.json",)},
}
SCRIPTS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        *(train_image_encoder, train_text_encoder, train_clip),
        *(train_generator, train_diffusion, train_classifier),
    )
}


def value_of(cell):
    """A cell as Python has it."""
    if cell == "–":
        return None
    try:
        return ast.literal_eval(cell)
    except (SyntaxError, ValueError):
        return cell


def read_page():
    """{heading: {setting: (original, here, why)}}."""
    found = {}
    for heading, text in re.findall(
        r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S
    ):
        rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in text.splitlines()]
        rows = [row for row in rows if len(row) == 4][2:]
        assert len({row[0] for row in rows}) == len(rows)
        found[heading] = {
            name.strip("`"): (value_of(original), value_of(here), why)
            for name, original, here, why in rows
        }
    return found


TABLES = read_page()


def test_a_difference_has_a_reason():
    assert list(TABLES) == [ALL, *SCRIPTS]
    for heading, rows in TABLES.items():
        for name, (original, here, why) in rows.items():
            assert original == here or why, f"{name} of {heading}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_flags_have_the_values_of_the_page(name):
    script = SCRIPTS[name]
    settings = script.Settings(size="base", **NEEDED[name])
    rows = {**TABLES[ALL], **TABLES[name]}
    for row, (_, here, _) in rows.items():
        if row.startswith("--"):
            value = getattr(settings, row[2:])
            assert (value or None if here is None else value) == here, row
    # Everything that the size decides stands there.
    sized = {key for defaults in script.Settings.DEFAULTS.values() for key in defaults}
    assert {f"--{key}" for key in sized} <= rows.keys()
    # No setting of a loss or of the optimizer is left out.
    if name == "train_generator":
        weighty = re.compile("weight$|rate$|distance$|noise$|norm$|augment$|style$")
        named = {f"--{key}" for key in rules_of(script.Settings) if weighty.search(key)}
        assert named <= rows.keys()


@pytest.fixture(scope="module")
def reached(tmp_path_factory, tiny_font, characters, write_manifest):
    """{script: what it gave to `fit`} of the size base, with networks of tiny."""
    folder = tmp_path_factory.mktemp("published")
    pipeline = Pipeline(folder, characters, tiny_font, size="base")
    with pytest.MonkeyPatch.context() as patch:
        for part, arguments in SIZES["tiny"].items():
            patch.setitem(SIZES["base"], part, arguments)
        train, manifest = pipeline.train, write_manifest(folder)
        weights = {"image_weights": "train_image_encoder"}
        weights["text_weights"] = "train_text_encoder"
        clip = {"clip_weights": "train_clip", "stage": "step1", "batch_size": 10}
        # A batch is an epoch: six glyphs and three written characters, ten rows of
        # the font, or twelve images.
        values = {
            "train_image_encoder": {"batch_size": 9},
            "train_text_encoder": {},
            "train_clip": {**weights, "batch_size": 9},
            **{"train_generator": clip, "train_diffusion": clip},
            "train_classifier": {"train": [str(manifest)], "batch_size": 12},
        }
        return {
            name: train(script, name, **values[name])
            for name, script in SCRIPTS.items()
        }


def plateau(reached):
    (callback,) = reached.extra
    assert isinstance(callback, Plateau) and callback.monitor == "loss"
    return callback


def rates(reached):
    """{name of an optimizer: its learning rate}."""
    parts = reached.model.optimizer.optimizers
    return {part.name: pytest.approx(float(part.learning_rate)) for part in parts}


def test_constants_have_the_values_of_the_page(reached):
    image, text, clip, generator, diffusion, classifier = reached.values()
    base, largest = SIZES["base"], losses.adaptive_weight(1e9, 0.0)
    pair = generator.model.optimizer.optimizers
    images = train_classifier.BASE_IMAGES
    dropout = inspect.signature(TextEncoder).parameters["dropout"].default
    found = {
        "train_image_encoder": {
            "epochs": image.steps,
            "network": base["image_encoder"]["architecture"],
        },
        "train_text_encoder": {
            "factor of the plateau": plateau(text).factor,
            "patience of the plateau": plateau(text).patience,
            "epochs": text.steps,
            "rows of a character in an epoch": train_text_encoder.REPEATS,
            "width": base["text_encoder"]["width"],
            "layers": base["text_encoder"]["depth"],
            "heads": base["text_encoder"]["heads"],
            "dropout": dropout,
        },
        "train_clip": {
            "learning rate of the heads": rates(clip)["heads"],
            "factor of the plateau": plateau(clip).factor,
            "patience of the plateau": plateau(clip).patience,
            "epochs": clip.steps,
            "width of the projection": base["projection"],
            "dropout of the projection": base["projection_dropout"],
            "temperature": clip.model.temperature,
        },
        "train_generator": {
            "Adam's betas": (pair[0].beta_1, pair[0].beta_2),
            "Adam's epsilon": pair[0].epsilon,
            "epochs of a stage": generator.steps,
            # There is one font.
            "rows of a source of targets in an epoch": (
                fed(generator).sampler.rows_per_epoch
            ),
            "added to the norm below λ": 1 / float(losses.adaptive_weight(1.0, 0.0)),
            "largest λ": float(largest),
            "width": base["generator"]["width"],
            "multipliers": base["generator"]["multipliers"],
            "widths of the discriminator": base["discriminator"]["widths"],
            "share of rows without the condition": stages.DROP_CONDITION_SHARE,
            "share of turned pairs": stages.ROTATED_SHARE,
            "largest angle": stages.LARGEST_ANGLE,
            "fixed margin, of 256 px": 256 * stages.FIXED_MARGIN,
            "random margins, of 256 px": tuple(
                256 * margin for margin in stages.RANDOM_MARGINS
            ),
        },
        "train_diffusion": {"epochs of a stage": diffusion.steps},
        "train_classifier": {
            "epochs of the training images of ETL": (
                train_classifier.base_steps(images, images)
            ),
            "training images of ETL": images,
            "fewest epochs": train_classifier.base_steps(10**9, 10**9),
            "network": base["classifier"]["architecture"],
        },
    }
    for name, values in found.items():
        rows = {k: row for k, row in TABLES[name].items() if k[:2] != "--"}
        assert {k: row[1] for k, row in rows.items()} == values, name
    # A reading once an epoch of the data, which is shorter than a batch here.
    assert plateau(text).every == plateau(clip).every == 1
    # Twelve images for as many epochs as make 100 of the original's.
    assert classifier.steps == 100 * 611_768 // 12


def test_optimizers_have_the_rates_of_the_page(reached):
    assert rates(reached["train_generator"]) == dict.fromkeys(
        ("discriminator", "generator"), 4.5e-6
    )
    assert rates(reached["train_clip"]) == {"heads": 1e-3, "encoders": 1e-4}
    for name in ("train_image_encoder", "train_text_encoder", "train_classifier"):
        optimizer = reached[name].model.optimizer
        assert float(optimizer.learning_rate) == pytest.approx(1e-4)
        assert (optimizer.beta_1, optimizer.beta_2) == (0.9, 0.999)


def test_the_text_encoder_sees_every_character_ten_times_an_epoch():
    settings = train_text_encoder.Settings(size="base")
    rows = train_text_encoder.REPEATS * len(character_set(settings.characters))
    # 200 epochs of 60 batches of 512.
    assert train_text_encoder.base_steps(rows, settings.batch_size) == 12_000
