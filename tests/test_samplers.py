"""Samplers on distributions with known optimal denoisers and solutions of the ODE."""

import functools

import keras
import numpy as np
import pytest
from keras import ops
from networks import BACKEND

from hwgen_keras.errors import InputError
from hwgen_keras.samplers import SAMPLERS, sampling_log_snrs
from hwgen_keras.schedules import SCHEDULES, rates

MEANS = np.asarray([-0.8, 0.1, 0.6])
DEVIATIONS = np.asarray([0.1, 0.4, 0.9])

each_sampler = pytest.mark.parametrize("name", SAMPLERS)


def gaussian(noisy, log_snr):
    """E[image | noisy] of independent normal pixels (batch, 3)."""
    signal, sigma = rates(log_snr)
    variance = ops.convert_to_tensor(DEVIATIONS**2, "float32")
    mean = ops.convert_to_tensor(MEANS, "float32")
    gain = signal * variance / (signal**2 * variance + sigma**2)
    return mean + gain * (noisy - signal * mean)


def plain_rates(log_snrs):
    return 1 / np.sqrt(1 + np.exp(-log_snrs)), 1 / np.sqrt(1 + np.exp(log_snrs))


def plain_gaussian(noisy, log_snr):
    signal, sigma = plain_rates(log_snr)
    gain = signal * DEVIATIONS**2 / (signal**2 * DEVIATIONS**2 + sigma**2)
    return MEANS + gain * (noisy - signal * MEANS)


def plain_ddim(denoise, noise, log_snrs):
    """As in the paper, by the estimated noise."""
    signal, sigma = plain_rates(log_snrs)
    x = sigma[0] * noise
    for i in range(len(log_snrs) - 1):
        image = denoise(x, log_snrs[i])
        epsilon = (x - signal[i] * image) / sigma[i]
        x = signal[i + 1] * image + sigma[i + 1] * epsilon
    return denoise(x, log_snrs[-1])


def plain_dpm_solver(denoise, noise, log_snrs):
    signal, sigma = plain_rates(log_snrs)
    half = log_snrs / 2
    x, previous = sigma[0] * noise, None
    for i in range(len(log_snrs) - 1):
        image, h = denoise(x, log_snrs[i]), half[i + 1] - half[i]
        direction = image
        if i:
            r = (half[i] - half[i - 1]) / h
            direction = (1 + 1 / (2 * r)) * image - 1 / (2 * r) * previous
        x = sigma[i + 1] / sigma[i] * x - signal[i + 1] * np.expm1(-h) * direction
        previous = image
    return denoise(x, log_snrs[-1])


def plain_heun(denoise, noise, log_snrs):
    signal, sigma = plain_rates(log_snrs)
    levels = sigma / signal
    x = levels[0] * noise
    for i in range(len(log_snrs) - 1):
        stride = levels[i + 1] - levels[i]
        slope = (x - denoise(signal[i] * x, log_snrs[i])) / levels[i]
        ahead = x + stride * slope
        image = denoise(signal[i + 1] * ahead, log_snrs[i + 1])
        x = x + stride * (slope + (ahead - image) / levels[i + 1]) / 2
    return denoise(signal[-1] * x, log_snrs[-1])


PLAIN = {"ddim": plain_ddim, "dpm_solver": plain_dpm_solver, "heun": plain_heun}


def exact(noise, log_snrs):
    """The closed solution of the ODE of `gaussian` at log_snrs[-1], then denoised.

    In y = x/α over s = σ/α the deviation of y is √(deviation² + s²) at each time.
    """
    signal, sigma = plain_rates(log_snrs)
    levels = sigma / signal
    first, last = (np.hypot(DEVIATIONS, level) for level in levels[[0, -1]])
    y = MEANS + last / first * (levels[0] * noise - MEANS)
    return plain_gaussian(signal[-1] * y, log_snrs[-1])


def compiled(function):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        # Otherwise each number of steps and of rows would be traced.
        return tf.function(function, reduce_retracing=True)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    return function


@functools.cache
def compiled_sampler(name, denoise):
    return compiled(lambda noise, log_snrs: SAMPLERS[name](denoise, noise, log_snrs))


def sample(name, noise, log_snrs, denoise=gaussian):
    images = compiled_sampler(name, denoise)(
        ops.convert_to_tensor(noise, "float32"),
        ops.convert_to_tensor(log_snrs, "float32"),
    )
    assert keras.backend.standardize_dtype(images.dtype) == "float32"
    return ops.convert_to_numpy(images).astype("float64")


def numbers(*args):
    return ops.convert_to_numpy(sampling_log_snrs(*args)).astype("float64")


def error(name, steps, noise, spacing="log_snr"):
    log_snrs = numbers("cosine", steps, spacing)
    difference = sample(name, noise, log_snrs) - exact(noise, log_snrs)
    return np.sqrt(np.mean(difference**2))


@each_sampler
class TestAgainstNumPy:
    @pytest.mark.parametrize("steps", [1, 2, 11])
    def test_float32_is_near_float64(self, name, steps, rng):
        noise = rng.normal(size=(4, 3)).astype("float32")
        log_snrs = numbers("linear", steps)
        expected = PLAIN[name](plain_gaussian, noise.astype("float64"), log_snrs)
        actual = sample(name, noise, log_snrs)
        # Two steps of Heun, from σ/α = 148 to 0.0067, end in numbers near 100.
        np.testing.assert_allclose(actual, expected, atol=1e-4, rtol=1e-4)

    def test_the_first_state_has_the_noise_of_its_log_snr(self, name, rng):
        noise, log_snrs = rng.normal(size=(4, 3)), np.linspace(0, 5, 11)
        expected = PLAIN[name](plain_gaussian, noise, log_snrs)
        np.testing.assert_allclose(sample(name, noise, log_snrs), expected, atol=1e-5)

    def test_eagerly_the_same(self, name, rng):
        noise = ops.convert_to_tensor(rng.normal(size=(4, 3)), "float32")
        log_snrs = sampling_log_snrs("cosine", 11)
        images = ops.convert_to_numpy(SAMPLERS[name](gaussian, noise, log_snrs))
        np.testing.assert_allclose(images, sample(name, noise, log_snrs), atol=1e-5)

    def test_half_precision_is_calculated_in_float32(self, name, rng):
        noise = rng.normal(size=(4, 3)).astype("float16")

        def half(noisy, log_snr):
            assert keras.backend.standardize_dtype(noisy.dtype) == "float32"
            return ops.cast(gaussian(noisy, log_snr), "float16")

        log_snrs = numbers("cosine", 8)
        sampler = compiled(lambda noise: SAMPLERS[name](half, noise, log_snrs))
        images = sampler(ops.convert_to_tensor(noise))
        assert keras.backend.standardize_dtype(images.dtype) == "float32"
        expected = PLAIN[name](plain_gaussian, noise.astype("float64"), log_snrs)
        np.testing.assert_allclose(ops.convert_to_numpy(images), expected, atol=1e-2)


class TestGaussian:
    @each_sampler
    @pytest.mark.parametrize("schedule", SCHEDULES)
    @pytest.mark.parametrize(
        ("spacing", "tolerance"), [("log_snr", 0.02), ("time", 0.07)]
    )
    def test_many_steps_recover_mean_and_deviation(
        self, name, schedule, spacing, tolerance, rng
    ):
        noise = rng.normal(size=(500, 3))
        noise = (noise - noise.mean(0)) / noise.std(0)  # Exact moments.
        images = sample(name, noise, numbers(schedule, 200, spacing))
        # The signal missing in the first state, α = 0.0067 of it, shifts the mean.
        np.testing.assert_allclose(images.mean(0), MEANS, atol=0.005)
        np.testing.assert_allclose(images.std(0), DEVIATIONS, rtol=tolerance)

    @pytest.mark.parametrize(
        ("name", "order"), [("ddim", 1), ("dpm_solver", 2), ("heun", 2)]
    )
    def test_order_of_convergence(self, name, order, rng):
        noise = rng.normal(size=(20, 3))
        ratio = error(name, 20, noise) / error(name, 40, noise)
        assert order - 0.25 < np.log2(ratio) < order + 0.5

    # Few even times have long last steps in λ, which are worse for DPM-Solver++.
    @pytest.mark.parametrize(
        ("spacing", "steps", "share"), [("log_snr", 20, 0.5), ("time", 40, 0.7)]
    )
    def test_second_order_is_nearer(self, spacing, steps, share, rng):
        noise = rng.normal(size=(20, 3))
        ddim = error("ddim", steps, noise, spacing)
        assert error("dpm_solver", steps, noise, spacing) < share * ddim
        assert error("heun", steps, noise, spacing) < share * ddim


@each_sampler
class TestPoints:
    @pytest.mark.parametrize("steps", [1, 5])
    def test_one_point_is_hit_exactly(self, name, steps, rng):
        point = rng.uniform(-1, 1, (2, 4, 5, 1)).astype("float32")

        def denoise(noisy, log_snr):
            return ops.convert_to_tensor(point) + 0 * noisy

        noise = rng.normal(size=point.shape)
        images = sample(name, noise, numbers("cosine", steps), denoise)
        np.testing.assert_array_equal(images, point)

    def test_the_sign_of_the_noise_selects_one_of_two_points(self, name):
        """Images -0.5 and 0.5: E[image | x] = 0.5 tanh(0.5 α x / σ²)."""

        def denoise(noisy, log_snr):
            signal, sigma = rates(log_snr)
            return 0.5 * ops.tanh(0.5 * signal * noisy / sigma**2)

        noise = np.asarray([-2.0, -0.7, -0.1, 0.1, 0.4, 3.0]).reshape(-1, 1)
        images = sample(name, noise, numbers("cosine", 30), denoise)
        np.testing.assert_allclose(images, 0.5 * np.sign(noise), atol=1e-3)


def recorded():
    """`gaussian`, and the list of the log-SNRs of its calls."""
    calls = []

    def denoise(noisy, log_snr):
        calls.append(log_snr)
        return gaussian(noisy, log_snr)

    return denoise, calls


@each_sampler
class TestTracing:
    @pytest.mark.skipif(BACKEND == "torch", reason="torch runs eagerly")
    def test_a_compiler_traces_the_network_at_most_twice(self, name, rng):
        denoise, calls = recorded()
        noise = rng.normal(size=(2, 3))
        sample(name, noise, numbers("cosine", 12), denoise)
        assert 1 <= len(calls) <= 2
        assert {tuple(call.shape) for call in calls} == {()}

    @pytest.mark.skipif(BACKEND == "jax", reason="JAX traces loops even eagerly")
    def test_evaluations(self, name, rng):
        denoise, calls = recorded()
        noise = ops.convert_to_tensor(rng.normal(size=(2, 3)), "float32")
        levels = numbers("cosine", 5)
        SAMPLERS[name](denoise, noise, sampling_log_snrs("cosine", 5))
        repeats = [1, 2, 2, 2, 2] if name == "heun" else [1] * 5
        np.testing.assert_allclose(
            [float(call) for call in calls], np.repeat(levels, repeats)
        )

    @pytest.mark.skipif(BACKEND != "tensorflow", reason="its shapes can be unknown")
    def test_a_graph_of_tensorflow_takes_any_number_of_steps(self, name, rng):
        import tensorflow as tf

        denoise, calls = recorded()
        sampler = tf.function(
            lambda noise, log_snrs: SAMPLERS[name](denoise, noise, log_snrs),
            input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None])],
        )
        for batch, steps in ((2, 1), (3, 2), (4, 9)):
            noise = rng.normal(size=(batch, 3)).astype("float32")
            log_snrs = numbers("cosine", steps)
            actual = sampler(noise, log_snrs.astype("float32")).numpy()
            expected = PLAIN[name](plain_gaussian, noise, log_snrs)
            np.testing.assert_allclose(actual, expected, atol=1e-4, rtol=1e-4)
        assert 1 <= len(calls) <= 2


class TestSamplingLogSNRs:
    @pytest.mark.parametrize("schedule", SCHEDULES)
    @pytest.mark.parametrize("spacing", ["time", "log_snr"])
    def test_rises_between_the_ends(self, schedule, spacing):
        log_snrs = numbers(schedule, 50, spacing)
        assert log_snrs.shape == (50,)
        assert np.all(np.diff(log_snrs) > 0)
        np.testing.assert_allclose(log_snrs[[0, -1]], [-10, 10], atol=1e-3)
        np.testing.assert_allclose(numbers(schedule, 1, spacing), [-10], atol=1e-3)
        tensor = sampling_log_snrs(schedule, 3, spacing)
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"

    def test_even_in_log_snr_or_in_time(self):
        even = numbers("cosine", 5, "log_snr")
        np.testing.assert_allclose(even, [-10, -5, 0, 5, 10])
        times = 2 / np.pi * np.arctan(np.exp(-numbers("cosine", 9) / 2))
        np.testing.assert_allclose(np.diff(times, 2), 0, atol=1e-6)
        np.testing.assert_allclose(times[0] + times[-1], 1, atol=1e-6)

    def test_mistakes(self):
        with pytest.raises(ValueError, match="There is no schedule 'cosin'; use one"):
            sampling_log_snrs("cosin", 5)
        with pytest.raises(ValueError, match="There is no spacing 'sigma'; use one of"):
            sampling_log_snrs("cosine", 5, "sigma")
        for steps in (0, -3):
            with pytest.raises(ValueError, match=f"steps is {steps}; .* 1 or more"):
                sampling_log_snrs("cosine", steps)


@each_sampler
@pytest.mark.parametrize("shape", [(), (0,), (2, 1)])
def test_log_snrs_must_be_a_vector(name, shape):
    with pytest.raises(InputError, match="vector of 1 or more numbers"):
        SAMPLERS[name](gaussian, ops.zeros((1, 3)), ops.zeros(shape))
