"""The script that writes a set, with an untrained generator and recogniser."""

import csv
import json
import shutil

import keras
import numpy as np
import pytest
from hand_folder import characters_file
from networks import BACKEND

from experiments import generate
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import GENERATED, ImageStore, array_store
from hwgen_keras.data.samples import store_samples
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import loading as inputs
from hwgen_keras.inputs.settings import Images
from hwgen_keras.models import AdaINGenerator, Classifier, ImageEncoder

one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
ATTENTION = {"heads": 2, "head_width": 4}


@pytest.fixture(scope="module")
def given(tmp_path_factory, tiny_font, characters):
    """Flags, with an untrained generator and reader of the six characters."""
    folder = tmp_path_factory.mktemp("set")
    keras.utils.set_random_seed(0)
    generator = AdaINGenerator(width=8, multipliers=(1,), attention=ATTENTION)
    generator.build()
    # Untrained it writes a veil; so its ink is as dark as it can be.
    kernel, bias = generator.last_layer.get_weights()
    generator.last_layer.set_weights([20 * kernel, bias])
    generator.save(folder / "generator.keras")
    encoder = ImageEncoder(widths=(8, 16))
    classifier = Classifier(encoder, len(characters), characters=characters)
    classifier.build()
    classifier.save(folder / "classifier.keras")
    return {
        "characters": characters_file(folder, characters),
        "fonts": [str(tiny_font)],
        "simulated_writers": 2,
        "image_size": 16,
        "batch_size": 4,
        "count": 2,
        "generator_weights": str(folder),
    }


def call(given, output, **values):
    settings = {**given, "output": str(output), "cache": "", **values}
    return generate.main(generate.Settings(**settings))


def rows_of(folder):
    with open(folder / "provenance.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@one_backend
def test_a_store_of_what_a_reader_reads(given, characters, tmp_path, capsys):
    judge = given["generator_weights"]
    first = call(given, tmp_path / "first", reader=judge, format="store")
    scores = [float(row["score"]) for row in rows_of(first.parent)]
    assert len(scores) == 12 and 0 < min(scores) < max(scores) < 1
    assert capsys.readouterr().out.startswith("12 images.\nSaved ")

    least = float(np.median(scores))
    counts = tmp_path / "counts.json"
    counts.write_text(json.dumps({"か": 3, "あ": 1, "い": 4}), "utf-8")
    settings = {"counts": str(counts), "min_content_score": least, "max_attempts": 2}
    path = call(given, tmp_path / "second", reader=judge, format="store", **settings)
    rows = rows_of(path.parent)
    assert all(float(row["score"]) >= least - 1e-6 for row in rows)
    summary = json.loads((path.parent / "generation.json").read_text("utf-8"))
    asked = {c: row["rows"] for c, row in summary["characters"].items()}
    assert asked == {"か": 3, "あ": 1, "い": 4}
    assert len(rows) == summary["images"] == 8 - summary["dropped"]
    assert summary["rejected"]["unread"] > 0
    assert summary["backend"] == BACKEND
    assert summary["flags"]["min_content_score"] == least
    assert len(summary["job"]["gate"]["reader"]) == 64
    printed = capsys.readouterr().out
    assert "Unread" in printed and "\nall " in printed

    # As `train_classifier --generated` and others take it.
    settings = Images(cache="", image_size=16)
    store = inputs.load_images(settings, str(path), characters, GENERATED)
    assert len(store) == len(rows) and (store.kinds == GENERATED).all()
    assert [characters[k] for k in store.labels] == [r["character"] for r in rows]


@one_backend
def test_a_store_stands_for_a_manifest_of_its_images(characters, tmp_path):
    images = np.zeros((4, 8, 8), np.uint8)
    labels, sources = [0, 2, 5, 2], [0, 1, 1, 0]
    store = array_store(images, labels, sources, GENERATED, ["a", "b"], characters)
    path = tmp_path / "four.store"
    store.save(path)
    samples = store_samples(path)
    assert [s.name for s in samples] == [f"{path}#{i}" for i in range(4)]
    assert "".join(s.character for s in samples) == "あうくう"
    assert "".join(s.writer for s in samples) == "abba"
    fewer = CharacterSet("fewer", "う")
    with pytest.raises(InputError, match="outside the set fewer: あ, く; choose"):
        store_samples(path, fewer)
    assert [s.index for s in store_samples(path, fewer, skip_unknown=True)] == [1, 3]
    with pytest.raises(InputError, match="no.store cannot be opened"):
        store_samples(tmp_path / "no.store")


@one_backend
def test_a_network_that_taught_the_generator_may_not_read(given, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    weights = f"{given['generator_weights']}/generator.keras"
    shutil.copy(weights, folder)
    judge = f"{given['generator_weights']}/classifier.keras"
    # CLIP's run is gone; the image encoder is there.
    config = {"flags": {"clip_weights": "gone", "image_weights": judge}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(InputError, match="network that the generator was trained wi"):
        call(given, tmp_path / "set", generator_weights=str(folder), reader=judge)
    assert not (tmp_path / "set.partial").exists()


@one_backend
def test_contents_and_hands_are_chosen(given, manifest, tmp_path):
    given = {**given, "handwriting": [str(manifest)]}
    people = {"first", "second"}
    pens, fonts = {"pen-0000", "pen-0001"}, {"IPAexGothic Regular"}
    for number, (values, contents, hands) in enumerate(
        [
            ({}, fonts, people | pens),
            ({"style_hands": ["real"], "content": "both"}, fonts | pens, people),
            ({"style_hands": ["fonts", "simulated"]}, fonts, fonts | pens),
            ({"content": "simulated", "fonts": []}, pens, people | pens),
        ]
    ):
        path = call(given, tmp_path / str(number), count=9, **values)
        rows = rows_of(path.parent)
        assert {row["font"] for row in rows} == contents
        assert {row["writer"] for row in rows} == hands


@pytest.mark.skipif(BACKEND != "tensorflow", reason="SavedModels need TensorFlow")
def test_an_exported_generator_writes(given, tmp_path):
    import tensorflow as tf

    shape = (None, None, None, 1)
    specs = {n: tf.TensorSpec(shape, tf.float32, n) for n in ("content", "style")}
    half = tf.Variable(0.5)

    def save(name, output):
        module = tf.Module()
        module.half = half

        @tf.function(input_signature=[specs])
        def serve(inputs):
            return {output: half * (inputs["content"] + inputs["style"])}

        tf.saved_model.save(module, str(tmp_path / name), {"serve": serve})
        return {**given, "generator_weights": str(tmp_path / name)}

    exported = save("generator", "image")
    path = call(exported, tmp_path / "set", format="store")
    assert len(ImageStore.open(path)) == 12
    half.assign(0.6)
    with pytest.raises(InputError, match="holds another set"):
        call(save("other", "image"), tmp_path / "set", format="store")
    for values, given_, message in (
        ({"style_images": 2}, exported, "--style_images: an exported model"),
        ({"sampling_steps": 2}, exported, "--sampling_steps: an exported model"),
        ({}, save("classifier", "probabilities"), "is no exported generator"),
    ):
        with pytest.raises(InputError, match=message):
            call(given_, tmp_path / "none", **values)
    weights = tmp_path / "generator/variables/variables.data-00000-of-00001"
    weights.write_bytes(b"")
    with pytest.raises(InputError, match="generator cannot be loaded as a SavedMod"):
        call(exported, tmp_path / "none")


COUNTS = {
    "unknown": ({"犬": 1}, "names '犬', which is not in --characters=characters"),
    "word": ({"あ": "two"}, 'asks for "two" images of あ; give a whole number'),
    "half": ({"あ": 1.5}, "asks for 1.5 images of あ"),
    "none": ({"あ": 0}, "asks for no image"),
    "list": ([1], "must be a JSON object"),
}


@one_backend
@pytest.mark.parametrize("content, message", COUNTS.values(), ids=COUNTS)
def test_counts_that_cannot_be_are_reported(given, content, message, tmp_path):
    file = tmp_path / "counts.json"
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError) as error:
        call(given, tmp_path / "set", counts=str(file))
    assert message in str(error.value) and "\n" not in str(error.value)


HANDS = {"handwriting": ["some.json"]}


@one_backend
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"counts": "no.json"}, "--counts: no.json cannot be read"),
        ({"min_content_score": 0.5}, "--min_content_score needs --reader"),
        ({"min_content_score": 5, "reader": "."}, "--min_content_score is 5"),
        ({"max_attempts": 0}, "--max_attempts is 0"),
        ({"threads": -1}, "--threads is -1"),
        ({"reader": "no.keras"}, "--reader: there is no file no.keras"),
        ({"seed": -1}, "--seed is -1"),
        ({"style_hands": ["real"]}, "--style_hands: real needs --handwriting"),
        ({"style_hands": ["hers"]}, "no 'hers'; use fonts, real, simulated"),
        ({"simulated_writers": 0}, "Handwriting is needed: give --handwriting"),
        ({"simulated_writers": 0, "content": "both", **HANDS}, "--content: simulated"),
        ({"fonts": []}, "--content: fonts needs --fonts"),
        ({"look": "pen"}, "--look=pen is for a stroke writer, not for AdaINGenerator"),
    ],
)
def test_mistakes_get_one_sentence(given, tmp_path, values, message):
    with pytest.raises(InputError, match=message) as error:
        call(given, tmp_path / "set", **values)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "set").exists()


@one_backend
def test_of_an_exported_generator_and_model_keras_the_latter_is_taken(
    tmp_path, monkeypatch
):
    """Once the SavedModel was, which refuses flags of the sampling."""
    for name in ("saved_model.pb", "model.keras", "model.json"):
        (tmp_path / name).touch()
    monkeypatch.setattr(generate.generation.sampling, "load", lambda settings: settings)
    settings = generate.Settings(
        generator_weights=str(tmp_path), style_images=3, output="new"
    )
    assert generate.load_generator(settings) is settings
