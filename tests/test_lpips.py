"""LPIPS as published: torchvision's VGG16, whose channels have learned weights."""

import pathlib
import pickle
import types

import keras
import numpy as np
import pytest
from networks import BACKEND, generator, images
from safetensors.numpy import load_file, save_file
from vision import import_torchvision

import hwgen_keras as hw
from experiments import train_generator
from hwgen_keras import losses
from hwgen_keras.errors import InputError
from hwgen_keras.models import Reconstruction, StyleTransfer, VGG16Features
from hwgen_keras.models.vgg16 import lpips_weights

once = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def published():
    """The package's LPIPS over random weights, which nothing downloads."""
    import_torchvision()
    lpips = pytest.importorskip("lpips")
    import torch
    from torchvision.models import vgg

    torch.manual_seed(0)
    trunk = vgg.make_layers(vgg.cfgs["D"])
    for layer in trunk:
        if isinstance(layer, torch.nn.Conv2d):
            # The greys of the maps are of the size of those of the image.
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.normal_(layer.bias, std=0.1)
    with pytest.MonkeyPatch.context() as patch:
        # The whole of vgg16 would be 550 MB.
        make = lambda pretrained: types.SimpleNamespace(features=trunk)  # noqa: E731
        patch.setattr(lpips.pretrained_networks.tv, "vgg16", make)
        model = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    return types.SimpleNamespace(model=model, trunk=trunk)


@pytest.fixture(scope="module")
def state(published):
    """The state dict of torchvision's VGG16 with this trunk, as arrays."""
    arrays = {
        f"features.{k}": v.numpy() for k, v in published.trunk.state_dict().items()
    }
    return {**arrays, "classifier.6.bias": np.zeros(1000, "float32")}


@pytest.fixture(scope="module")
def file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg16") / "vgg16.safetensors"
    save_file(state, path)
    return path


def to_torch(array):
    import torch

    return torch.from_numpy(array.transpose(0, 3, 1, 2).repeat(3, axis=1).copy())


def test_agrees_with_the_package(published, file):
    import torch

    features = VGG16Features(str(file), lpips=True)
    a, b = images(3, 32, seed=1), images(3, 32, seed=2)
    a, b = (np.concatenate([x, x[:, :, :17]], axis=2) for x in (a, b))
    b[2] = a[2]
    maps = features(a), features(b)
    ours = losses.perceptual_distance(*maps, features.channel_weights)
    with torch.no_grad():
        theirs = published.model(to_torch(a), to_torch(b)).ravel().numpy()
    assert theirs[:2].min() > 0.1 and theirs[2] == 0
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), theirs, atol=1e-5)


@once
def test_the_weights_are_those_of_the_package():
    lpips = pytest.importorskip("lpips", exc_type=(ImportError, RuntimeError))
    import torch

    path = pathlib.Path(lpips.__file__).parent / "weights" / "v0.1" / "vgg.pth"
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    assert len(theirs) == 5 and sum(w.size for w in lpips_weights()) == 1472
    for number, ours in enumerate(lpips_weights()):
        expected = theirs[f"lin{number}.model.1.weight"].numpy().ravel()
        np.testing.assert_array_equal(ours, expected)
        assert ours.min() >= 0


@once
class TestFiles:
    @pytest.mark.parametrize("kind", ["pth", "old.pth", "npz"])
    def test_of_each_kind_give_torchvisions_maps(
        self, kind, published, state, file, tmp_path
    ):
        import torch

        path = tmp_path / f"vgg16.{kind}"
        if kind == "npz":
            np.savez(path, **state)
        else:
            tensors = {name: torch.from_numpy(array) for name, array in state.items()}
            torch.save(tensors, path, _use_new_zipfile_serialization=kind != "old.pth")
        # Without LPIPS, its input is torchvision's all the same.
        features = VGG16Features(path)
        assert features.channel_weights is None
        grey = images(1, 16)
        with torch.no_grad():
            scaled = published.model.scaling_layer(to_torch(grey))
            expected = published.model.net(scaled)
        for ours, theirs in zip(features(grey), expected, strict=True):
            theirs = theirs.permute(0, 2, 3, 1).numpy()
            np.testing.assert_allclose(
                ours.cpu().numpy(), theirs, atol=1e-5 * theirs.max()
            )

    def test_are_not_named_by_a_saved_model(self, file):
        config = VGG16Features(str(file), lpips=True).get_config()
        assert config["weights"] is None
        again = VGG16Features.from_config({**config, "weights": "/etc/passwd"})
        assert again.lpips and again.torchvision
        assert len(again.channel_weights) == 5
        assert not VGG16Features.from_config({}).torchvision

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda s: s.pop("features.28.bias"), "has no features.28.bias; give a"),
            (
                lambda s: s.update(
                    {"features.0.weight": np.zeros((64, 1, 3, 3), "f4")}
                ),
                r"features.0.weight has the shape \(64, 1, 3, 3\) instead of",
            ),
            (
                lambda s: s.update({"features.30.weight": np.zeros(1, "f4")}),
                "has features.30.weight, which the network has not",
            ),
            (
                lambda s: s.update({"features.0.bias": np.full(64, np.nan, "f4")}),
                "features.0.bias is not finite",
            ),
        ],
    )
    def test_of_other_networks_are_refused(self, change, message, file, tmp_path):
        state = load_file(file)
        change(state)
        path = tmp_path / "other.safetensors"
        save_file(state, path)
        with pytest.raises(InputError, match=message) as caught:
            VGG16Features(path, lpips=True)
        assert str(caught.value).startswith(f"--vgg16_weights {path}")

    def test_that_run_code_are_refused(self, tmp_path):
        path, ran = tmp_path / "vgg16.pth", tmp_path / "ran"

        class Harm:
            def __reduce__(self):
                return pathlib.Path.touch, (ran,)

        path.write_bytes(pickle.dumps({"features.0.weight": Harm()}))
        with pytest.raises(InputError, match="cannot be loaded as a state dict"):
            VGG16Features(path, lpips=True)
        assert not ran.exists()
        with pytest.raises(InputError, match="there is no file .*none.pth"):
            VGG16Features(tmp_path / "none.pth")

    def test_of_keras_are_refused(self):
        for weights in ("imagenet", "vgg16.weights.h5"):
            with pytest.raises(InputError, match=f"--vgg16_weights={weights} is Kera"):
                VGG16Features(weights, lpips=True)


@once
class TestTraining:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({}, "--perceptual=lpips needs --vgg16_weights: those of torchvision"),
            ({"vgg16_weights": "imagenet"}, "--vgg16_weights=imagenet is Keras's"),
            ({"vgg16_weights": "vgg16.h5"}, "--vgg16_weights=vgg16.h5 is Keras's"),
        ],
    )
    def test_of_keras_weights_is_refused(self, values, message):
        with pytest.raises(InputError, match=message):
            train_generator.Settings(
                **{"size": "tiny", "image_size": 32, "perceptual": "lpips", **values},
                clip_weights="clip",
            )

    @pytest.mark.parametrize("kind", [StyleTransfer, Reconstruction])
    def test_weighs_the_channels(self, kind):
        features = VGG16Features(None, lpips=True)
        others = [generator("adain", multipliers=(1,))]
        if kind is StyleTransfer:
            others.append(hw.PatchDiscriminator(widths=(8,)))
        model = kind(*others, features=features)
        a, b = images(2, 16, seed=1), images(2, 16, seed=2)
        maps = features(a), features(b)
        expected = losses.perceptual_distance(*maps, lpips_weights())
        if kind is StyleTransfer:
            whole = model.reconstruction_loss(a, b)
            pixels = whole - keras.ops.mean(expected)
            assert float(pixels) == pytest.approx(np.abs(a - b).mean(), rel=1e-4)
        else:
            batch = {"content": a, "style": b, "target": a}
            drawn = model.generator(batch)
            distance = losses.pyramid_distance(keras.ops.convert_to_tensor(a), drawn)
            expected = distance + losses.perceptual_distance(
                features(a), features(drawn), lpips_weights()
            )
            found = model(batch).detach().cpu().numpy()
            np.testing.assert_allclose(
                found, expected.detach().cpu().numpy(), rtol=1e-4
            )


def test_channel_weights_weigh_squares(rng):
    a, b = (rng.random((2, 3, 3, 4)).astype("float32") for _ in range(2))
    weights = rng.random(4).astype("float32")
    found = losses.perceptual_distance([a, a], [b, b], [weights, 0 * weights])
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    expected = ((unit[0] - unit[1]) ** 2 @ weights).mean((1, 2))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, rtol=1e-4)
