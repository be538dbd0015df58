"""Mixed images and labels: what is shown of each image is its share in the label."""

import numpy as np
import pytest
from stores import small_store

from hwgen_keras.data import MIXES, ClassificationSampler, feed, mixing
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


def batch_of(count, size=16):
    """Images that are flat: image i has the grey i everywhere."""
    import tensorflow as tf

    greys = np.linspace(-1, 1, count, dtype=np.float32)
    return {
        "image": tf.constant(np.tile(greys[:, None, None, None], (1, size, size, 1))),
        "label": tf.range(count),
        "seed": tf.stack([tf.range(count), 7 + tf.range(count)], axis=1),
    }


@pytest.mark.parametrize("name", MIXES[1:])
def test_the_label_says_how_much_is_seen_of_each_image(name):
    batch = batch_of(64)
    images, labels = mixing(name, 64)(batch)
    labels = labels.numpy()
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-5)
    own, other = labels.diagonal(), labels[np.arange(64), np.arange(64) - 1]
    np.testing.assert_allclose(own + other, 1, atol=1e-5)
    # The mean grey of two flat images is their mean by the shares.
    greys = batch["image"].numpy()[:, 0, 0, 0]
    expected = own * greys + other * np.roll(greys, 1)
    np.testing.assert_allclose(images.numpy().mean(axis=(1, 2, 3)), expected, atol=1e-4)
    assert own.min() < 0.4 and own.max() > 0.9


@pytest.mark.parametrize("name", ["cutmix", "fmix"])
def test_each_pixel_is_of_one_image(name):
    batch = batch_of(8)
    images = mixing(name, 8)(batch)[0].numpy()
    greys = batch["image"].numpy()[:, :1, :1]
    other = np.roll(greys, 1, axis=0)
    assert (np.isclose(images, greys) | np.isclose(images, other)).all()


def test_mixup_leaves_most_images_nearly_as_they_are():
    _, labels = mixing("mixup", 64)(batch_of(64))
    assert np.median(labels.numpy().max(axis=1)) > 0.8


@pytest.mark.parametrize("name", MIXES[1:])
def test_a_feed_that_starts_later_mixes_the_same(characters, name):
    store = small_store(characters)
    sampler = ClassificationSampler(store, affine_strength=1.0)
    outputs = mixing(name, len(characters))
    whole = feed(store, sampler, 4, 3, outputs=outputs, kind="tf")
    later = feed(store, sampler, 4, 1, start_step=2, outputs=outputs, kind="tf")
    *_, (image, label) = whole.as_numpy_iterator()
    ((image_again, label_again),) = later.as_numpy_iterator()
    np.testing.assert_array_equal(image, image_again)
    np.testing.assert_array_equal(label, label_again)
    assert label.shape == (4, len(characters)) and label.dtype == np.float32


def test_an_unknown_mix_is_named():
    with pytest.raises(InputError, match="There is no mix 'blend'; use mixup, cutmix"):
        mixing("blend", 3)
