"""Every format gives the same, and the pages of exported models run as they stand."""

import importlib.util
import json
import pathlib
import re
import sys
import warnings

import keras
import numpy as np
import pytest
from hand_folder import hand_folder
from networks import BACKEND, draw_weights

import hwgen_keras as hw
from hwgen_keras.errors import InputError

# A process on TensorFlow exports, and here is one already.
pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="SavedModels")

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "recipes.md"
SIZE = 32
KANA = hw.character_set("kana")
ONNX = bool(importlib.util.find_spec("tf2onnx"))
FORMATS = ("keras", "saved_model", *(["onnx"] if ONNX else []))


def models(tokenizer):
    tokens = tokenizer.vocabulary_size, tokenizer.length

    def text_tower():
        return hw.TextTower(hw.TextEncoder(*tokens, width=8, depth=1, heads=1), 8)

    def image_encoder():
        return hw.ImageEncoder(widths=(8, 8))

    attention = {"heads": 1, "head_width": 4}
    condition = hw.CLIPCondition(text_tower(), 8)
    return {
        # One level: each format takes half as long, and test_export has two.
        "kana": hw.AdaINGenerator(8, (1,), condition, attention),
        "reader": hw.Classifier(image_encoder(), len(KANA)),
        "clip": hw.CLIP(hw.ImageTower(image_encoder(), 8), text_tower()),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """saved_models with one model of each kind in every format, and two hands."""
    folder = tmp_path_factory.mktemp("recipes")
    tokenizer = hw.StructureTokenizer(hw.read_structures())
    found = {}
    for name, model in models(tokenizer).items():
        model.build()
        draw_weights(model)
        model.save(folder / f"{name}.keras")
        saved = folder / "saved_models" / name
        saved.parent.mkdir(exist_ok=True)
        answer = _export(folder / f"{name}.keras", saved, tokenizer)
        saved.with_suffix(".keras").rename(saved / "model.keras")
        found[name] = saved, answer
    if ONNX:
        _convert([str(saved) for saved, _ in found.values()])
    for name, (saved, answer) in found.items():
        hw.write_bundle(
            saved,
            name=name,
            kind=answer["kind"],
            mode=answer["mode"],
            image_size=SIZE,
            characters=KANA,
            tokenizer=None if name == "reader" else tokenizer,
        )
    hand_folder(folder / "hanako")
    hand_folder(folder / "taro", seed=2)
    return folder


def _export(weights, saved, tokenizer):
    """A SavedModel and a .keras file, which the tests compare themselves."""
    from hwgen_keras.bundle.description import pack_structures
    from hwgen_keras.export import writer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "examples", lambda *arguments: [])
        return writer.write(
            weights,
            str(saved),
            str(saved.with_suffix(".keras")),
            weights.with_suffix(""),
            "float32",
            sampling={},
            characters=list(KANA),
            structures=pack_structures(tokenizer),
        )


def _convert(folders):
    """ONNX files of SavedModels, without a process for each."""
    from tf2onnx import optimizer

    from hwgen_keras.export import to_onnx

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # It takes longer than what runs here would gain; test_export has it.
        patch.setattr(optimizer, "optimize_graph", lambda graph, *_, **__: graph)
        # Those of tf2onnx, which the process of an export keeps to itself.
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", sys.argv[:])
        for path in folders:
            names = "image_embedding,text_embedding" if path.endswith("clip") else None
            to_onnx.main(path, f"{path}/model.onnx", "float32", names)


@pytest.fixture
def inside(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.delenv("HWGEN_MODELS", raising=False)
    return folder


class TestFormats:
    def test_generators_write_the_same(self, inside):
        loaded = [hw.load("kana", format=name) for name in FORMATS]
        assert hw.load("kana").format == "keras"
        assert [model.format for model in loaded] == list(FORMATS)
        first, *others = [m.write("いろは", "hanako", seed=3) for m in loaded]
        assert first.std() > 10
        for other in others:
            assert np.abs(first.astype(int) - other).max() <= 1
        for model in loaded[1:]:
            for more in ({"style_images": 2}, {"strength": 0.5}):
                with pytest.raises(InputError, match="is exported .* load the .keras"):
                    model.write("い", "hanako", **more)

    def test_classifiers_read_the_same(self, inside):
        loaded = [hw.load("reader", format=name) for name in FORMATS]
        assert hw.load("reader").format == ("onnx" if ONNX else "saved_model")
        first, *others = [model.read("hanako") for model in loaded]
        for characters, probabilities in others:
            assert characters == first[0]
            np.testing.assert_allclose(probabilities, first[1], atol=1e-5)

    def test_clips_embed_the_same(self, inside):
        loaded = [hw.load("clip", format=name) for name in FORMATS]
        for embed in ("embed_characters", "embed_images"):
            given = "漢字" if embed == "embed_characters" else "hanako"
            first, *others = [getattr(model, embed)(given) for model in loaded]
            for other in others:
                np.testing.assert_allclose(other, first, atol=1e-4)

    def test_bare_files_and_folders(self, inside, tmp_path):
        saved = inside / "saved_models" / "reader"
        bare = tmp_path / "bare"
        bare.mkdir()
        for name in ("saved_model.pb", "variables"):
            (bare / name).symlink_to(saved / name)
        read = hw.load(bare, characters="kana", image_size=SIZE).read("hanako")
        np.testing.assert_allclose(read[1], hw.load("reader").read("hanako")[1], 1e-4)
        with pytest.raises(InputError, match="has 92 classes and does not name their"):
            hw.load(bare)
        if ONNX:
            found = hw.load(saved / "model.onnx", characters="kana", image_size=SIZE)
            assert found.read("hanako")[0] == read[0]
            whole = (saved / "model.onnx").read_bytes()
            cut = tmp_path / "cut.onnx"
            cut.write_bytes(whole[: len(whole) // 2])
            with pytest.raises(
                InputError, match="cut.onnx is not a complete ONNX file"
            ):
                hw.load(cut)

    def test_a_saved_model_with_damaged_weights(self, inside, tmp_path):
        saved = inside / "saved_models" / "reader"
        bare = tmp_path / "bare"
        (bare / "variables").mkdir(parents=True)
        (bare / "saved_model.pb").symlink_to(saved / "saved_model.pb")
        with pytest.raises(InputError, match="cannot be loaded as a SavedModel"):
            hw.load(bare, characters="kana")

    def test_without_what_computes_it(self, inside, monkeypatch):
        found = importlib.util.find_spec
        absent = ("tensorflow", "onnxruntime")

        def find_spec(name, package=None):
            return None if name in absent else found(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        for name in FORMATS[1:]:
            with pytest.raises(InputError, match="is not installed: `pip install"):
                hw.load("kana", format=name)
        assert hw.load("reader").format == "keras"
        absent = ("onnxruntime",)
        assert hw.load("reader").format == "saved_model"
        # TensorFlow is not imported beside another backend.
        monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
        assert hw.load("reader").format == "keras"


# Those of saved_models/README.md run in test_saved_models.
OTHERS = ("docs/how-to/export.md", "docs/how-to/distributed.md")


def blocks(language, page=PAGE):
    """The code of a page, with the heading that each block stands under."""
    heading, found = "", []
    pattern = rf"^#+ ([^\n]*)$|^```{language}\n(.*?)^```$"
    for match in re.finditer(pattern, page.read_text("utf-8"), re.M | re.S):
        heading = match[1] or heading
        if match[2]:
            found.append(pytest.param(match[2], id=heading))
    return found


class Trained:
    """Stands for somebody's own model."""

    def fit(self, x, y, epochs):
        assert x.shape == (6 + 4 * 3, SIZE, SIZE, 1) and x.dtype == np.float32
        assert -1 <= x.min() < 0 < x.max() <= 1
        assert list(y[-3:]) == [0, 1, 2] and len(y) == len(x)


@pytest.mark.parametrize("code", blocks("python"))
def test_the_recipes_run(inside, code, capsys):
    if "onnxruntime" in code and not ONNX:
        pytest.skip("tf2onnx is not installed")
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (3, SIZE, SIZE, 1)).astype("float32")
    names = {
        "x": np.ones((6, SIZE, SIZE, 1), np.float32),
        "y": np.zeros(6, int),
        "names": list("あいう"),
        "model": Trained(),
        "glyphs": images,
        "hands": images[::-1],
        "scans": rng.integers(0, 256, (3, SIZE, SIZE)).astype(np.uint8),
        "images": images,
    }
    exec(compile(code, str(PAGE), "exec"), names)
    if "request" not in names:
        return
    # What TensorFlow Serving makes of the request.
    request = json.loads(pathlib.Path("request.json").read_text("utf-8"))
    assert set(request) == {"signature_name", "inputs"}
    serve = hw.load_exported("saved_models/reader", request["signature_name"])
    specs = serve.structured_input_signature[1]
    assert set(request["inputs"]) == set(specs)
    inputs = {
        name: np.array(value, specs[name].dtype.as_numpy_dtype)
        for name, value in request["inputs"].items()
    }
    assert set(serve(**inputs)) == {"characters", "probabilities"}


@pytest.mark.parametrize(
    "code",
    [
        each
        for name in OTHERS
        for each in blocks("python", ROOT / name)
        if each.id != "Stroke writers"  # In test_export_writer.
    ],
)
def test_code_of_other_pages_runs(inside, code):
    if "onnxruntime" in code and not ONNX:
        pytest.skip("tf2onnx is not installed")
    images = np.random.default_rng(0).uniform(-1, 1, (2, SIZE, SIZE, 1))
    images = images.astype("float32")
    network, trained = keras.Sequential([keras.layers.BatchNormalization()]), []
    network.fit = lambda *arguments, **more: trained.append((arguments, more))
    store = hw.simulated_store([1], hw.CharacterSet("one", "い"), SIZE, progress=False)
    names = {
        **{"glyphs": images, "hand": images, "images": images, "store": store},
        "sampler": hw.ClassificationSampler(store),
        "build_and_compile": lambda: network,
    }
    exec(compile(code, "page", "exec"), names)
    if "image" in names:
        assert names["image"].shape == images.shape
    elif "probabilities" in names:
        assert names["probabilities"].shape == (2, len(KANA))
    else:
        (((batches,), more),) = trained
        assert len(batches) == 1000 and more == {"shuffle": False}


def test_the_pages_are_read_right():
    assert len(blocks("python")) == 7 and len(blocks("sh")) == 3
    found = [len(blocks("python", ROOT / name)) for name in OTHERS]
    assert found == [3, 1]
