"""Noise schedules, parameterizations and loss weights of diffusion."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from hwgen_keras import schedules
from hwgen_keras.errors import InputError

LOG_SNRS = st.floats(-20, 20, width=32)
SEEDS = st.integers(0, 2**32 - 1)


def values(tensor):
    assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
    return ops.convert_to_numpy(tensor).astype("float64")


def images_and_noise(seed):
    rng = np.random.default_rng(seed)
    shape = (2, 3, 4, 1)
    images = rng.uniform(-1, 1, shape).astype("float32")
    return images, rng.normal(size=shape).astype("float32")


def plain_rates(log_snr):
    """α and σ in float64."""
    return tuple((1 + math.exp(sign * log_snr)) ** -0.5 for sign in (-1, 1))


@pytest.mark.parametrize("schedule", schedules.SCHEDULES)
class TestSchedules:
    def test_falls_all_the_way(self, schedule):
        times = np.linspace(0.001, 0.999, 500).astype("float32")
        log_snrs = values(schedules.SCHEDULES[schedule](ops.convert_to_tensor(times)))
        assert np.all(np.diff(log_snrs) < 0)

    def test_keeps_the_shape_and_casts(self, schedule):
        time = ops.cast(np.full((2, 1, 1, 1), 0.5), "float16")
        assert values(schedules.SCHEDULES[schedule](time)).shape == (2, 1, 1, 1)

    def test_is_finite_and_clean_at_0_and_beyond(self, schedule):
        log_snrs = schedules.SCHEDULES[schedule](ops.convert_to_tensor([-1.0, 0.0]))
        np.testing.assert_array_equal(values(log_snrs), 20)

    @settings(deadline=None, max_examples=10)
    @given(log_snr=st.floats(-10, 15))
    def test_time_of_is_the_inverse(self, schedule, log_snr):
        time = schedules.time_of(schedule, log_snr)
        assert 0 <= time <= 1
        back = values(schedules.SCHEDULES[schedule](ops.convert_to_tensor([time])))
        # λ of a time near 1 is as coarse as float32's numbers below 1.
        np.testing.assert_allclose(back, log_snr, atol=1e-3)


def test_cosine_in_closed_form():
    times = np.asarray([0.0, 1 / 3, 0.5, 2 / 3, 0.9, 1.0], "float32")
    actual = values(schedules.cosine(ops.convert_to_tensor(times)))
    at_09 = -2 * math.log(math.tan(0.45 * math.pi))
    expected = [20, math.log(3), 0, -math.log(3), at_09, -20]
    np.testing.assert_allclose(actual, expected, atol=2e-6, rtol=1e-6)


def test_linear_is_the_integral_of_beta():
    times = np.asarray([0.01, 0.5, 1.0])
    betas = 0.1 * times + 19.9 * times**2 / 2
    assert betas[1:] == pytest.approx([2.5375, 10.05])
    signal, noise = schedules.rates(schedules.linear(ops.convert_to_tensor(times)))
    np.testing.assert_allclose(values(signal), np.exp(-betas / 2), rtol=1e-4)
    np.testing.assert_allclose(values(noise) ** 2, 1 - np.exp(-betas), rtol=1e-4)
    at_1 = values(schedules.linear(ops.convert_to_tensor([1.0, 2.0])))
    np.testing.assert_allclose(at_1, -math.log(math.expm1(10.05)), rtol=1e-5)


def test_rates_at_known_places():
    signal, noise = schedules.rates(ops.convert_to_tensor([-math.inf, 0.0, math.inf]))
    np.testing.assert_allclose(values(signal), [0, math.sqrt(0.5), 1], rtol=1e-6)
    np.testing.assert_allclose(values(noise), [1, math.sqrt(0.5), 0], rtol=1e-6)


@settings(deadline=None, max_examples=10)
@given(log_snr=LOG_SNRS)
def test_rates_preserve_the_variance(log_snr):
    signal, noise = map(values, schedules.rates(ops.convert_to_tensor([log_snr])))
    np.testing.assert_allclose(signal**2 + noise**2, 1, rtol=1e-6)
    np.testing.assert_allclose(signal, plain_rates(log_snr)[0], rtol=1e-5)
    np.testing.assert_allclose(noise, plain_rates(log_snr)[1], rtol=1e-5)


def test_diffuse_weighs_each_image_by_its_own_rates():
    images, noise = images_and_noise(0)
    log_snrs = np.asarray([-1.0, 2.0], "float32").reshape(2, 1, 1, 1)
    noisy = schedules.diffuse(
        images, noise, *schedules.rates(ops.convert_to_tensor(log_snrs))
    )
    for index, log_snr in enumerate((-1.0, 2.0)):
        signal, sigma = plain_rates(log_snr)
        expected = signal * images[index] + sigma * noise[index]
        np.testing.assert_allclose(values(noisy)[index], expected, rtol=1e-4, atol=1e-6)


def test_the_target_of_each_parameterization():
    images, noise = images_and_noise(1)

    def target(name):
        return values(schedules.training_target(images, noise, 0.6, 0.8, name))

    np.testing.assert_array_equal(target("image"), images)
    np.testing.assert_array_equal(target("noise"), noise)
    velocity = 0.6 * noise - 0.8 * images
    np.testing.assert_allclose(target("velocity"), velocity, atol=1e-6)


@pytest.mark.parametrize("name", schedules.PARAMETERIZATIONS)
class TestRoundTrips:
    @settings(deadline=None, max_examples=10)
    @given(log_snr=LOG_SNRS, seed=SEEDS)
    def test_a_perfect_prediction_gives_images_and_noise(self, name, log_snr, seed):
        images, noise = images_and_noise(seed)
        signal, sigma = schedules.rates(ops.convert_to_tensor(log_snr, "float32"))
        noisy = schedules.diffuse(images, noise, signal, sigma)
        target = schedules.training_target(images, noise, signal, sigma, name)
        estimate = schedules.to_image(target, noisy, signal, sigma, name)
        exact_signal, exact_sigma = plain_rates(log_snr)
        # Rounding errors of numbers up to 5, magnified by the division by α.
        tolerance = 2e-6 / (exact_signal if name == "noise" else 1)
        np.testing.assert_allclose(values(estimate), images, atol=tolerance)
        back = schedules.to_noise(estimate, noisy, signal, sigma)
        tolerance = (2e-6 + exact_signal * tolerance) / exact_sigma
        np.testing.assert_allclose(values(back), noise, atol=tolerance)

    def test_half_precision_becomes_float32(self, name):
        half = ops.cast(np.full((1, 2, 2, 1), 0.3), "float16")
        rates = schedules.rates(ops.convert_to_tensor(-3.0))
        values(schedules.diffuse(half, half, *rates))
        values(schedules.training_target(half, half, *rates, name))
        values(schedules.to_image(half, half, *rates, name))
        values(schedules.to_noise(half, half, *rates))

    def test_rates_of_0_divide_nothing(self, name):
        images, noise = images_and_noise(2)
        estimate = schedules.to_image(noise, images, 0.0, 1.0, name)
        assert np.all(np.isfinite(values(estimate)))
        assert np.all(np.isfinite(values(schedules.to_noise(noise, images, 1.0, 0.0))))


class TestMinSNR:
    LOG_SNR = [math.log(0.5), math.log(5), math.log(20)]

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("image", [0.5, 5, 5]),
            ("noise", [1, 1, 0.25]),
            ("velocity", [1 / 3, 5 / 6, 5 / 21]),
        ],
    )
    def test_values(self, name, expected):
        weight = schedules.min_snr_weight(ops.convert_to_tensor(self.LOG_SNR), name)
        np.testing.assert_allclose(values(weight), expected, rtol=1e-5)

    @settings(deadline=None, max_examples=10)
    @given(log_snr=st.floats(-10, 10), seed=SEEDS)
    def test_is_the_same_loss_in_each_space(self, log_snr, seed):
        """Predictions of the same image have the same weighted error in each space."""
        images, noise = images_and_noise(seed)
        signal, sigma = plain_rates(log_snr)
        noisy = signal * images.astype("float64") + sigma * noise
        estimate = images + 0.1
        predictions = {
            "image": estimate,
            "noise": (noisy - signal * estimate) / sigma,
            "velocity": (signal * noisy - estimate) / sigma,
        }
        targets = {
            "image": images,
            "noise": noise,
            "velocity": signal * noise - sigma * images,
        }
        losses = [
            values(schedules.min_snr_weight(ops.convert_to_tensor([log_snr]), name))[0]
            * np.mean((predictions[name] - targets[name]) ** 2)
            for name in schedules.PARAMETERIZATIONS
        ]
        np.testing.assert_allclose(losses, losses[0], rtol=2e-3)

    @pytest.mark.parametrize("name", schedules.PARAMETERIZATIONS)
    def test_no_gamma_no_weight(self, name):
        log_snr = ops.convert_to_tensor([-20.0, 0.0, 20.0])
        weight = schedules.min_snr_weight(log_snr, name, gamma=None)
        np.testing.assert_array_equal(values(weight), 1)
        assert np.all(np.isfinite(values(schedules.min_snr_weight(log_snr, name))))

    @pytest.mark.parametrize("gamma", [0, -1.0, math.nan])
    def test_gamma_must_be_positive(self, gamma):
        with pytest.raises(InputError, match="gamma is .*above 0"):
            schedules.min_snr_weight(ops.zeros((1,)), "image", gamma)


def test_unknown_names():
    x = ops.zeros((1,))
    message = "There is no parameterization 'score'; use one of 'velocity', 'noise'"
    for function, rates in (
        (schedules.training_target, [x, x, x]),
        (schedules.to_image, [x, x, x]),
        (schedules.min_snr_weight, []),
    ):
        with pytest.raises(ValueError, match=message):
            function(x, *rates, "score")
    with pytest.raises(ValueError, match="no schedule 'sigmoid'; use one of 'cosine'"):
        schedules.time_of("sigmoid", 0.0)
