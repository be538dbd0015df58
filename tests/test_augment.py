"""Augmentation: each image by its own seed, strokes whole, paper where nothing is."""

import runpy
import sys

import numpy as np
import pytest
from networks import BACKEND

from hwgen_keras import data
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import AUGMENTATIONS, parse_augmentations
from hwgen_keras.errors import InputError
from hwgen_keras.training.settings import AUGMENTATIONS as DESCRIBED

tf = pytest.importorskip("tensorflow")

from hwgen_keras.data import augment  # noqa: E402

SIZE = 32


@pytest.fixture
def strokes():
    """Eight times the same cross of strokes four pixels wide."""
    image = np.full((SIZE, SIZE), 255, np.float32)
    image[4:28, 14:18] = image[14:18, 4:28] = 0
    return tf.constant(np.tile(image[None, ..., None], (8, 1, 1, 1)))


@pytest.fixture
def seeds():
    return tf.constant(np.random.default_rng(1).integers(2**31, size=(8, 2)), tf.int32)


# TensorFlow makes the images whatever the backend of Keras is; layers of KerasCV, which
# is Keras, too, are in two of the augmentations and in what draws from all.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def alone(function):
    return pytest.param(function, marks=one_backend)


SHAPES = [*map(alone, (augment.elastic, augment.perspective, augment.stroke))]
COVERS = [augment.gridmask, augment.cutout]
EACH = [*SHAPES, *COVERS, alone(augment.erasing), augment.randaugment]


@pytest.mark.parametrize("function", EACH)
def test_an_image_depends_on_its_seed_alone(function, seeds):
    one = tf.random.stateless_uniform((1, SIZE, SIZE, 1), (1, 2), 0, 200)
    same = tf.tile(one, (8, 1, 1, 1))
    images = function(same, seeds).numpy()
    assert images.shape == (8, SIZE, SIZE, 1) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 255.001
    for i in range(8):
        for j in range(i):
            assert (images[i] != images[j]).any()
    # Alone, in another order, again, and compiled into a graph.
    alone = function(one, seeds[3:4]).numpy()
    np.testing.assert_allclose(alone[0], images[3], atol=1e-3)
    reverse = function(same, seeds[::-1]).numpy()
    np.testing.assert_allclose(reverse[::-1], images, atol=1e-3)
    compiled = tf.function(function, autograph=False)(same, seeds).numpy()
    np.testing.assert_allclose(compiled, images, atol=1e-3)


@pytest.mark.parametrize("function", [*SHAPES, *COVERS, alone(augment.binarise)])
def test_paper_stays_paper(function, seeds):
    paper = tf.fill((8, SIZE, SIZE, 1), 255.0)
    np.testing.assert_allclose(function(paper, seeds), 255, atol=1e-3)


@one_backend
def test_elastic_of_no_strength_changes_nothing(strokes, seeds):
    np.testing.assert_array_equal(augment.elastic(strokes, seeds, alpha=0.0), strokes)


@one_backend
def test_elastic_keeps_strokes_whole(strokes, seeds):
    from scipy import ndimage

    bent = augment.elastic(strokes, seeds).numpy()[..., 0]
    ink = (255 - bent).sum((1, 2)) / (255 - strokes.numpy()[0]).sum()
    assert (abs(ink - 1) < 0.25).all()
    for image in bent:
        assert ndimage.label(image < 128)[1] == 1


@one_backend
def test_elastic_moves_by_about_alpha(seeds):
    # In a ramp of greys, a change of grey is a displacement to the side.
    ramp = np.tile(np.arange(64, dtype=np.float32), (64, 1))
    images = tf.constant(np.tile(ramp[None, ..., None], (200, 1, 1, 1)))
    many = tf.constant(np.stack([np.arange(200), np.arange(200)], 1), tf.int32)
    moved = augment.elastic(images, many, alpha=0.03, sigma=0.15).numpy()
    displacement = (moved - images.numpy())[:, 12:-12, 12:-12, 0]
    assert abs(displacement.std() / (0.03 * 64) - 1) < 0.1
    assert abs(displacement.mean()) < 0.2
    # Neighbours move together: that is what makes it smooth.
    assert abs(np.diff(displacement, axis=2)).max() < 1.0


@one_backend
def test_elastic_of_oblong_images(seeds):
    images = tf.random.stateless_uniform((8, 20, 33, 1), (1, 2), 0, 255)
    assert augment.elastic(images, seeds).shape == (8, 20, 33, 1)


def test_cutout_covers_one_rectangle(seeds):
    ink = tf.zeros((8, SIZE, SIZE, 1))
    for image in augment.cutout(ink, seeds, side=(0.25, 0.25)).numpy()[..., 0]:
        rows, columns = np.nonzero(image == 255)
        assert 1 <= len(rows) <= 81
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


def test_gridmask_covers_separate_squares(seeds):
    from scipy import ndimage

    ink = tf.zeros((8, SIZE, SIZE, 1))
    covered = augment.gridmask(ink, seeds, ratio=(0.3, 0.3), rotation=0.0).numpy()
    assert set(np.unique(covered)) == {0, 255}
    assert (0.02 < (covered == 255).mean((1, 2, 3))).all()
    assert ((covered == 255).mean((1, 2, 3)) < 0.2).all()
    assert max(ndimage.label(image[..., 0])[1] for image in covered) >= 4


@one_backend
def test_perspective_keeps_the_character_inside_and_whole(strokes, seeds):
    from scipy import ndimage

    many = tf.constant(np.arange(400).reshape(200, 2), tf.int32)
    seen = augment.perspective(tf.repeat(strokes[:1], 200, axis=0), many).numpy()
    for image in seen[..., 0]:
        ink = image < 128
        assert ndimage.label(ink)[1] == 1
        assert not (ink[0] | ink[-1] | ink[:, 0] | ink[:, -1]).any()
    ink = (255 - seen).sum((1, 2, 3)) / (255 - strokes.numpy()[0]).sum()
    assert 0.6 < ink.min() < 0.95 and ink.max() < 1.1
    flat = augment.perspective(strokes, seeds, strength=0.0)
    np.testing.assert_allclose(flat, strokes, atol=1e-3)


@one_backend
def test_perspective_of_oblong_images_turns_about_the_centre(seeds):
    image = np.full((8, 21, 41, 1), 255, np.float32)
    image[:, 10, 20] = 0
    seen = augment.perspective(tf.constant(image), seeds).numpy()
    assert (seen.argmin(axis=1).min(axis=1) >= 0).all()
    centres = [np.unravel_index(one.argmin(), (21, 41)) for one in seen[..., 0]]
    assert centres == [(10, 20)] * 8


@one_backend
@pytest.mark.parametrize(("change", "width"), [(2.0, 8), (0.5, 5), (0.0, 4), (-1.0, 2)])
def test_strokes_change_their_width(change, width, strokes, seeds):
    thinner, broader = -change / SIZE, change / SIZE
    images = augment.stroke(strokes, seeds, thinner=thinner, broader=broader).numpy()
    # A straight stroke that is four pixels wide, away from the crossing.
    ink = (255 - images[:, 6, :, 0]).sum(axis=1) / 255
    np.testing.assert_allclose(ink, width, atol=1e-3)


@one_backend
def test_some_strokes_become_thinner_and_some_broader(strokes):
    many = tf.constant(np.arange(400).reshape(200, 2), tf.int32)
    images = augment.stroke(tf.repeat(strokes[:1], 200, axis=0), many).numpy()
    width = (255 - images[:, 6, :, 0]).sum(axis=1) / 255
    assert 3.5 < width.min() < 3.7 and 4.8 < width.max() < 5


@one_backend
def test_binarise_makes_about_half_of_the_images_black_and_white():
    ramp = np.tile(np.linspace(0, 255, SIZE, dtype=np.float32), (SIZE, 1))
    many = tf.constant(np.arange(400).reshape(200, 2), tf.int32)
    ramp = tf.constant(np.tile(ramp[None, ..., None], (200, 1, 1, 1)))
    images = augment.binarise(ramp, many).numpy()
    hard = np.isin(images, (0, 255)).all((1, 2, 3))
    np.testing.assert_array_equal(images[~hard], ramp.numpy()[~hard])
    assert 70 < hard.sum() < 130
    share = (images[hard] == 0).mean((1, 2, 3))
    assert 0.3 < share.min() < 0.4 and 0.6 < share.max() < 0.7


@one_backend
def test_erasing_covers_one_rectangle_with_noise(seeds):
    paper = tf.fill((8, SIZE, SIZE, 1), 255.0)
    for image in augment.erasing(paper, seeds, area=(0.1, 0.1)).numpy()[..., 0]:
        rows, columns = np.nonzero(image != 255)
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.06 < len(rows) / SIZE**2 < 0.14
        assert image[rows, columns].std() > 40


def test_randaugment_draws_some_of_the_others(strokes, seeds):
    names = ["perspective", "elastic", "stroke", "binarise", "cutout", "erasing"]
    np.testing.assert_array_equal(augment.randaugment(strokes, seeds, count=0), strokes)
    every = strokes
    for name in names:
        every = getattr(augment, name)(every, seeds)
    both = augment.randaugment(strokes, seeds, count=len(names))
    np.testing.assert_allclose(both, every, atol=1e-3)
    # One of them alone, each of them once in a while.
    many = tf.constant(np.arange(128).reshape(64, 2), tf.int32)
    images = tf.repeat(strokes[:1], 64, axis=0)
    one = augment.randaugment(images, many, count=1).numpy()
    matches = [
        abs(getattr(augment, name)(images, many) - one).numpy().max((1, 2, 3)) < 1e-3
        for name in names
    ]
    assert np.any(matches, axis=0).all() and np.any(matches, axis=1).all()


@one_backend
@pytest.mark.parametrize("kind", ["tf", "python"])
def test_other_augmentations_need_no_keras_cv(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_cv", None)  # An import of it fails,
    runpy.run_path(augment.__file__)  # also at the top of the module.
    names = set(AUGMENTATIONS) - {"gridmask", "cutout", "randaugment"}
    images, two = np.zeros((2, SIZE, SIZE), np.uint8), CharacterSet("two", "あい")
    store = data.array_store(images, [0, 1], 0, data.HANDWRITING, ["w"], two)
    sampler = data.ClassificationSampler(store)
    given = {"augment": names if kind == "tf" else (), "kind": kind}
    feed = data.feed(store, sampler, 2, 1, **given)
    batch = feed[0] if kind == "python" else next(iter(feed))
    assert batch["image"].shape == (2, SIZE, SIZE, 1)


@one_backend
def test_names_of_augmentations():
    assert parse_augmentations("none") == ()
    assert parse_augmentations(()) == ()
    assert parse_augmentations("cutout, affine") == ("affine", "cutout")
    for name in AUGMENTATIONS[2:]:
        assert callable(getattr(augment, name))
        assert f"{name} (" in DESCRIBED
    assert parse_augmentations(AUGMENTATIONS) == AUGMENTATIONS[1:]
    for names in ("blur", ["elastic", "blur"], "elastic,"):
        with pytest.raises(InputError, match="use none, affine, perspective"):
            parse_augmentations(names)
