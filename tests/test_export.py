"""A `.keras` file becomes what other programs load, checked and described."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import same_process
import tensorflow as tf
from networks import BACKEND, CLASSES, clip, generator, image_classifier

import hwgen_keras as hw
from experiments import export, generate
from hwgen_keras.bundle import read_bundle
from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.data import placing
from hwgen_keras.errors import InputError, InputWarning
from hwgen_keras.export import export_model, export_saved_model, exporter, load_exported
from hwgen_keras.export.signatures import CharacterTable
from hwgen_keras.export.standalone import difference
from hwgen_keras.models import (
    AdaINGenerator,
    load_trained,
    with_policy,
)

# Whatever the backend, TensorFlow exports: here in this process, where only `exported`
# is compared in another. test_demo exports by the processes that a user starts, from
# torch.
pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="exports take long")

LETTERS = "アイウエカキクケ"  # as many as make a vocabulary of 12 tokens
KNOWN = LETTERS[:CLASSES]


@pytest.fixture(scope="module", autouse=True)
def _same_process():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "_run", same_process.run)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that trained a generator, as it were, in half precision."""
    folder = tmp_path_factory.mktemp("run")
    keras.utils.set_random_seed(0)
    model = generator("adain_clip", "mixed_bfloat16", multipliers=(1,))
    model.build()
    (folder / "step_end").mkdir()
    model.save(folder / "step_end" / "generator.keras")
    (folder / "letters.txt").write_text("\n".join(KNOWN), "utf-8")
    # The tokens of one more letter, twice, make the structures as long as the model's.
    table = [f"{c}\t{c}\n" for c in LETTERS[:7]]
    table += [f"{LETTERS[7]}\t⿳ {' '.join(LETTERS[:3])}\n"]
    (folder / "structures.tsv").write_text("".join(table), "utf-8")
    flags = {
        "characters": str(folder / "letters.txt"),
        "structure_file": str(folder / "structures.tsv"),
        "image_size": 16,
        "seed": 3,
    }
    config = {"experiment": "train_generator-step_end", "flags": flags}
    (folder / "step_end" / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def exported(run, tiny_font):
    """All formats that can be written, with glyphs, by the script."""
    onnx = ["onnx"] if importlib.util.find_spec("tf2onnx") else []
    settings = export.Settings(
        run=str(run),
        output=str(run / "exported"),
        format=["saved_model", *onnx, "keras"],
        storage="float16",
        fonts=[str(tiny_font)],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "_run", same_process.run_apart)
        return export.main(settings)


@pytest.fixture(scope="module")
def asked(run, exported):
    """Inputs of a size that no check has seen, and what Keras makes of them."""
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (2, 3, 20, 24, 1)).astype("float32")
    tokenizer = StructureTokenizer(read_structures(run / "structures.tsv"))
    tokens = tokenizer.encode("ウアア")
    inputs = {"content": images[0], "style": images[1], "tokens": tokens}
    model = load_trained(exported / "model.keras", AdaINGenerator, "file")
    return inputs, keras.ops.convert_to_numpy(model(inputs)).clip(-1, 1)


class TestAGenerator:
    def test_tensorflow_gives_what_keras_gives(self, exported, asked):
        inputs, expected = asked
        written = load_exported(exported)(**inputs)["image"]
        np.testing.assert_allclose(written, expected, atol=1e-4)

    def test_generate_knows_its_tokens_from_the_folder(
        self, exported, run, monkeypatch
    ):
        # As if the folder had no model.keras.
        monkeypatch.setattr("experiments.generated.making.STORED", "no such file")
        settings = generate.Settings(
            generator_weights=str(exported),
            fonts=("fonts",),
            simulated_writers=1,
            output="set",
        )
        # The folder records the size, too.
        with pytest.warns(InputWarning, match="of 16 pixels and is used with 64"):
            tokens = generate.load_generator(settings).domain.names
        tokenizer = StructureTokenizer(read_structures(run / "structures.tsv"))
        assert tokens == tokenizer.vocabulary

    def test_it_takes_characters(self, exported, asked):
        inputs, expected = asked
        serve = load_exported(exported, "serve_characters")
        images = {name: inputs[name] for name in ("content", "style")}
        written = serve(characters=tf.constant(["ウ", "ア", "ア"]), **images)["image"]
        np.testing.assert_allclose(written, expected, atol=1e-4)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not know"):
            serve(characters=tf.constant(["ウ", "木", "ア"]), **images)

    def test_it_takes_characters_and_a_hand(self, exported, asked, tiny_font):
        inputs, _ = asked
        serve = load_exported(exported, "serve_hand")
        style = inputs["style"][:2]
        written = serve(characters=tf.constant(["ウ", "ア"]), style=style)["image"]
        font = hw.find_fonts([tiny_font])[0]
        content = np.stack([font.render(c, 16, 0.0) for c in "ウア"])
        # Glyphs are stored in whole greys.
        content = np.round(127.5 * (placing.place(content, 16) + 1)) / 127.5 - 1
        content = content.astype("float32")
        model = load_trained(exported / "model.keras", AdaINGenerator, "file")
        structures = read_structures(exported.parent / "structures.tsv")
        tokens = StructureTokenizer(structures).encode("ウア")
        expected = model({"content": content, "style": style, "tokens": tokens})
        expected = keras.ops.convert_to_numpy(expected).clip(-1, 1)
        np.testing.assert_allclose(written, expected, atol=1e-4)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not know"):
            serve(characters=tf.constant(["木", "ア"]), style=style)

    def test_onnx_runs_without_tensorflow(self, exported, asked):
        onnxruntime = pytest.importorskip("onnxruntime")
        inputs, expected = asked
        session = onnxruntime.InferenceSession(exported / "model.onnx")
        (written,) = session.run(["image"], inputs)
        np.testing.assert_allclose(written, expected, atol=1e-4)

    def test_half_of_the_bytes_load_as_before(self, exported, asked, run):
        inputs, written = asked
        path, whole = exported / "model.keras", run / "step_end" / "generator.keras"
        model = load_trained(path, AdaINGenerator, "file")
        assert model.dtype_policy.name == "float32" and model.decoder.trainable
        trained = with_policy(load_trained(whole, AdaINGenerator, "file"), "float32")
        expected = keras.ops.convert_to_numpy(trained(inputs)).clip(-1, 1)
        np.testing.assert_allclose(written, expected, atol=2e-2)
        # Of so small a model most of the file are names; two bytes a weight are saved.
        halved = sum(weight.size for weight in model.get_weights() if weight.ndim > 1)
        assert whole.stat().st_size - path.stat().st_size > 1.8 * halved
        # Of a graph no weight is stored in more.
        stored = tf.train.list_variables(str(exported / "variables/variables"))
        reader = tf.train.load_checkpoint(str(exported / "variables/variables"))
        dtypes = {
            name: reader.get_variable_to_dtype_map()[name]
            for name, shape in stored
            if len(shape) > 1
        }
        assert len(dtypes) > 5 and {*dtypes.values()} == {tf.float16}
        if (exported / "model.onnx").exists():
            import onnx

            weights = onnx.load(exported / "model.onnx").graph.initializer
            sizes = {onnx.TensorProto.FLOAT16: 0, onnx.TensorProto.FLOAT: 0}
            for weight in weights:
                if weight.data_type in sizes and len(weight.dims) > 1:
                    sizes[weight.data_type] += np.prod(weight.dims)
            assert sizes[onnx.TensorProto.FLOAT16] > 0.5 * halved

    def test_the_folder_describes_itself(self, exported, run):
        bundle = read_bundle(exported)
        assert (bundle.name, bundle.kind) == ("exported", "generator")
        assert (bundle.mode, bundle.image_size) == ("adain_clip", 16)
        assert bundle.characters == tuple(KNOWN)
        assert {"saved_model.pb", "model.keras"} < set(bundle.files)
        own = StructureTokenizer(read_structures(run / "structures.tsv"))
        assert (bundle.tokenizer().encode(LETTERS) == own.encode(LETTERS)).all()
        assert bundle.made_of["seed"] == 3
        assert str(run) not in (exported / "model.json").read_text("utf-8")


def test_a_classifier_names_characters(tmp_path, rng):
    keras.utils.set_random_seed(0)
    model = image_classifier()
    model.build()
    model.save(tmp_path / "classifier.keras")
    path = tmp_path / "model"
    drawn = np.zeros((len(KNOWN), 16, 16), np.uint8)
    for glyphs, fault in (
        (drawn, "glyphs: a Classifier rewrites none"),
        (drawn[1:], r"one glyph for each of \d+ characters"),
    ):
        with pytest.raises(InputError, match=fault):
            export_model(
                *(tmp_path / "classifier.keras", path), characters=KNOWN, glyphs=glyphs
            )
    found = export_model(tmp_path / "classifier.keras", path, characters=KNOWN)
    assert found["saved_model"] < 1e-4
    images = rng.uniform(-1, 1, (2, 16, 24, 1)).astype("float32")
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(model(images)))
    probabilities = load_exported(path)(image=images)["probabilities"].numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    best = load_exported(path, "serve_characters")(image=images)
    order = np.argsort(-expected, axis=1)
    names = [[text.decode() for text in row] for row in best["characters"].numpy()]
    assert names == [[KNOWN[k] for k in row] for row in order]
    ranked = np.take_along_axis(expected, order, 1)
    np.testing.assert_allclose(best["probabilities"], ranked, atol=1e-5)
    assert read_bundle(path).characters == tuple(KNOWN)


def test_a_clip_embeds_characters(tmp_path):
    keras.utils.set_random_seed(0)
    model = clip()
    model.build()
    model.save(tmp_path / "clip.keras")
    tokenizer = StructureTokenizer({c: ((c,),) for c in LETTERS}, length=6)
    known = {"characters": KNOWN, "tokenizer": tokenizer}
    path = export_saved_model(tmp_path / "clip.keras", tmp_path / "model", **known)
    text = load_exported(path, "serve_characters")(characters=tf.constant(["エ"]))
    expected = model.text_tower(tokenizer.encode("エ"))
    expected = keras.ops.convert_to_numpy(expected)
    np.testing.assert_allclose(text["text"], expected, atol=1e-4)
    with pytest.raises(InputError, match="no signature 'serve_steps'; use one of"):
        load_exported(path, "serve_steps")


def test_an_unknown_character_is_named():
    table = CharacterTable(["あ", "い"], {"tokens": np.array([[1], [2]])})
    found = table.lookup(tf.constant(["い", "あ"]))["tokens"]
    assert found.numpy().tolist() == [[2], [1]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=str(ord("木"))):
        table.lookup(tf.constant(["あ", "木"]))


def test_differences():
    ones = np.ones((2, 2), "float32")
    assert difference(np, ones, ones) == 0
    assert difference(np, ones, ones + np.array([[0, 0.5], [0, 0]])) == 0.5
    for other in (None, ones[:1], ones * np.nan):
        assert difference(np, other, ones) == float("inf")
    names = np.array([b"a", b"bb"], object)
    assert difference(np, names, np.array([b"a", b""])) == 0
    assert difference(np, names, np.array([b"a", b"b"])) == float("inf")


def test_the_check_can_import_neither_keras_nor_this_package():
    code = (
        "import sys; from hwgen_keras.export import standalone; "
        "standalone.saved_model = lambda model: __import__(model); "
        "standalone.main('saved_model', 'hwgen_keras', '.')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr and "hwgen_keras" in done.stderr
