"""The sets that augmentation_gain has its generators write."""

import json
import shutil

import pytest
from networks import BACKEND

from hwgen_keras.errors import InputError

pytest_plugins = ["gain_folder"]
# No recogniser is trained, and what writes is tested on each backend.
pytestmark = [
    pytest.mark.backend_free,
    pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough"),
]


@pytest.fixture
def generator_flags(tmp_path, tiny_font):
    """Flags of an untrained generator, which is known for writers 0 and 1."""
    from networks import generator

    network = generator(multipliers=(1,))
    network.build()
    for amount in (0, 1):
        network.save(tmp_path / f"run-{amount}.keras")
    return {
        "generated": [],
        "generator": [f"gan={tmp_path}/run-{{writers}}.keras"],
        "generated_count": 2,
        "fonts": [str(tiny_font)],
        "image_size": 16,
    }


def hands_of(folder):
    """The hands in which a set is written."""
    samples = json.loads((folder / "manifest.json").read_text("utf-8")).values()
    return {sample["writer"] for each in samples for sample in each}


def test_a_generator_writes_its_set_here(gain, untrained, tmp_path, generator_flags):
    gain(**generator_flags)
    folder = tmp_path / "gain" / "generated" / "gan-1"
    assert hands_of(folder) == {"pen-0000"}
    config = tmp_path / "gain" / "runs" / "gan" / "1" / "0" / "config.json"
    (used,) = json.loads(config.read_text("utf-8"))["flags"]["generated"]
    assert used == str(folder / "manifest.json")
    shutil.copy(tmp_path / "run-1.keras", tmp_path / "other-1.keras")
    other = {"generator": [f"gan={tmp_path}/other-1.keras"]}
    with pytest.raises(InputError, match="choose another name for the generator"):
        gain(**{**generator_flags, **other})
    # Settings, too, are those of the set that is there.
    message = "gan-1 was written with --style_images=1, not 2; choose another name"
    with pytest.raises(InputError, match=message):
        gain(**generator_flags, style_images=2)
    # A set of before there were settings has their defaults, and glyphs as they were.
    note = folder.with_name("gan-1.json")
    request = json.loads(note.read_text("utf-8"))["request"]
    request = {name: request[name] for name in ("generator", "count")}
    note.write_text(json.dumps({"request": request}), "utf-8")
    (tmp_path / "run-1.keras").rename(tmp_path / "away.keras")
    with pytest.raises(InputError, match="with --follow_forms=False, not True; choose"):
        gain(**generator_flags)
    gain(**generator_flags, follow_forms=False)
    (tmp_path / "away.keras").rename(tmp_path / "run-1.keras")
    with pytest.raises(InputError, match="with --style_hands=real, not fonts,real;"):
        gain(**generator_flags, style_hands=["real", "fonts"], follow_forms=False)
    # Beside a set with other settings it stays what it is.
    sets = [f"gan={folder.with_name('gan-{writers}')}/manifest.json"]
    again = [one.replace("gan=", "two=") for one in generator_flags["generator"]]
    gain(
        **{**generator_flags, "generated": sets, "generator": again},
        style_images=2,
        arms=["gan", "two"],
    )
    assert untrained[4:] == ["two/1/0", "two/1/1"]


def test_a_generator_writes_as_it_is_told(
    gain, untrained, tmp_path, generator_flags, characters
):
    from hwgen_keras.models import Classifier, ImageEncoder

    for amount in (0, 1):
        reader = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
        reader.build()
        reader.save(tmp_path / f"reader-{amount}.keras")
    told = {
        **generator_flags,
        "writers": ["0", "1"],
        "simulated_writers": 6,
        "style_hands": ["simulated", "real"],
        "content": "both",
        "style_images": 2,
        "reader": f"{tmp_path}/reader-{{writers}}.keras",
        "min_content_score": 0.0,
        "max_attempts": 3,
        "reject_duplicates": False,
        "arms": ["strokes", "gan only"],
        "seeds": 1,
    }
    # A mistake that generate finds binds nothing.
    with pytest.raises(InputError, match="--sampling_steps is for a diffusion model"):
        gain(**told, sampling_steps=3)
    gain(**told)
    folder = tmp_path / "gain" / "generated"
    for amount, hands in ((0, ["simulated"]), (1, ["real", "simulated"])):
        text = (folder / f"gan-{amount}" / "generation.json").read_text("utf-8")
        flags = json.loads(text)["flags"]
        assert flags["style_hands"] == hands and flags["content"] == "both"
        assert flags["style_images"] == 2 and flags["max_attempts"] == 3
        assert flags["reader"] == str(tmp_path / f"reader-{amount}.keras")
        assert hands_of(folder / f"gan-{amount}") <= {f"pen-{n:04d}" for n in range(6)}
    assert sorted(untrained) == [
        "gan only/0/0",
        "gan only/1/0",
        *[f"strokes/{n}/0" for n in (0, 1)],
    ]
    with pytest.raises(InputError, match="with --max_attempts=3, not 4; choose"):
        gain(**{**told, "max_attempts": 4})


def test_a_stroke_writer_writes_its_set(gain, untrained, tmp_path, generator_flags):
    from stroke_writers import stroke_writer

    hands = {"simulated_writers": 1, "style_hands": ["real", "simulated"]}
    flags = generator_flags | hands
    stroke_writer(steps=1).save(tmp_path / "run-1.keras")
    with pytest.raises(InputError, match="--style_from is for a generator of images"):
        gain(**flags, style_from="same_character")
    gain(**flags)
    folder = tmp_path / "gain" / "generated" / "gan-1"
    assert hands_of(folder) == {"pen-0000"}
    with open(folder / "provenance.csv", encoding="utf-8") as file:
        assert ",KanjiVG," in file.read()
    assert {"gan/1/0", "gan/1/1"} <= {*untrained}


def test_a_stroke_writer_needs_no_fonts(gain, untrained, tmp_path, generator_flags):
    from stroke_writers import stroke_writer

    flags = {**generator_flags, "fonts": []}
    with pytest.raises(InputError, match="--content: fonts needs --fonts; give it"):
        gain(**flags)
    assert not (tmp_path / "gain").exists()
    stroke_writer(steps=1).save(tmp_path / "run-1.keras")
    gain(**flags)
    assert hands_of(tmp_path / "gain" / "generated" / "gan-1") == {"pen-0000"}


def test_no_set_without_a_hand(gain, untrained, tmp_path, generator_flags):
    told = {**generator_flags, "writers": ["0"], "arms": ["fonts", "gan only"]}
    gain(**told)
    assert not (tmp_path / "gain" / "generated").exists()
    # What is one for all amounts may have learned from real writers.
    one = [f"gan={tmp_path}/run-1.keras"]
    gain(**{**told, "generator": one, "style_hands": ["fonts"]})
    assert not (tmp_path / "gain" / "generated").exists()
    gain(**told, style_hands=["fonts", "real"])
    assert hands_of(tmp_path / "gain" / "generated" / "gan-0") == {
        "IPAexGothic Regular"
    }
