"""A `.keras` file becomes a SavedModel that TensorFlow loads alone."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from networks import BACKEND

from experiments import common, export
from hwgen_keras.errors import InputError
from hwgen_keras.export import export_saved_model
from hwgen_keras.models import (
    AdaINGenerator,
    Classifier,
    ImageEncoder,
    PatchDiscriminator,
)

# Whatever the backend, a process on TensorFlow exports; the files are the same.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

GENERATOR = {"multipliers": (1, 2), "attention": {"heads": 2, "head_width": 4}}

ALONE = """
import sys, numpy as np, tensorflow as tf
serve = tf.saved_model.load(sys.argv[1]).signatures["serve"]
inputs = dict(np.load(sys.argv[2]))
np.savez(sys.argv[3], **{k: v.numpy() for k, v in serve(**inputs).items()})
assert "hwgen_keras" not in sys.modules
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A generator trained, as it were, in half precision."""
    folder = tmp_path_factory.mktemp("export")
    keras.utils.set_random_seed(0)
    model = AdaINGenerator(width=8, **GENERATOR, dtype="mixed_bfloat16")
    model.build()
    model.save(folder / "generator.keras")
    return folder / "generator.keras"


def test_tensorflow_alone_gives_what_keras_gives(saved, tmp_path, rng):
    options = common.options(
        export.FLAGS, export.EXTRA, weights=str(saved), output=str(tmp_path / "model")
    )
    path = export.main(options)
    images = rng.uniform(-1, 1, (2, 3, 20, 24, 1)).astype("float32")
    inputs = {"content": images[0], "style": images[1]}
    np.savez(tmp_path / "in.npz", **inputs)
    subprocess.run(
        [sys.executable, "-c", ALONE, path, tmp_path / "in.npz", tmp_path / "out.npz"],
        check=True,
    )
    from hwgen_keras.models import load_trained, with_policy

    model = with_policy(load_trained(saved, AdaINGenerator, "file"), "float32")
    expected = keras.ops.convert_to_numpy(model(inputs)).clip(-1, 1)
    with np.load(tmp_path / "out.npz") as outputs:
        np.testing.assert_allclose(outputs["image"], expected, atol=1e-4)


def test_what_cannot_be_exported_is_named(saved, tmp_path):
    with pytest.raises(InputError, match="exists already"):
        export_saved_model(saved, tmp_path)
    with pytest.raises(InputError, match="There is no file nowhere.keras to export"):
        export_saved_model("nowhere.keras", tmp_path / "out")
    discriminator = PatchDiscriminator(widths=(8, 8))
    discriminator.build()
    discriminator.save(tmp_path / "discriminator.keras")
    with pytest.raises(InputError, match="a PatchDiscriminator has no export"):
        export_saved_model(tmp_path / "discriminator.keras", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_classifier_gives_probabilities(tmp_path, rng):
    from hwgen_keras.export import load_exported

    model = Classifier(ImageEncoder(widths=(8, 8)), 5)
    model.build()
    model.save(tmp_path / "classifier.keras")
    path = export_saved_model(tmp_path / "classifier.keras", tmp_path / "model")
    images = rng.uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    probabilities = load_exported(path)(image=images)["probabilities"].numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(model(images)))
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
