"""Losses and layers at extreme numbers; test_blocks.py has their values."""

import math

import keras
import numpy as np
import plain
import pytest
from keras import ops

from hwgen_keras import losses
from hwgen_keras.layers import GroupNorm, style_statistics

FEATURES = (2, 4, 6, 8)


def check(actual, expected, tolerance=1e-5):
    """Float32 results of the backend against float64 ones of NumPy."""
    assert keras.backend.standardize_dtype(actual.dtype) == "float32"
    actual = ops.convert_to_numpy(actual)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


class TestStyle:
    def test_statistics_of_half_precision_are_those_of_float32(self, rng):
        x = rng.normal(size=FEATURES).astype("float16") * 200
        mean, deviation = style_statistics(ops.convert_to_tensor(x))
        expected = plain.style_statistics(x.astype("float64"))
        check(mean, expected[0], 1e-4)
        # 200² is beyond float16: the square must be taken in float32.
        check(deviation, expected[1], 1e-4)

    def test_no_loss_between_equals(self, rng):
        statistics = style_statistics(rng.normal(size=FEATURES).astype("float32"))
        check(losses.style_statistics_loss(statistics, statistics), 0)


def test_perceptual_distance(rng):
    shapes = [(2, 4, 4, 3), (2, 2, 2, 5)]
    a, b = (
        [rng.normal(size=shape).astype("float32") for shape in shapes] for _ in range(2)
    )
    distance = ops.convert_to_numpy(losses.perceptual_distance(a, b))
    check(losses.perceptual_distance(a, a), np.zeros(2))
    # Only directions count, and a map of zeros is no division by zero.
    check(losses.perceptual_distance(a, [3 * x for x in b]), distance)
    zeros = [np.zeros(shape, "float32") for shape in shapes]
    check(losses.perceptual_distance(zeros, zeros), np.zeros(2))


class TestSmoothedCrossentropy:
    logits = np.array([[2.0, 0.0, -1.0], [0.0, 90.0, -90.0]], "float32")
    ids = np.array([0, 2])

    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
    def test_is_that_of_smoothed_shares(self, share):
        targets = (1 - share) * np.eye(3)[self.ids] + share / 3
        x = self.logits.astype("float64")
        scores = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
        loss = losses.SmoothedCrossentropy(share, reduction=None)
        expected = -(targets * scores).sum(axis=-1)
        check(loss(self.ids, self.logits), expected)
        # As a batch of one column, too.
        check(loss(self.ids[:, None], self.logits), expected)

    def test_is_stored(self):
        loss = losses.SmoothedCrossentropy(0.1)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        check(again(self.ids, self.logits), float(loss(self.ids, self.logits)))


def test_hinge_discriminator_loss():
    real = np.array([[2.0, 0.5], [-1.0, 1.0]], "float32")
    generated = np.array([[-2.0, -0.5], [1.0, -1.0]], "float32")
    # ½ [(0 + 0.5 + 2 + 0) / 4 + (0 + 0.5 + 2 + 0) / 4]
    check(losses.hinge_discriminator_loss(real, generated), 0.625)
    check(losses.hinge_discriminator_loss(5 + 0 * real, -5 + 0 * real), 0.0)


class TestAdaptiveWeight:
    @pytest.mark.parametrize(
        ("reconstruction", "adversarial", "scale", "expected"),
        [
            (3.0, 2.0, 1.0, 3 / 2.0001),
            (3.0 * 1024, 2.0 * 1024, 1024.0, 3 / 2.0001),
            (0.0, 2.0, 1.0, 0.0),
            (5.0, 0.0, 1.0, 1e4),
            (0.5, 0.0, 1.0, 5e3),
            (3.0, math.inf, 1.0, 0.0),
            (3.0, math.nan, 1.0, 0.0),
            (math.nan, math.nan, 1.0, 0.0),
            # A skipped step must leave a number in the metric.
            (math.inf, 2.0, 1.0, 0.0),
            (math.nan, 2.0, 1.0, 0.0),
        ],
    )
    def test_values(self, reconstruction, adversarial, scale, expected):
        arguments = [np.float32(x) for x in (reconstruction, adversarial, scale)]
        weight = losses.adaptive_weight(*map(ops.convert_to_tensor, arguments))
        check(weight, expected)


class TestGroupNorm:
    def test_features_without_variance_become_zero(self):
        norm = GroupNorm(8, groups=4)
        norm.build()
        values = ops.convert_to_numpy(norm(ops.full(FEATURES, 3.7)))
        np.testing.assert_allclose(values, 0, atol=2e-3)

    def test_unequal_groups(self):
        with pytest.raises(ValueError, match="12 channels cannot make 8 equal groups"):
            GroupNorm(12, groups=8)


def test_pyramid_distance_is_the_mean_over_five_sizes(rng):
    target, generated = rng.normal(size=(2, 3, 64, 32, 2))
    expected, difference = np.zeros(3), target - generated
    for _ in range(5):
        expected += np.abs(difference).mean(axis=(1, 2, 3)) / 5
        quarters = [difference[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        difference = sum(quarters) / 4
    check(losses.pyramid_distance(target, generated), expected)


def test_pyramid_distance_prefers_a_stroke_beside_to_none():
    paper = np.ones((1, 32, 32, 1), "float32")
    stroke, beside = paper.copy(), paper.copy()
    stroke[:, 4:28, 12:14], beside[:, 4:28, 14:16] = -1, -1

    def distance(a, b, **levels):
        return float(losses.pyramid_distance(a, b, **levels)[0])

    assert distance(stroke, stroke) == 0
    assert distance(paper, paper - 0.5) == pytest.approx(0.5)
    # At full size alone the faded stroke is the better one.
    plain = {"levels": 0}
    assert distance(stroke, beside, **plain) > distance(stroke, paper, **plain)
    assert distance(stroke, beside) < distance(stroke, paper)
