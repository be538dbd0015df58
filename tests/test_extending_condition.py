"""A condition that the package does not have: all that it needs is in this file."""

import dataclasses

import keras
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import (
    BACKEND,
    clip,
    compile_style_transfer,
    draw_weights,
)
from stores import small_store

import hwgen_keras as hw
from experiments import generate, train_diffusion
from hwgen_keras import layers
from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.inference import glyphs, pictures
from hwgen_keras.settings import setting
from hwgen_keras.training import diffusion_networks
from hwgen_keras.training.settings import CONDITIONS

# Conditions are of Keras alone; TensorFlow has to write what they compute.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

SIZE = 16
TEXT = "あいう"


@keras.saving.register_keras_serializable("hwgen_keras_tests")
class Parity(hw.Condition):
    """Whether a character's code point is odd."""

    short_name, input_names = "parity", ("parity",)

    def __init__(self, width, embedding_width=2, **kwargs):
        super().__init__(width, embedding_width, **kwargs)

    @classmethod
    def encode(cls, character, knowledge):
        return {"parity": np.eye(2, dtype="float32")[[ord(character) % 2]]}

    def example(self, count, rng):
        return {"parity": np.eye(2, dtype="float32")[rng.integers(0, 2, count)]}

    def embed(self, inputs):
        return inputs["parity"]


@keras.saving.register_keras_serializable("hwgen_keras_tests")
class Odd(Parity):
    """Another condition whose input has the same name."""

    short_name = "odd"

    @classmethod
    def encode(cls, character, knowledge):
        return {"parity": np.zeros((1, 2), "float32")}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSettings(train_diffusion.Settings):
    """With the choice that an entry of `CONDITIONS` adds when scripts are loaded."""

    condition: str = setting("parity", "What tells the model the character.")


def parity(text):
    return np.eye(2, dtype="float32")[[ord(character) % 2 for character in text]]


def network(condition):
    """A generator whose images depend on its condition, with weights NumPy drew."""
    attention = {"heads": 2, "head_width": 4}
    made = hw.AdaINGenerator(8, (1,), condition, attention)
    made.build()
    draw_weights(made)
    return made


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    return hand_folder(tmp_path_factory.mktemp("hands") / "花子")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "generator.keras"
    network(Parity(16)).save(path)
    return path


def expected_images(model, hand, text=TEXT, told=None):
    """What the network makes of the inputs that `write` should give it."""
    style = pictures.prepare(sorted(hand.iterdir())[0], SIZE)
    inputs = {
        "content": glyphs.glyphs(text, None, SIZE),
        "style": np.repeat(style, len(text), axis=0),
        "parity": parity(text) if told is None else told,
    }
    return to_uint8(model(inputs)).astype(int)


@one_backend
def test_two_steps_of_training(characters):
    store = small_store(characters, size=SIZE)
    tokenizer = hw.StructureTokenizer({c: ((c,),) for c in characters}, length=6)
    made = network(Parity(16))
    sampler = hw.PairSampler(
        *(store, "step2", tokenizer), rows_per_epoch=4, condition=made.condition
    )
    rows = sampler.epoch(0)
    text = [characters[label] for label in rows["label"]]
    np.testing.assert_array_equal(rows["parity"], parity(text))
    # CLIP's loss reads structures whatever the condition is.
    np.testing.assert_array_equal(rows["tokens"], tokenizer.encode(text))

    judge = hw.PatchDiscriminator(widths=(8, 16))
    model = compile_style_transfer(hw.StyleTransfer(made, judge, clip=clip()))
    before = [keras.ops.convert_to_numpy(w) for w in made.condition.weights]
    batches = hw.feed(store, sampler, batch_size=2, steps=2, kind="python")
    history = model.fit(batches, epochs=1, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    after = [keras.ops.convert_to_numpy(w) for w in made.condition.weights]
    assert len(after) == 5
    for old, new in zip(before, after, strict=True):
        assert (old != new).any()


@one_backend
def test_a_set_is_generated(characters, tmp_path):
    store = small_store(characters, size=SIZE)
    made = network(Parity(16))
    sampler = hw.GenerationSampler(store, 2, condition=made.condition)
    given = []
    made.predict_on_batch = lambda inputs: given.append(inputs) or inputs["content"]
    hw.generate(made, sampler, tmp_path / "set", batch_size=4)
    drawn = np.concatenate([inputs["parity"] for inputs in given])
    text = [c for c in characters for _ in range(2)]
    np.testing.assert_array_equal(drawn[: len(text)], parity(text))


@one_backend
def test_a_keras_file_is_loaded_and_writes(saved, hand):
    model = hw.load_trained(saved, hw.AdaINGenerator, "file")
    assert model.mode == "adain_parity" and type(model.condition) is Parity
    expected = expected_images(model, hand)
    style = sorted(hand.iterdir())[0]
    written = hw.load(saved, image_size=SIZE).write(TEXT, style)
    assert np.abs(written - expected).max() <= 1 and written.std() > 10
    other = expected_images(model, hand, told=1 - parity(TEXT))
    assert np.abs(written - other).max() > 1


@pytest.mark.skipif(BACKEND != "tensorflow", reason="SavedModels")
def test_an_exported_folder_writes(saved, hand, tmp_path, monkeypatch):
    from hwgen_keras.export import writer

    # They are compared below.
    monkeypatch.setattr(writer, "examples", lambda *arguments: [])
    folder = tmp_path / "parity"
    request = {"sampling": {}, "characters": list(TEXT), "structures": None}
    examples = tmp_path / "examples"
    answer = writer.write(saved, str(folder), None, examples, "float32", **request)
    assert answer["signatures"] == ["serve", "serve_characters"]
    assert (answer["mode"], answer["takes_structures"]) == ("adain_parity", False)
    hw.write_bundle(
        folder,
        **{"name": "parity", "kind": "generator", "mode": answer["mode"]},
        **{"characters": TEXT, "image_size": SIZE},
    )
    model = hw.load_trained(saved, hw.AdaINGenerator, "file")
    expected = expected_images(model, hand)
    style = sorted(hand.iterdir())[0]
    loaded = hw.load(folder)
    assert loaded.format == "saved_model"
    assert np.abs(loaded.write(TEXT, style) - expected).max() <= 1

    style = np.repeat(pictures.prepare(style, SIZE), len(TEXT), axis=0)
    images = {"content": glyphs.glyphs(TEXT, None, SIZE), "style": style}
    named = hw.load_exported(folder, "serve_characters")
    written = named(characters=np.array([c.encode() for c in TEXT]), **images)
    assert np.abs(to_uint8(written["image"]) - expected).max() <= 1

    hw.write_bundle(
        folder,
        **{"name": "odd", "kind": "generator", "mode": "adain_odd"},
        **{"characters": TEXT, "image_size": SIZE},
    )
    odd = hw.load(folder).write(TEXT, sorted(hand.iterdir())[0])
    other = expected_images(model, hand, told=np.zeros((3, 2), "float32"))
    assert np.abs(odd - other).max() <= 1 and np.abs(odd - expected).max() > 1
    for known in (Parity, Odd):
        monkeypatch.delitem(
            keras.saving.get_custom_objects(),
            keras.saving.get_registered_name(known),
        )
    with pytest.raises(InputError, match="takes parity, which no known condition"):
        hw.load(folder)


@one_backend
def test_the_scripts_take_it(characters, tiny_font, tmp_path, monkeypatch):
    monkeypatch.setitem(CONDITIONS, "parity", "Parity")
    monkeypatch.setattr(layers, "Parity", Parity, raising=False)
    monkeypatch.setattr(diffusion_networks, "STRIP", ())
    data = {
        "characters": characters_file(tmp_path, characters),
        "fonts": (str(tiny_font),),
        "simulated_writers": 2,
        "image_size": SIZE,
    }
    path = train_diffusion.main(
        TrainingSettings(
            **data,
            **{"size": "tiny", "batch_size": 2, "steps": 2, "interval": 2},
            **{"stage": "step1", "run_dir": str(tmp_path / "run")},
        )
    )
    made = hw.load_trained(path, hw.DiffusionGenerator, "file")
    assert type(made.condition) is Parity
    # Of two steps the images are blank.
    draw_weights(made)
    made.save(path)
    output = str(tmp_path / "set")
    generate.main(
        generate.Settings(
            **data,
            generator_weights=str(path),
            count=1,
            sampling_steps=2,
            output=output,
        )
    )
    assert len(list((tmp_path / "set").rglob("*.png"))) == len(characters)


@one_backend
def test_what_was_trained_on_other_characters_is_refused(characters):
    condition = hw.EmbeddingCondition(classes=4, width=16, embedding_width=8)
    with pytest.raises(InputError, match="File was trained on 4 characters and is use"):
        condition.check(Knowledge(characters), "File", condition.domain)
