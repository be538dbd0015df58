"""The script that trains a diffusion model, for two steps on tiny data."""

import json
import signal
import types

import keras
import numpy as np
import pytest
from networks import BACKEND, image_encoder
from PIL import Image

from experiments import flags, train_diffusion
from hwgen_keras import inputs, training
from hwgen_keras.characters import character_set
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.inputs.settings import Structures
from hwgen_keras.models import (
    CLIP,
    SIZES,
    DiffusionGenerator,
    ImageTower,
    TextEncoder,
    TextTower,
    load_trained,
)
from hwgen_keras.training import callbacks, stages

# Compiling the networks takes the other backends minutes; they have them compiled in
# test_diffusion and test_diffusion_training. TensorFlow has one stage, no pictures:
# test_generate_diffusion compiles the sampler.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
two_backends = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")

# What no two runs have in common.
RATES = ("steps_per_second", "images_per_second", "data_wait")
TINY = {
    "size": "tiny",
    "image_size": 16,
    "batch_size": 4,
    "steps": 2,
    "interval": 2,
    "cache": "",
}


def call(**values):
    """`main` with these settings."""
    return flags.call(train_diffusion, TINY, **values)


@pytest.fixture(scope="module", autouse=True)
def one_level():
    """Steps take half as long, and test_unet has two levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES["tiny"]["unet"], "multipliers", (1,))
        yield


@pytest.fixture
def blank_pictures(monkeypatch):
    """Twenty steps of a sampler cost more than a whole run."""
    monkeypatch.setattr(training, "denoising_probes", lambda model, batch: {})


def quick_probes(model, batch, draw=training.denoising_probes):
    """The script's own pictures, in fewer than twenty steps of the sampler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.generator, "steps", 2)
        return draw(model, batch)


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_font, characters):
    """All four stages with an embedding."""
    folder = tmp_path_factory.mktemp("diffusion")
    file = folder / "characters.txt"
    file.write_text("\n".join(characters) + "\n", encoding="utf-8")
    data = {
        "characters": str(file),
        "fonts": [str(tiny_font)],
        "simulated_writers": 2,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "denoising_probes", quick_probes)
        if BACKEND != "torch":
            patch.setattr(training, "denoising_probes", lambda model, batch: {})
            patch.setattr(stages, "STAGES", ("step_end",))
        generator = call(
            **data,
            condition="embedding",
            style_reference="writer",
            style_attention=True,
            ema=0.5,
            run_dir=str(folder / "run"),
        )
    return types.SimpleNamespace(folder=folder, data=data, generator=generator)


def history(folder):
    lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in RATES} for row in rows]


@two_backends
def test_the_four_stages_leave_weights_logs_and_pictures(run):
    assert run.generator == run.folder / "run" / "step_end" / "generator.keras"
    outputs = []
    for stage in stages.STAGES if BACKEND == "torch" else ["step_end"]:
        folder = run.folder / "run" / stage
        assert list((folder / "logs").glob("events.*"))
        if BACKEND == "torch":
            with Image.open(folder / "samples" / "step-00000002.png") as image:
                assert np.asarray(image).std() > 10
        config = json.loads((folder / "config.json").read_text("utf-8"))["flags"]
        assert (config["stage"], config["condition"]) == (stage, "embedding")
        (row,) = history(folder)
        assert row["step"] == 2 and 0 < row["loss"] < 10
        # Half a cosine over the two steps, begun anew in each of the four stages.
        assert row["learning_rate"] == pytest.approx(0)
        model = load_trained(folder, DiffusionGenerator, "", "generator.keras")
        outputs.append(model.get_weights())
    # Each stage starts from the one before, and moves on.
    for before, after in zip(outputs, outputs[1:], strict=False):
        moves = [np.abs(a - b).max() for a, b in zip(before, after, strict=True)]
        assert 0 < max(moves) < 0.02


@one_backend
def test_what_it_saves_draws_images(run):
    model = load_trained(run.generator, DiffusionGenerator, "")
    assert model.condition.classes == 6
    assert model.network.style_attention
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    noise = rng.standard_normal((2, 16, 16, 1), "float32")
    given = {"content": x, "style": x, "label": np.array([0, 5]), "noise": noise}
    images = keras.ops.convert_to_numpy(model.sampling(steps=2)(given))
    assert images.shape == x.shape
    assert np.isfinite(images).all() and np.abs(images).max() <= 1


@one_backend
def test_resume_of_all_stages_needs_the_folder_alone(run, capsys):
    folder = str(run.folder / "run")
    settings = train_diffusion.Settings(run_dir=folder, resume=True)
    assert train_diffusion.main(settings) == run.generator
    printed = capsys.readouterr().out
    assert all(f"{stage} is complete." in printed for stage in stages.STAGES)
    settings = training.resumed(settings)
    assert (settings.condition, settings.ema) == ("embedding", 0.5)


@one_backend
@pytest.mark.usefixtures("blank_pictures")
def test_a_resumed_run_equals_one_that_never_stopped(run, tmp_path, monkeypatch):
    arguments = {
        **run.data,
        "condition": "embedding",
        "stage": "step1",
        "steps": 3,
        "interval": 3,
        "ema": 0.5,
    }
    whole = call(**arguments, run_dir=str(tmp_path / "whole")).parent
    count = callbacks.Progress.on_train_batch_end

    def interrupt_at_2(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", interrupt_at_2)
    with pytest.raises(Stopped, match="SIGINT: stopped after step 2 of 3"):
        call(**arguments, run_dir=str(tmp_path / "parts"))
    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", count)
    settings = train_diffusion.Settings(run_dir=str(tmp_path / "parts"), resume=True)
    parts = train_diffusion.main(settings).parent
    # Its only line is the mean over three steps, two of them before the stop.
    assert [row["step"] for row in history(whole)] == [3]
    assert history(parts) == history(whole)
    weights = [
        load_trained(p, DiffusionGenerator, "", "generator.keras").get_weights()
        for p in (whole, parts)
    ]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


@one_backend
@pytest.mark.usefixtures("blank_pictures")
def test_with_clip(run, tmp_path):
    settings = Structures()
    characters = character_set(run.data["characters"]).characters
    tokenizer = inputs.load_tokenizer(settings, characters)
    text = TextEncoder(
        tokenizer.vocabulary_size, tokenizer.length, width=16, depth=1, heads=2
    )
    clip = CLIP(ImageTower(image_encoder(), 16), TextTower(text, 16))
    clip.build()
    clip.save(tmp_path / "clip.keras")
    file = call(
        **run.data,
        stage="step1",
        clip_weights=str(tmp_path),
        run_dir=str(tmp_path / "run"),
    )
    model = load_trained(file, DiffusionGenerator, "")
    assert model.input_names == ("content", "style", "tokens", "noise")
    for a, b in zip(
        model.condition.text_tower.get_weights(),
        clip.text_tower.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


MISTAKES = {
    "no clip": ({"condition": "clip"}, "--clip_weights is needed for --condition=clip"),
    **{
        f"{name} {share}": (
            {name: share},
            f"--{name} is {share}; give 0 or more and less than 1",
        )
        for name, share in (
            ("drop_style", 1.0),
            ("drop_content", -0.1),
            ("drop_condition", 1.5),
        )
    },
    "gamma": ({"min_snr_gamma": -1.0}, "--min_snr_gamma is -1.0; give 0 or more"),
    "stride": (
        {"image_size": 17},
        "--image_size is 17; this generator needs a multiple of 2, such as 16",
    ),
    "ema": ({"ema": 1.0}, "--ema is 1.0; give 0 or more and less than 1"),
    "plateau": ({"schedule": "plateau"}, "--schedule=plateau waits for a loss"),
    "no folder": ({"stage": "all", "run_dir": None}, "--stage=all needs --run_dir"),
    "no handwriting": (
        {"stage": "step3", "simulated_writers": 0},
        "Handwriting is needed: give --handwriting",
    ),
    "another condition": (
        {"generator_weights": "{generator}", "condition": "none"},
        "holds a generator with width 8, multipliers (1,), patch 2, "
        "EmbeddingCondition of 6 characters, style attention on, the schedule cosine "
        "and the "
        "parameterization velocity, but the flags ask for width 8, multipliers (1,), "
        "patch 2, no condition, style attention off",
    ),
    "another parameterization": (
        {
            "generator_weights": "{generator}",
            "style_attention": True,
            "parameterization": "noise",
        },
        "the parameterization noise; give the same --size",
    ),
    "another size": (
        {"generator_weights": "{generator}", "size": "small"},
        "but the flags ask for width 32, multipliers (1, 2, 4)",
    ),
    "missing weights": (
        {"generator_weights": "nowhere"},
        "--generator_weights: there is no file nowhere",
    ),
}


@one_backend
@pytest.mark.parametrize("values, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(run, tmp_path, values, message):
    values = {
        k: str(run.generator) if v == "{generator}" else v for k, v in values.items()
    }
    arguments = {
        **run.data,
        "condition": "embedding",
        "stage": "step1",
        "run_dir": str(tmp_path / "run"),
        **values,
    }
    with pytest.raises(InputError) as error:
        call(**arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
