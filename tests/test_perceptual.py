"""The perceptual loss: which network, and what VGG16 sees."""

import types

import keras
import numpy as np
import pytest
from networks import BACKEND, clip, images, tokenizer

from experiments import train_generator
from hwgen_keras.characters import CharacterSet, Knowledge
from hwgen_keras.models import EncoderFeatures, VGG16Features
from hwgen_keras.training import generator_networks

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


KNOWLEDGE = Knowledge(CharacterSet("four", "あいうえ"), tokenizer())


@pytest.fixture(scope="module")
def vgg16():
    return VGG16Features(weights=None)


def test_vgg16_sees_images_as_its_weights_were_trained(vgg16):
    seen = []
    self = types.SimpleNamespace(network=seen.append, torchvision=False)
    given = images(2, 8)
    VGG16Features.call(self, given)
    grey = np.repeat((given + 1) * 127.5, 3, axis=-1)
    # Keras's own preparation of RGB images of 0 to 255 for these weights.
    expected = keras.applications.vgg16.preprocess_input(grey)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(seen[0]), expected, atol=1e-3)


def test_vgg16_has_the_weights_of_the_file(tmp_path):
    file = tmp_path / "vgg16.weights.h5"
    network = keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(None, None, 3)
    )
    network.save_weights(file)
    features = VGG16Features(weights=str(file))
    for a, b in zip(features.network.weights, network.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (a, b)))


@pytest.fixture
def chosen(tmp_path, monkeypatch, capsys):
    """A function, flags → the features of `StyleTransfer` and what was printed."""
    trained = clip()
    trained.build()
    trained.save(tmp_path / "clip.keras")

    class Known(VGG16Features):
        def __init__(self, weights, lpips=False, **arguments):
            keras.Model.__init__(self, **arguments)
            self.weights_of = weights

    monkeypatch.setattr(generator_networks, "VGG16Features", Known)

    def choose(**values):
        settings = train_generator.Settings(
            **{"size": "tiny", "image_size": 32, "mode": "adain", **values},
            clip_weights=str(tmp_path),
        )
        model = generator_networks.style_transfer(settings, KNOWLEDGE, 2, False)
        return model, capsys.readouterr().out

    return choose


@pytest.mark.parametrize("perceptual", ["auto", "vgg16"])
def test_vgg16_is_used_where_it_is_named(chosen, perceptual):
    model, printed = chosen(perceptual=perceptual, vgg16_weights="vgg16.h5")
    assert isinstance(model.features, VGG16Features)
    assert model.features.weights_of == "vgg16.h5"
    assert "VGG16, weights vgg16.h5" in printed
    assert model.features.description == "VGG16, weights vgg16.h5"


@pytest.mark.parametrize(
    "values", [{}, {"perceptual": "image_encoder", "vgg16_weights": "vgg16.h5"}]
)
def test_otherwise_it_is_the_encoder_of_clip(chosen, values):
    model, printed = chosen(**values)
    assert isinstance(model.features, EncoderFeatures)
    assert "Perceptual features: image encoder of " in printed
    for a, b in zip(
        model.features.encoder.get_weights(),
        model.clip.image_tower.encoder.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
