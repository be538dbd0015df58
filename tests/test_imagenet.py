"""ImageNet weights: the same features as three equal channels have, and mistakes."""

import functools
import hashlib
import json
import re

import keras
import numpy as np
import pytest
from networks import BACKEND, draw_weights, images
from safetensors.numpy import save_file
from torch_resnet import TorchResNet, torch_state, write_keras

from experiments import flags, train_classifier, train_image_encoder
from hwgen_keras import models
from hwgen_keras.errors import InputError
from hwgen_keras.models import ImageEncoder, imagenet, load_imagenet, resnets

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="compares with torch")

DEPTHS, WIDTH = (1, 2, 1, 1), 8


@pytest.fixture(scope="module")
def state():
    return torch_state(DEPTHS, WIDTH)


@pytest.fixture
def few_blocks(monkeypatch):
    for name in resnets.DEPTHS:
        monkeypatch.setitem(resnets.DEPTHS, name, DEPTHS)
    monkeypatch.setattr(resnets, "WIDTH", WIDTH)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_the_features_are_those_of_three_equal_channels(
    few_blocks, state, tmp_path, suffix, training
):
    path = tmp_path / f"weights{suffix}"
    np.savez(path, **state) if suffix == ".npz" else save_file(state, path)
    architecture = models.architecture_of_file("resnet50", path)
    encoder = ImageEncoder(architecture)
    load_imagenet(encoder, path)
    # An odd side and an even one: strides start at other pixels.
    grey = np.concatenate([images(2, 64, seed=1), images(2, 64, seed=2)[:, :, :33]], 2)
    expected = TorchResNet(state, DEPTHS, training)(grey.transpose(0, 3, 1, 2))
    found = encoder.feature_maps(grey, training=training)
    assert len(found) == len(expected) == 5
    for ours, theirs in zip(found, expected, strict=True):
        ours = keras.ops.convert_to_numpy(ours)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
    features = keras.ops.convert_to_numpy(encoder(grey, training=training))
    assert features.shape == (2, encoder.output_width)


def test_the_moving_statistics_follow_as_in_torch(few_blocks):
    network = ImageEncoder("resnet50_v1_5").network
    norms = [
        n for n in network.layers if isinstance(n, keras.layers.BatchNormalization)
    ]
    # PyTorch's momentum of 0.1 is the share of the new.
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.9, 1e-5)}


def small_application(levels):
    """A network with the names, biases and first layers of keras.applications."""

    def build(include_top, weights, input_shape):
        layers = keras.layers
        inputs = keras.Input(input_shape)
        x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
        x = layers.Conv2D(WIDTH, 7, 2, name="conv1_conv")(x)
        x = layers.BatchNormalization(name="conv1_bn")(x)
        x = layers.ReLU(name="conv1_relu")(x)
        for level in range(2, levels + 2):
            x = layers.Conv2D(WIDTH, 1, 2, name=f"conv{level}_block1_1_conv")(x)
            x = layers.ReLU(name=f"conv{level}_block1_out")(x)
        return keras.Model(inputs, x)

    return build


@pytest.fixture
def small_applications(few_blocks, monkeypatch):
    """ResNet-50 with four levels, ResNet-152 with five."""
    for name, levels in (("resnet50", 4), ("resnet152", 5)):
        monkeypatch.setitem(resnets.KERAS, name, small_application(levels))
        monkeypatch.setitem(resnets.DEPTHS, name, (1,) * levels)


def test_a_file_of_keras(small_applications, tmp_path):
    colours = resnets.keras_resnet("resnet50", 3)
    draw_weights(colours)
    path = write_keras(tmp_path / "resnet50_notop.h5", colours)
    assert models.architecture_of_file("resnet50", path) == "resnet50"
    encoder = ImageEncoder("resnet50")
    load_imagenet(encoder, path)
    for name in ("conv1_bn", *(f"conv{level}_block1_1_conv" for level in range(2, 6))):
        theirs = colours.get_layer(name).get_weights()
        for a, b in zip(
            encoder.network.get_layer(name).get_weights(), theirs, strict=True
        ):
            np.testing.assert_array_equal(a, b)
    grey = images(1, 64)
    pixels = np.repeat(127.5 * (grey + 1), 3, -1)
    pixels = keras.applications.resnet.preprocess_input(pixels)
    first = keras.Model(colours.input, colours.get_layer("conv1_relu").output)
    theirs = keras.ops.convert_to_numpy(first(pixels))
    ours = keras.ops.convert_to_numpy(encoder.feature_maps(grey)[0])
    # At the edge both continue in another grey.
    inside = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(ours[inside], theirs[inside], atol=1e-4 * theirs.max())

    with pytest.raises(InputError, match="notop.h5 cannot be loaded .*'s resnet152 w"):
        load_imagenet(ImageEncoder("resnet152"), path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="notop.h5 cannot be loaded .* without the to"):
        load_imagenet(encoder, path)


class TestScripts:
    VALUES = {"size": "base", "image_size": 32, "batch_size": 2, "interval": 1}
    VALUES |= {"cache": "", "jit_compile": False, "steps": 1}

    @pytest.fixture
    def values(self, tiny_font, tmp_path):
        (tmp_path / "two.txt").write_text("い\nっ", encoding="utf-8")
        data = {"fonts": [str(tiny_font)], "characters": str(tmp_path / "two.txt")}
        return {**self.VALUES, **data, "run_dir": str(tmp_path / "run")}

    @pytest.mark.parametrize("script", [train_classifier, train_image_encoder])
    def test_a_training_begins_with_the_weights(
        self, few_blocks, state, values, tmp_path, script, monkeypatch
    ):
        np.savez(tmp_path / "weights.npz", **state)

        class Begun(Exception):
            pass

        def fit(run, model, *arguments, **more):
            plain = ImageEncoder("resnet50_v1_5")
            load_imagenet(plain, tmp_path / "weights.npz")
            pairs = zip(model.encoder.weights, plain.weights, strict=True)
            assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)
            raise Begun

        monkeypatch.setattr(script.training, "fit", fit)
        weights = {"initial_weights": str(tmp_path / "weights.npz")}
        with pytest.raises(Begun):
            flags.call(script, {**values, **weights})

    def test_they_are_recorded_and_a_run_is_resumed_without_them(
        self, few_blocks, state, values, tmp_path, capsys
    ):
        path = tmp_path / "model.safetensors"
        save_file(state, path)
        weights = {"initial_weights": str(path)}
        note = {"file": str(path), "architecture": "resnet152_v1_5"}
        note["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        file = flags.call(train_classifier, {**values, **weights})
        assert f"The encoder begins with {path}." in capsys.readouterr().out
        config = json.loads((file.parent / "config.json").read_text("utf-8"))
        assert config["flags"].items() >= weights.items()
        assert config["notes"]["initial_weights"] == note

        path.unlink()
        resumed = {**values, "resume": True}
        flags.call(train_classifier, {**resumed, "steps": 2})
        config = json.loads((file.parent / "config.json").read_text("utf-8"))
        assert config["notes"]["initial_weights"] == note
        model = models.load_trained(file, models.Classifier, "--arm")
        assert model.encoder.architecture == "resnet152_v1_5"
        with pytest.raises(InputError, match="cannot continue with imagenet; leave"):
            flags.call(train_classifier, {**resumed, "initial_weights": "imagenet"})

    def test_imagenet_is_downloaded_by_keras(self, monkeypatch, tmp_path):
        asked = []

        def get_file(name, origin, **arguments):
            asked.append((name, origin, arguments["file_hash"]))
            return str(tmp_path / name)

        monkeypatch.setattr(keras.utils, "get_file", get_file)
        for name in ("resnet50", "resnet152"):
            file = f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"
            assert imagenet.download_imagenet(name) == str(tmp_path / file)
            from keras.src.applications import resnet as source

            address = source.BASE_WEIGHTS_PATH + file
            assert asked.pop() == (file, address, source.WEIGHTS_HASHES[name][1])

    def test_without_a_network_the_file_is_named(
        self, small_applications, monkeypatch, values
    ):
        def get_file(*arguments, **more):
            raise Exception("URL fetch failure on …: no route\nmore")

        monkeypatch.setattr(keras.utils, "get_file", get_file)
        sentence = (
            r"--initial_weights=imagenet: https://\S+/resnet152_\w+_notop.h5 cannot be "
            r"downloaded \(URL fetch .* route\); fetch this file elsewhere and give its"
        )
        with pytest.raises(InputError, match=sentence):
            flags.call(train_classifier, {**values, "initial_weights": "imagenet"})

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            (
                {"size": "small"},
                "is for a ResNet, and --size=small has none; give --si",
            ),
            (
                {"initial_weights": "resnet50.pth"},
                "resnet50.pth: give `imagenet`, or a file whose name ends in .h5, .s",
            ),
            ({"initial_weights": "a.NPZ"}, None),
        ],
    )
    def test_flags(self, values, sentence):
        given = {"size": "base", "initial_weights": "imagenet", "fonts": ["x"]} | values
        for script in (train_classifier, train_image_encoder):
            if sentence is None:
                script.Settings(**given)
                continue
            with pytest.raises(InputError, match=sentence):
                script.Settings(**given)


class TestMistakes:
    @pytest.fixture
    def load(self, few_blocks):
        return functools.partial(load_imagenet, ImageEncoder("resnet50_v1_5"))

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (
                {"layer2.0.conv2.weight": None},
                "has no layer2.0.conv2.weight; give the weights of a ResNet-50 in",
            ),
            (
                {"conv1.weight": np.zeros((8, 1, 7, 7), "f4")},
                r"conv1.weight has the shape \(8, 1, 7, 7\) instead of \(8, 3, 7, 7\)",
            ),
            (
                {"layer3.6.bn1.bias": np.zeros(32, "f4")},
                "has layer3.6.bn1.bias, which the network has not; give the weights of",
            ),
            (
                {"layer1.0.bn3.running_var": np.full(32, np.nan, "f4")},
                "layer1.0.bn3.running_var is not finite; get the file again",
            ),
        ],
    )
    def test_another_network(self, load, state, tmp_path, change, sentence):
        arrays = {k: v for k, v in {**state, **change}.items() if v is not None}
        np.savez(tmp_path / "w.npz", **arrays)
        with pytest.raises(InputError, match=f"--initial_weights .*w.npz.*{sentence}"):
            load(tmp_path / "w.npz")

    @pytest.mark.parametrize("name", ["w.npz", "w.safetensors"])
    def test_no_such_file_and_a_damaged_one(self, load, tmp_path, name):
        path = tmp_path / name
        with pytest.raises(InputError, match=f"there is no file .*{name}; check"):
            load(path)
        for content in (b"", b"abc", b"\xff" * 100, (2).to_bytes(8, "little") + b"[]"):
            path.write_bytes(content)
            sentence = re.escape(f"{path} cannot be loaded as weights")
            with pytest.raises(InputError, match=sentence):
                load(path)

    def test_safetensors_that_are_cut_short(self, load, state, tmp_path):
        path = tmp_path / "w.safetensors"
        save_file(state, path)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(InputError, match="w.safetensors cannot be loaded as wei"):
            load(path)

    def test_a_file_with_objects_runs_nothing(self, load, tmp_path):
        np.savez(tmp_path / "w.npz", **{"conv1.weight": np.array([print], object)})
        with pytest.raises(InputError, match="w.npz cannot be loaded as weights"):
            load(tmp_path / "w.npz")
