"""Networks of keras.applications: ResNets and VGG16."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import BACKEND, images

from hwgen_keras.errors import InputError
from hwgen_keras.models import ImageEncoder, VGG16Features


@pytest.mark.skipif(BACKEND != "torch", reason="slow; one backend is enough")
class TestResNets:
    @pytest.mark.parametrize("architecture", ["resnet50", "resnet152"])
    def test_maps_halve_five_times(self, architecture):
        encoder = ImageEncoder(architecture)
        maps = encoder.feature_maps(images(1, 32))
        assert [m.shape for m in maps] == [
            (1, 16, 16, 64),
            (1, 8, 8, 256),
            (1, 4, 4, 512),
            (1, 2, 2, 1024),
            (1, 1, 1, 2048),
        ]

    def test_output_and_config(self):
        encoder = ImageEncoder("resnet50", dtype="mixed_bfloat16")
        outputs = encoder(images(1, 32))
        assert outputs.shape == (1, encoder.output_width)
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
        assert encoder.network.layers[2].compute_dtype == "bfloat16"
        assert keras.config.dtype_policy().name == "float32"
        assert encoder.get_config()["architecture"] == "resnet50"


def test_an_unknown_architecture_is_named():
    with pytest.raises(ValueError, match="'resnet5'; it can be convolutional, resnet"):
        ImageEncoder("resnet5")


class TestVGG16Features:
    def test_a_missing_or_damaged_file_is_named(self, tmp_path):
        file = tmp_path / "vgg16.weights.h5"
        for content in (None, b"not HDF5"):
            if content:
                file.write_bytes(content)
            with pytest.raises(InputError, match="vgg16.weights.h5.*cannot be loaded"):
                VGG16Features(weights=str(file))

    def test_five_maps_of_a_frozen_network(self):
        features = VGG16Features(weights=None)
        maps = features(images(1, 32))
        sides_and_widths = [(32, 64), (16, 128), (8, 256), (4, 512), (2, 512)]
        assert [m.shape[1:] for m in maps] == [(s, s, w) for s, w in sides_and_widths]
        assert features.trainable_variables == []

    def test_follows_the_dtype_policy(self):
        exact = VGG16Features(weights=None)
        half = VGG16Features(weights=None, dtype="mixed_bfloat16")
        half.network.set_weights(exact.network.get_weights())
        for a, b in zip(exact(images(1, 32)), half(images(1, 32)), strict=True):
            assert keras.backend.standardize_dtype(b.dtype) == "bfloat16"
            a, b = (ops.convert_to_numpy(ops.cast(x, "float32")) for x in (a, b))
            assert np.linalg.norm(b - a) < 0.02 * np.linalg.norm(a)
