"""Every script for two steps on tiny data, chained as a user would chain them."""

import csv
import json
import signal
import types

import keras
import numpy as np
import pytest
from networks import BACKEND
from PIL import Image

from experiments import (
    evaluate_classifier,
    flags,
    generate,
    train_classifier,
    train_clip,
    train_generator,
    train_image_encoder,
    train_text_encoder,
)
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.models import SIZES, Classifier, load_trained
from hwgen_keras.training import callbacks, resumed, stages

# On JAX test_distribute and test_train_writer do, and test_update compares the steps.
pytestmark = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
CLIP = pytest.param(train_clip, marks=one_backend)
RATES = ("steps_per_second", "images_per_second", "data_wait")  # each run has its own
TINY = {
    "size": "tiny",
    "image_size": 32,
    "batch_size": 4,
    "steps": 2,
    "interval": 1,
    "cache": "",
}


def call(script, **values):
    """`main` of a script with these settings."""
    return flags.call(script, {**TINY, **values})


@pytest.fixture(scope="module")
def chain(tmp_path_factory, tiny_font, characters, request):
    """The runs of all training scripts, each from the one before."""
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    if BACKEND != "torch":
        # Two stages show that each starts from the one before.
        patch.setattr(stages, "STAGES", ("step1", "step_end"))
        # To compile more levels takes longer; test_update does.
        patch.setitem(SIZES["tiny"]["generator"], "multipliers", (1,))
        for name, widths in (
            ("image_encoder", (8,)),
            ("classifier", (8, 8)),
            ("discriminator", (8, 8)),
        ):
            patch.setitem(SIZES["tiny"][name], "widths", widths)
    folder = tmp_path_factory.mktemp("手書き と 空白")
    file = folder / "文字.txt"
    file.write_text("\n".join(characters) + "\n", encoding="utf-8")
    data = {"characters": str(file), "fonts": [str(tiny_font)], "simulated_writers": 2}
    image = call(train_image_encoder, **data, run_dir=str(folder / "image"))
    # Flags that no other test of a script gives.
    plateau = {"schedule": "plateau", "clip_norm": 1.0, "accumulate": 2}
    text = call(train_text_encoder, **data, **plateau, run_dir=str(folder / "text"))
    clip = call(
        train_clip,
        **data,
        image_weights=str(image),
        text_weights=str(text.parent),
        run_dir=str(folder / "clip"),
    )
    generator = call(
        train_generator,
        **data,
        clip_weights=str(clip),
        clip_norm=1.0,
        discriminator_norm="spectral",
        discriminator_augment="translation,cutout,contrast",
        instance_noise=0.1,
        run_dir=str(folder / "generator"),
    )
    return types.SimpleNamespace(
        folder=folder, data=data, image=image, text=text, clip=clip, generator=generator
    )


def test_the_four_stages_leave_weights_logs_and_pictures(chain):
    for stage in stages.STAGES:
        run = chain.folder / "generator" / stage
        assert (run / "generator.keras").is_file()
        assert (run / "discriminator.keras").is_file()
        assert list((run / "logs").glob("events.*"))
        pictures = sorted(p.name for p in (run / "samples").glob("*.png"))
        assert pictures == ["step-00000001.png", "step-00000002.png"]
        config = json.loads((run / "config.json").read_text("utf-8"))
        assert config["flags"]["stage"] == stage
        assert config["notes"]["perceptual_features"].startswith("image encoder of")
        history = (run / "history.jsonl").read_text().splitlines()
        first, last = (json.loads(line) for line in history)
        assert last["step"] == 2
        for name in ("reconstruction", "explicit", "implicit", "discriminator"):
            assert np.isfinite(last[name])
        # Half a cosine over the two steps, begun anew in each of the four stages.
        assert first["learning_rate_generator"] == pytest.approx(5e-4)
        assert last["learning_rate_generator"] == pytest.approx(0)


def test_generated_images_train_and_test_a_recogniser(
    chain, manifest, write_manifest, tmp_path
):
    (others := tmp_path / "others").mkdir()
    generated = call(
        generate,
        **chain.data,
        generator_weights=str(chain.generator),
        count=3,
        output=str(tmp_path / "generated"),
    )
    entries = json.loads(generated.read_text("utf-8"))
    assert list(entries) == list("あいうかきく")
    assert all(len(samples) == 3 for samples in entries.values())
    with Image.open(generated.parent / entries["あ"][0]["path"]) as image:
        assert (image.size, image.mode) == ((32, 32), "L")
    assert entries["あ"][0]["writer"].startswith("pen-")

    run = call(
        train_classifier,
        characters=chain.data["characters"],
        train=[str(manifest)],
        generated=[str(generated)],
        augment="affine",
        mix="cutmix",
        label_smoothing=0.1,
        widths="4,12",
        real_share=0.5,
        validation=str(write_manifest(others)),
        run_dir=str(tmp_path / "classifier"),
    ).parent
    assert "validation_accuracy" in (run / "history.jsonl").read_text()
    assert load_trained(run / "classifier.keras", Classifier, "").encoder.widths == (
        4,
        12,
    )
    summary = call(
        evaluate_classifier,
        characters=chain.data["characters"],
        test=str(manifest),
        arm=[f"both={run}", f"both={run}", f"one={run}"],
        output=str(output := tmp_path / "evaluation"),
    )
    assert [row["arm"] for row in summary] == ["both", "one"]
    assert [row["seeds"] for row in summary] == [2, 1]
    files = "characters.csv", "one/predictions.csv", "one/report.json"
    table, read, report = ((output / name).read_text("utf-8") for name in files)
    counts = {r["character"]: r["images"] for r in csv.DictReader(table.splitlines())}
    assert counts == dict.fromkeys("あいうかきく", "2")
    assert "Δ one" in (output / "characters.html").read_text("utf-8")
    rows = list(csv.DictReader(read.splitlines()))
    assert len(rows) == 12 and {row["true"] for row in rows} == {*counts}
    right = np.mean([row["true"] == row["predicted"] for row in rows])
    assert json.loads(report)["accuracy"] == pytest.approx(right)


@one_backend
def test_generation_that_was_interrupted_goes_on(chain, tmp_path, monkeypatch):
    from hwgen_keras.generation.formats import PngTree

    arguments = {
        **chain.data,
        "generator_weights": str(chain.generator),
        "count": 2,
        "batch_size": 4,
        "part_rows": 4,
    }
    whole = call(generate, **arguments, output=str(tmp_path / "whole")).parent
    write = PngTree.write

    def break_off(self, number, rows, images):
        write(self, number, rows, images)
        if number == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(PngTree, "write", break_off)
    with pytest.raises(KeyboardInterrupt):
        call(generate, **arguments, output=str(tmp_path / "parts"))
    assert not (tmp_path / "parts").exists()
    monkeypatch.setattr(PngTree, "write", write)
    with pytest.raises(InputError, match="parts.partial holds a part of another job"):
        call(generate, **arguments, seed=1, output=str(tmp_path / "parts"))
    parts = call(generate, **arguments, output=str(tmp_path / "parts")).parent
    assert not (tmp_path / "parts.partial").exists()
    names = sorted(p.relative_to(whole) for p in whole.rglob("*.png"))
    assert len(names) == 12
    for name in names:
        assert (whole / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.parametrize("script", [train_image_encoder, CLIP])
def test_a_resumed_run_equals_one_that_never_stopped(
    script, chain, tmp_path, monkeypatch
):
    arguments = {
        **chain.data,
        "augment": "affine",
        "interval": 2,
        "steps": 5,
        "image_weights": str(chain.image),
        "text_weights": str(chain.text),
    }
    whole = call(script, **arguments, run_dir=str(tmp_path / "whole"))
    count = callbacks.Progress.on_train_batch_end

    def interrupt_at_3(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", interrupt_at_3)
    with pytest.raises(Stopped, match="SIGINT: stopped after step 3 of 5"):
        call(script, **arguments, run_dir=str(tmp_path / "parts"))
    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", count)
    settings = script.Settings(run_dir=str(tmp_path / "parts"), resume=True)
    parts = script.main(settings)
    first, second = (
        [
            {k: v for k, v in json.loads(line).items() if k not in RATES}
            for line in (p.parent / "history.jsonl").read_text().splitlines()
        ]
        for p in (whole, parts)
    )
    # The line of step 4 is the mean over both of its steps, one of them before.
    assert [row["step"] for row in first] == [2, 4, 5]
    assert second == first

    weights = [load_trained(p, keras.Model, "").get_weights() for p in (whole, parts)]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_resume_of_all_stages_needs_the_folder_alone(chain, capsys):
    folder = str(chain.folder / "generator")
    settings = train_generator.Settings(run_dir=folder, resume=True)
    assert train_generator.main(settings) == chain.generator
    printed = capsys.readouterr().out
    assert all(f"{stage} is complete." in printed for stage in stages.STAGES)
    settings = resumed(settings)
    assert (settings.size, settings.image_size, settings.steps) == ("tiny", 32, 2)


MISTAKES = {
    "stride": (
        {"image_size": 33, "clip_weights": "clip"},
        "--image_size is 33; this generator needs a multiple of 2",
    ),
    "no clip": ({}, "--clip_weights is needed"),
    "missing file": (
        {"clip_weights": "nowhere.keras", "run_dir": "{folder}"},
        "--clip_weights: there is no file nowhere.keras",
    ),
    "another model": (
        {"clip_weights": "{image}", "run_dir": "{folder}"},
        "holds a Classifier, not a CLIP",
    ),
    "another size": (
        {
            "clip_weights": "{clip}",
            "generator_weights": "{generator}",
            "size": "small",
            "run_dir": "{folder}",
        },
        "holds a generator with mode adain_clip, width 8",
    ),
    "no handwriting": (
        {"clip_weights": "{clip}", "run_dir": "{folder}", "simulated_writers": 0},
        "Handwriting is needed: give --handwriting",
    ),
    "no handwriting for the last of all stages": (
        {"clip_weights": "{clip}", "stage": "all", "simulated_writers": 0},
        "Handwriting is needed: give --handwriting",
    ),
    "missing font": (
        {"clip_weights": "{clip}", "run_dir": "{folder}", "fonts": ["no.ttf"]},
        "no.ttf does not exist",
    ),
    "negative steps": (
        {"clip_weights": "{clip}", "steps": -1},
        "--steps is -1; give a number above 0",
    ),
    "used folder": (
        {"clip_weights": "{clip}", "run_dir": "{run}"},
        "holds a run already; add --resume",
    ),
    "nothing to resume": (
        {"clip_weights": "{clip}", "run_dir": "{folder}", "resume": True},
        "holds no run to continue",
    ),
    "another flag": (
        {"clip_weights": "{clip}", "run_dir": "{run}", "resume": True, "seed": 7},
        "was started with --seed=0",
    ),
    "plateau": (
        {"clip_weights": "{clip}", "schedule": "plateau"},
        "--schedule=plateau waits for a loss",
    ),
    "vgg without weights": (
        {"clip_weights": "{clip}", "run_dir": "{folder}", "perceptual": "vgg16"},
        "--perceptual=vgg16 needs --vgg16_weights",
    ),
}


@one_backend
@pytest.mark.parametrize("values, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(chain, tmp_path, values, message):
    places = {
        "folder": tmp_path / "run",
        "run": chain.folder / "generator" / "step_end",
        **{name: getattr(chain, name) for name in ("image", "clip", "generator")},
    }
    values = {
        name: value.format(**places) if isinstance(value, str) else value
        for name, value in values.items()
    }
    with pytest.raises(InputError) as error:
        stage = {"stage": "step_end", "from_scratch": True}
        call(train_generator, **{**chain.data, **stage, **values})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_cut_weights_file_is_named(chain, tmp_path):
    cut = tmp_path / "clip.keras"
    cut.write_bytes(chain.clip.read_bytes()[:1000])
    with pytest.raises(InputError, match="is not a complete .keras file"):
        call(
            train_generator,
            **chain.data,
            stage="step_end",
            from_scratch=True,
            clip_weights=str(cut),
            run_dir=str(tmp_path / "run"),
        )


def test_a_run_that_failed_before_its_first_step_can_be_started_again(chain, tmp_path):
    run_dir = str(tmp_path / "run")
    with pytest.raises(InputError, match="no.ttf does not exist"):
        call(
            train_image_encoder, **{**chain.data, "fonts": ["no.ttf"]}, run_dir=run_dir
        )
    assert call(train_image_encoder, **chain.data, run_dir=run_dir).is_file()
