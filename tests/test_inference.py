"""`load` gives one object of a trained model, which takes and gives arrays."""

import json
import os
import shutil

import numpy as np
import pytest
from networks import BACKEND, diffusion_generator, draw_weights, image_encoder

import hwgen_keras as hw
from hwgen_keras.bundle import write_bundle
from hwgen_keras.errors import InputError, InputWarning
from hwgen_keras.generation import to_uint8
from hwgen_keras.inference import glyphs, pictures
from hwgen_keras.layers import CLIPCondition, EmbeddingCondition
from hwgen_keras.models import CLIP, AdaINGenerator, Classifier, ImageTower, TextTower

# Nothing here depends on the backend that the networks do not depend on.
pytestmark = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

SIZE = 32
SMALL = {"width": 8, "multipliers": (1,), "attention": {"heads": 2, "head_width": 4}}


@pytest.fixture(scope="module")
def tokenizer():
    return hw.StructureTokenizer(hw.read_structures())


def built(model):
    model.build()
    draw_weights(model)
    return model


def text_tower(tokenizer):
    sizes = tokenizer.vocabulary_size, tokenizer.length
    return TextTower(hw.TextEncoder(*sizes, width=16, depth=1, heads=2), 8)


@pytest.fixture(scope="module")
def conditioned(tokenizer):
    """A generator whose condition is the structures."""
    condition = CLIPCondition(text_tower(tokenizer), 16)
    return built(AdaINGenerator(**SMALL, condition=condition))


@pytest.fixture(scope="module")
def plain():
    return built(AdaINGenerator(**SMALL))


@pytest.fixture(scope="module")
def reader():
    return built(Classifier(image_encoder(), 6))


@pytest.fixture(scope="module")
def embedder(tokenizer):
    return built(CLIP(ImageTower(image_encoder(), 8), text_tower(tokenizer)))


def paths(folder):
    return sorted(folder.iterdir())


class TestGenerator:
    def test_it_writes_what_the_network_writes(self, conditioned, tokenizer, hand):
        loaded = hw.load(conditioned, image_size=SIZE)
        style = paths(hand)[2]
        written = loaded.write("語学", style)
        assert written.dtype == np.uint8 and written.shape == (2, SIZE, SIZE)
        inputs = {
            "content": glyphs.glyphs("語学", None, SIZE),
            "style": np.repeat(pictures.prepare(style, SIZE), 2, axis=0),
            "tokens": tokenizer.encode("語学"),
        }
        expected = to_uint8(conditioned(inputs)).astype(int)
        assert np.abs(written - expected).max() <= 1 and written.std() > 10

    def test_batches_do_not_matter_and_seeds_do(self, plain, hand):
        loaded = hw.load(plain, image_size=SIZE)
        text = list("あいうえおか")
        whole = loaded.write(text, hand, style_images=3).astype(int)
        parts = loaded.write("".join(text), hand, style_images=3, batch_size=4)
        assert np.abs(whole - parts).max() <= 1
        assert (loaded.write(text, hand, style_images=3, seed=1) != whole).any()

    def test_one_image_then_several_then_one(self, hand):
        loaded = hw.load(built(AdaINGenerator(**SMALL)), image_size=SIZE)
        first, several, last = (
            loaded.write("あ", hand, style_images=count).astype(int)
            for count in (1, 2, 1)
        )
        assert np.abs(last - first).max() <= 1 < np.abs(several - first).max()

    # test_strength compares what networks write, on each backend.
    @one_backend
    def test_strength(self, plain, hand):
        loaded = hw.load(plain, image_size=SIZE)
        full = loaded.write("あ", paths(hand)[0]).astype(int)
        assert np.abs(loaded.write("あ", paths(hand)[0], strength=1.0) - full).max() < 2
        assert np.abs(loaded.write("あ", paths(hand)[0], strength=0.0) - full).max() > 1

    @one_backend
    def test_a_class_is_reported(self, hand):
        model = built(AdaINGenerator(**SMALL, condition=EmbeddingCondition(6, 16, 8)))
        loaded = hw.load(model, characters=list("あいうかきく"), image_size=SIZE)
        assert loaded.characters == tuple("あいうかきく")
        written = loaded.write("きあ", hand)
        assert written.shape == (2, SIZE, SIZE)
        with pytest.raises(InputError, match="characters え、お have no class; leave"):
            loaded.write("えあお", hand)
        with pytest.raises(InputError, match="characters of the classes are not known"):
            hw.load(model, image_size=SIZE).write("あ", hand)
        with pytest.raises(InputError, match="on 6 characters and is used with 92"):
            hw.load(model, characters="kana", image_size=SIZE).write("あ", hand)

    def test_diffusion(self, hand):
        model = diffusion_generator(None, steps=2, multipliers=(1,))
        loaded = hw.load(model, image_size=SIZE)
        assert loaded.kind == "diffusion"
        style = paths(hand)[:1]
        first = loaded.write("あ", style).astype(int)
        np.testing.assert_array_equal(loaded.write("あ", style), first)
        guided = {"guidance": {"style": 4.0}, "sampler": "ddim"}
        for settings in ({"seed": 1}, {"steps": 3}, guided):
            assert np.abs(loaded.write("あ", style, **settings) - first).max() > 1
        with pytest.raises(InputError, match="strength is for AdaIN generators; giv"):
            loaded.write("あ", style, strength=0.5)

    @pytest.mark.parametrize(
        ("text", "more", "message"),
        [
            ("", {}, "The text to write is empty"),
            ("あ い", {}, "The text to write has a space or a line break"),
            (["あい"], {}, "The text to write has 'あい', which is not one character"),
            ("あ龘ぁA", {}, "The characters 龘、ぁ、A have no structure; leave"),
            ("あ", {"style_images": 7}, "style_images is 7 and the style has 6 images"),
            ("あ", {"style_images": 0}, "style_images is 0; give a whole number of 1"),
            ("あ", {"seed": -1}, "seed is -1; give a whole number of 0 or more"),
            ("あ", {"strength": -1.0}, "strength is -1.0; give a number of 0 or more"),
            ("あ", {"steps": 4}, "steps is for diffusion models; The model is none"),
            ("あ", {"batch_size": 0}, "batch_size is 0; give a whole number of 1"),
            ("あ", {"fonts": "nowhere.ttf"}, "The font nowhere.ttf does not exist"),
        ],
    )
    def test_what_is_wrong_is_reported(self, conditioned, hand, text, more, message):
        with pytest.raises(InputError, match=message) as caught:
            hw.load(conditioned, image_size=SIZE).write(text, hand, **more)
        assert "\n" not in str(caught.value)


def test_a_clip_embeds_and_searches(embedder, hand):
    loaded = hw.load(embedder, image_size=SIZE)
    images, texts = loaded.embed_images(hand), loaded.embed_characters("漢字")
    assert images.shape == (6, 8) and texts.shape == (2, 8)
    for vectors in (images, texts):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    kana = hw.character_set("kana")
    found, cosines = loaded.search(hand, kana, top_k=3)
    expected = images @ loaded.embed_characters(kana).T
    assert found[0][0] == kana[int(expected[0].argmax())]
    np.testing.assert_allclose(cosines[:, 0], expected.max(axis=1), atol=1e-6)
    # Of images: paths, or their numbers.
    found, _ = loaded.search("あ", hand, top_k=6)
    assert sorted(found[0]) == paths(hand)
    found, _ = loaded.search(["あ", "い"], [hw.read_image(p) for p in paths(hand)])
    assert len(found) == 2 and set(found[0]) < set(range(6))
    # An image is nearest to itself.
    found, cosines = loaded.search(str(paths(hand)[1]), hand, top_k=1)
    assert found == [[paths(hand)[1]]]
    with pytest.raises(InputError, match="The characters A have no structure"):
        loaded.search("A", hand)
    with pytest.raises(InputError, match="query is empty; give characters or images"):
        loaded.search([], hand)


@pytest.fixture(scope="module")
def bundle(reader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "six"
    folder.mkdir()
    reader.save(folder / "model.keras")
    characters = list("あいうかきく")
    write_bundle(
        folder, name="six", kind="classifier", image_size=SIZE, characters=characters
    )
    return folder


class TestFinding:
    def test_a_folder_tells_what_it_is(self, bundle, hand, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match="There is no model 'six'.*HWGEN_MODELS"):
            hw.load("six")
        folders = os.pathsep.join(["nowhere", str(bundle.parent)])
        monkeypatch.setenv("HWGEN_MODELS", folders)
        loaded = [hw.load("six"), hw.load(bundle), hw.load(bundle / "model.keras")]
        for model in loaded[:2]:
            assert model.characters == tuple("あいうかきく")
            assert model.image_size == SIZE
        with pytest.raises(InputError, match=r"'seven' \(in .* there are .*six"):
            hw.load("seven")
        shutil.copytree(bundle, tmp_path / "saved_models" / "mine")
        assert hw.load("mine").read(hand)[1].shape == (6, 5)
        # A file or folder of the name comes last.
        (tmp_path / "other").mkdir()
        with pytest.raises(InputError, match="other holds no model: no model.json"):
            hw.load("other")

    def test_a_bundle_is_verified(self, bundle, tmp_path):
        folder = tmp_path / "six"
        shutil.copytree(bundle, folder)
        (folder / "model.onnx").write_bytes(b"of somebody else")
        with pytest.raises(InputError, match="model.onnx is not in .*model.json; get"):
            hw.load(folder)
        (folder / "model.onnx").unlink()
        with pytest.raises(InputError, match="has no onnx; it has keras"):
            hw.load(folder, format="onnx")
        content = (folder / "model.keras").read_bytes()
        (folder / "model.keras").write_bytes(content[:-1] + b"x")
        with pytest.raises(InputError, match="differs from model.json in its SHA"):
            hw.load(folder)
        (folder / "model.keras").write_bytes(content)
        characters = list("あいうかきく")
        write_bundle(folder, name="six", kind="clip", characters=characters)
        with pytest.raises(InputError, match="is called a clip .* holds a classifier"):
            hw.load(folder)

    def test_runs(self, reader, plain, tmp_path):
        run = tmp_path / "run"
        run.mkdir()
        reader.save(run / "classifier.keras")
        (tmp_path / "six.txt").write_text("\n".join("あいうかきく"), encoding="utf-8")
        flags = {"characters": str(tmp_path / "six.txt"), "image_size": 24}
        (run / "config.json").write_text(json.dumps({"flags": flags}))
        for path in (run, run / "classifier.keras"):
            loaded = hw.load(path)
            assert loaded.image_size == 24 and loaded.characters[3] == "か"
        with pytest.warns(InputWarning, match="trained on images of 24 pixels; leave"):
            assert hw.load(run, image_size=48).image_size == 48
        with pytest.raises(InputError, match="run has no onnx; it has no model"):
            hw.load(run, format="onnx")
        steps = tmp_path / "steps"
        (steps / "step_end").mkdir(parents=True)
        plain.save(steps / "step_end" / "generator.keras")
        for folder in (steps, steps / "step_end"):
            loaded = hw.load(folder)
            assert loaded.kind == "generator" and loaded.image_size == 64
            assert "generator.keras" in repr(loaded)
        reader.save(steps / "step_end" / "classifier.keras")
        with pytest.raises(InputError, match="generator.keras and classifier.keras;"):
            hw.load(steps / "step_end")

    @pytest.mark.parametrize(
        ("path", "more", "message"),
        [
            ("no/where", {}, "There is no model 'no/where'; check the path"),
            ("", {}, "There is no model ''; check the path"),
            ("text.txt", {}, "text.txt is no model file; give a .keras or .onnx file"),
            ("x.keras", {"format": "onnx"}, "x.keras is no onnx file; give a .keras"),
            ("x.keras", {"format": "pickle"}, "format is 'pickle'; use one of keras"),
            ("x.keras", {"image_size": 3}, "image_size is 3; give a whole number of 8"),
            ("x.keras", {"characters": "mine"}, "There is no character set or file 'm"),
            ("x.keras", {}, "x.keras is not a complete .keras file"),
            ("x.onnx", {}, "x.onnx is|onnxruntime is not installed"),
            (3, {}, "The model is a int; give a name, a path or a Keras model"),
        ],
    )
    def test_what_is_no_model(self, tmp_path, monkeypatch, path, more, message):
        monkeypatch.chdir(tmp_path)
        for name in ("text.txt", "x.keras", "x.onnx"):
            (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(InputError, match=message) as caught:
            hw.load(path, **more)
        assert "\n" not in str(caught.value)

    def test_models_that_there_is_no_use_for(self, plain, tokenizer):
        with pytest.raises(InputError, match="The model is a PatchDiscriminator"):
            hw.load(hw.PatchDiscriminator(widths=(8, 8)))
        with pytest.raises(InputError, match="reads structures, not images"):
            hw.load(Classifier(text_tower(tokenizer).encoder, 6))
        with pytest.raises(InputError, match="format is 'onnx' and the model is one"):
            hw.load(plain, format="onnx")
        halves = AdaINGenerator(**{**SMALL, "multipliers": (1, 2)})
        with pytest.raises(InputError, match="image_size is 33; The model needs a mul"):
            hw.load(halves, image_size=33)

    def test_other_structures_are_reported(self, hand):
        tower = TextTower(hw.TextEncoder(12, 6, width=16, depth=1, heads=2), 8)
        model = built(AdaINGenerator(**SMALL, condition=CLIPCondition(tower, 16)))
        loaded = hw.load(model, image_size=SIZE)
        with pytest.raises(InputError, match="trained on sequences of 6 out of 12 tok"):
            loaded.write("あ", hand)
