"""`.keras` files with weights in half precision."""

import keras
import numpy as np
import pytest
from networks import clip, evaluate, image_classifier, images, tokens

from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, load_trained, save_model, with_policy


@pytest.fixture(scope="module")
def classifier():
    """With batch normalisation and other than its initial statistics."""
    keras.utils.set_random_seed(0)
    model = image_classifier()
    model.build()
    for variable in model.variables:
        if "moving_variance" in variable.path:
            variable.assign(np.full(variable.shape, 1e-5, "float32"))
    return model


def outputs(model, x):
    return evaluate(lambda: model(x, training=False), model.variables)


def test_it_loads_with_keras_alone_and_computes_nearly_the_same(classifier, tmp_path):
    save_model(classifier, tmp_path / "whole.keras")
    save_model(classifier, tmp_path / "half.keras", "float16")
    model = keras.saving.load_model(tmp_path / "half.keras", compile=False)
    pairs = zip(classifier.variables, model.variables, strict=True)
    for before, after in pairs:
        if before.name == "seed_generator_state":  # Keras draws it at each load.
            continue
        assert (before.dtype, before.name) == (after.dtype, after.name)
        expected = keras.ops.convert_to_numpy(before)
        if before.dtype == "float32" and expected.ndim > 1:
            expected = expected.astype("float16").astype("float32")
        assert (keras.ops.convert_to_numpy(after) == expected).all()
    x = images(3, 32)
    expected = outputs(classifier, x)
    largest = np.abs(expected).max()
    np.testing.assert_allclose(outputs(model, x), expected, atol=5e-3 * largest)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "half.keras",
        "whole.keras",
    ]


def test_under_the_same_policy_it_is_copied_unless_told_not_to(classifier):
    copy = with_policy(classifier, "float32")
    assert copy is not classifier
    for one, other in zip(copy.weights, classifier.weights, strict=True):
        assert one is not other
    assert with_policy(classifier, "float32", copy=False) is classifier
    half = with_policy(classifier, "mixed_bfloat16", copy=False)
    assert half is not classifier
    assert half.encoder.dtype_policy.name == "mixed_bfloat16"


def test_a_folder_of_a_run_or_of_a_stored_model(classifier, tmp_path):
    save_model(classifier, tmp_path / "model.keras", "float16")
    stored = load_trained(tmp_path, Classifier, "--reader", "classifier.keras")
    assert stored.classes == classifier.classes
    # The file of the flag comes first.
    (tmp_path / "classifier.keras").write_bytes(b"")
    with pytest.raises(InputError, match="classifier.keras"):
        load_trained(tmp_path, Classifier, "--reader", "classifier.keras")
    with pytest.raises(InputError, match="no file .*/generator.keras; check"):
        load_trained(tmp_path.parent, Classifier, "--reader", "generator.keras")


def test_a_clip_with_seeds_and_integers(tmp_path):
    keras.utils.set_random_seed(0)
    model = clip()
    model.build()
    save_model(model, tmp_path / "half.keras", "float16")
    again = keras.saving.load_model(tmp_path / "half.keras", compile=False)
    inputs = {"image": images(), "tokens": tokens()}
    expected = outputs(model, inputs)
    for name, value in outputs(again, inputs).items():
        np.testing.assert_allclose(value, expected[name], atol=0.02)


def test_weights_beyond_float16_stay_float32(classifier, tmp_path):
    copy = Classifier.from_config(classifier.get_config())
    copy.build()
    copy.to_logits.kernel.assign(np.full(copy.to_logits.kernel.shape, 7e4, "float32"))
    save_model(copy, tmp_path / "half.keras", "float16")
    again = load_trained(tmp_path / "half.keras", Classifier, "file")
    assert (keras.ops.convert_to_numpy(again.to_logits.kernel) == 7e4).all()
