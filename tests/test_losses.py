"""Losses and layers against plain NumPy in float64."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from hwgen_keras import losses
from hwgen_keras.layers import (
    FullAttention,
    GroupNorm,
    LinearAttention,
    ResidualBlock,
    adain,
    style_statistics,
)

FEATURES = (2, 4, 6, 8)


def check(actual, expected, tolerance=1e-5):
    """Float32 results of the backend against float64 ones of NumPy."""
    assert keras.backend.standardize_dtype(actual.dtype) == "float32"
    actual = ops.convert_to_numpy(actual)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def softmax(x, axis=-1):
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def silu(x):
    return x / (1 + np.exp(-x))


def moments(x):
    mean = np.zeros((x.shape[0], 1, 1, x.shape[3]))
    deviation = np.zeros_like(mean)
    for i, c in itertools.product(range(x.shape[0]), range(x.shape[3])):
        mean[i, 0, 0, c] = x[i, :, :, c].mean()
        deviation[i, 0, 0, c] = math.sqrt(x[i, :, :, c].var() + 1e-5)
    return mean, deviation


def draw(rng, *shape):
    """The same numbers in float32, for the backend, and in float64."""
    x = rng.normal(size=shape).astype("float32")
    return x, x.astype("float64")


def randomise(layer, rng):
    """Gives every weight a random value and returns them all in float64, by path."""
    values = {}
    for weight in layer.weights:
        value = rng.normal(0.3, 0.5, weight.shape).astype("float32")
        weight.assign(value)
        values["/".join(weight.path.split("/")[-2:])] = value.astype("float64")
    return values


class TestStyle:
    def test_statistics(self, rng):
        x, exact = draw(rng, *FEATURES)
        for actual, expected in zip(style_statistics(x), moments(exact), strict=True):
            check(actual, expected)

    def test_statistics_of_half_precision_are_those_of_float32(self, rng):
        x = draw(rng, *FEATURES)[0].astype("float16") * 200
        mean, deviation = style_statistics(ops.convert_to_tensor(x))
        expected = moments(x.astype("float64"))
        check(mean, expected[0], 1e-4)
        # 200² is beyond float16: the square must be taken in float32.
        check(deviation, expected[1], 1e-4)

    def test_adain(self, rng):
        (content, exact), (style, exact_style) = (
            draw(rng, *FEATURES),
            draw(rng, 2, 3, 3, 8),
        )
        mean, deviation = moments(exact_style * 3 + 1)
        content_mean, content_deviation = moments(exact)
        expected = (exact - content_mean) / content_deviation * deviation + mean
        check(adain(content, *style_statistics(style * 3 + 1)), expected)

    def test_loss(self, rng):
        a, b = draw(rng, *FEATURES)[0], draw(rng, *FEATURES)[0]
        (mean_a, deviation_a), (mean_b, deviation_b) = moments(a), moments(b)
        expected = ((mean_a - mean_b) ** 2).mean()
        expected += ((deviation_a - deviation_b) ** 2).mean()
        check(
            losses.style_statistics_loss(style_statistics(a), style_statistics(b)),
            expected,
        )
        check(losses.style_statistics_loss(style_statistics(a), style_statistics(a)), 0)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_soft_target_clip_loss(rng, temperature):
    (text, t), (image, i) = draw(rng, 5, 7), draw(rng, 5, 7)
    logits = t @ i.T / temperature
    targets = softmax((i @ i.T + t @ t.T) / 2 * temperature)
    expected = np.zeros(5)
    for k in range(5):
        along_row = -sum(targets[k] * np.log(softmax(logits[k])))
        along_column = -sum(targets[:, k] * np.log(softmax(logits[:, k])))
        expected[k] = (along_row + along_column) / 2
    check(losses.soft_target_clip_loss(text, image, temperature), expected)


def test_perceptual_distance(rng):
    shapes = [(2, 4, 4, 3), (2, 2, 2, 5)]
    a, b = ([draw(rng, *shape)[0] for shape in shapes] for _ in range(2))
    expected = np.zeros(2)
    for x, y in zip(a, b, strict=True):
        for k, row, column in np.ndindex(x.shape[:3]):
            u, v = (z[k, row, column].astype("float64") for z in (x, y))
            difference = u / np.linalg.norm(u) - v / np.linalg.norm(v)
            expected[k] += (difference**2).sum() / (x.shape[1] * x.shape[2])
    check(losses.perceptual_distance(a, b), expected)
    check(losses.perceptual_distance(a, a), np.zeros(2))
    # Only directions count, and a map of zeros is no division by zero.
    check(losses.perceptual_distance(a, [3 * x for x in b]), expected)
    zeros = [np.zeros(shape, "float32") for shape in shapes]
    check(losses.perceptual_distance(zeros, zeros), np.zeros(2))


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


class TestAttention:
    ARGUMENTS = {"width": 8, "heads": 2, "head_width": 3}

    def test_full(self, rng):
        layer = FullAttention(**self.ARGUMENTS)
        check(*self.results(layer, rng, self.attend_fully), 1e-4)

    def test_linear(self, rng):
        layer = LinearAttention(**self.ARGUMENTS)
        check(*self.results(layer, rng, self.attend_linearly), 1e-4)

    def results(self, layer, rng, attend):
        """What the layer returns, and what it should."""
        x, exact = draw(rng, *FEATURES)
        layer.build(FEATURES)
        weights = randomise(layer, rng)
        normalised = self.rms_norm(exact, weights["norm/scale"])
        qkv = (normalised @ weights["to_qkv/kernel"][0, 0]).reshape(2, 24, 3, 2, 3)
        attended = np.zeros((2, 24, 2, 3))
        for image, head in np.ndindex(2, 2):
            attended[image, :, head] = attend(
                *(qkv[image, :, i, head] for i in range(3))
            )
        attended = attended.reshape(2, 4, 6, 6) @ weights["to_out/kernel"][0, 0]
        attended += weights["to_out/bias"]
        if "out_norm/scale" in weights:
            attended = self.rms_norm(attended, weights["out_norm/scale"])
        return layer(x), exact + attended

    @staticmethod
    def rms_norm(x, scale):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * scale

    @staticmethod
    def attend_fully(query, key, value):
        return softmax(query @ key.T / math.sqrt(3)) @ value

    @staticmethod
    def attend_linearly(query, key, value):
        context = softmax(key, axis=0).T @ value
        return softmax(query, axis=-1) / math.sqrt(3) @ context


class TestGroupNorm:
    def test_features_without_variance_become_zero(self):
        norm = GroupNorm(8, groups=4)
        norm.build()
        values = ops.convert_to_numpy(norm(ops.full(FEATURES, 3.7)))
        np.testing.assert_allclose(values, 0, atol=2e-3)

    def test_unequal_groups(self):
        with pytest.raises(ValueError, match="12 channels cannot make 8 equal groups"):
            GroupNorm(12, groups=8)


class TestResidualBlock:
    def convolve(self, x, kernel, bias):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        result = np.zeros((*x.shape[:3], kernel.shape[3])) + bias
        for row, column in np.ndindex(3, 3):
            window = padded[:, row : row + x.shape[1], column : column + x.shape[2]]
            result += window @ kernel[row, column]
        return result

    def group_norm(self, x, groups, scale, offset):
        result = np.zeros_like(x)
        for part in np.split(np.arange(x.shape[3]), groups):
            group = x[..., part]
            mean = group.mean((1, 2, 3), keepdims=True)
            variance = group.var((1, 2, 3), keepdims=True)
            result[..., part] = (group - mean) / np.sqrt(variance + 1e-5)
        return result * scale + offset

    @pytest.mark.parametrize("conditioned", [False, True])
    @pytest.mark.parametrize("width", [8, 16])
    def test_values(self, rng, width, conditioned):
        x, exact = draw(rng, *FEATURES)
        condition, exact_condition = draw(rng, 2, 5)
        block = ResidualBlock(width, conditioned, groups=4)
        block.build(FEATURES, (2, 5))
        w = randomise(block, rng)

        hidden = self.convolve(
            exact, w["convolution_1/kernel"], w["convolution_1/bias"]
        )
        hidden = self.group_norm(hidden, 4, w["norm_1/gamma"], w["norm_1/beta"])
        if conditioned:
            modulation = silu(exact_condition) @ w["modulation/kernel"]
            modulation = (modulation + w["modulation/bias"])[:, None, None]
            hidden = hidden * (modulation[..., :width] + 1) + modulation[..., width:]
        hidden = self.convolve(
            silu(hidden), w["convolution_2/kernel"], w["convolution_2/bias"]
        )
        hidden = self.group_norm(hidden, 4, w["norm_2/gamma"], w["norm_2/beta"])
        shortcut = exact
        if width != 8:
            shortcut = exact @ w["shortcut/kernel"][0, 0] + w["shortcut/bias"]
        else:
            assert "shortcut/kernel" not in w

        actual = block(x, condition) if conditioned else block(x)
        check(actual, silu(hidden) + shortcut, 1e-4)
