"""Deterministic samplers: from noise to images along the probability-flow ODE.

A sampler is a function, as in k-diffusion: `sampler(denoise, noise, log_snrs)` returns
images.

- `denoise(noisy, log_snr)` estimates the clean images: `noisy` (batch, ...) float32,
  `log_snr` a float32 scalar; the estimate has the shape of `noisy`.
- `noise`: (batch, ...), standard normal. The first state is σ(log_snrs[0]) · noise,
  without the signal, which is negligible there.
- `log_snrs`: (steps,) float32, strictly increasing, from almost noise to almost clean,
  see `sampling_log_snrs`. Step i goes from log_snrs[i] to log_snrs[i + 1]. The last
  step goes from log_snrs[-1] to σ = 0 and returns the denoiser's estimate at
  log_snrs[-1]. So there are `steps` evaluations of the denoiser, with "heun"
  2 steps - 1.

The body of the `fori_loop` calls the denoiser once. So a compiler reads the network
once for any number of steps, and a TensorFlow graph need not know the length of
`log_snrs`.
"""

from collections.abc import Callable

from keras import ops

from hwgen_keras.errors import InputError, check_whole
from hwgen_keras.schedules import SCHEDULES, check_name, rates, time_of

# The ends of sampling: σ/α from 148 to 0.0067.
FIRST_LOG_SNR = -10.0
LAST_LOG_SNR = 10.0

SPACINGS = ("time", "log_snr")


def sampling_log_snrs(schedule: str, steps: int, spacing: str = "time"):
    """The log-SNRs at which a sampler calls the denoiser.

    They run from `FIRST_LOG_SNR` to `LAST_LOG_SNR`; a single step has only the first.

    Args:
        schedule: a name in `SCHEDULES`.
        steps: their number, a Python integer, 1 or more.
        spacing: "time": evenly spaced times of the schedule; "log_snr": evenly spaced
            log-SNRs (Lu et al., DPM-Solver, 2022), the same for every schedule. Even
            times have long last steps in λ: with few of them "dpm_solver" is no better
            than "ddim"; with even log-SNRs it is much better.

    Returns:
        (steps,) float32, increasing.

    Raises:
        InputError: there is no such schedule or spacing, or steps is below 1.
    """
    check_name("schedule", schedule, SCHEDULES)
    check_name("spacing", spacing, SPACINGS)
    check_whole(steps, "steps", 1)
    if spacing == "log_snr":
        return _spaced(FIRST_LOG_SNR, LAST_LOG_SNR, steps)
    ends = time_of(schedule, FIRST_LOG_SNR), time_of(schedule, LAST_LOG_SNR)
    return SCHEDULES[schedule](_spaced(*ends, steps))


def _spaced(first, last, steps):
    stride = (last - first) / max(steps - 1, 1)
    numbers = [first + stride * index for index in range(steps)]
    return ops.convert_to_tensor(numbers, dtype="float32")


def ddim(denoise: Callable, noise, log_snrs):
    """First order: x' = α' x̂ + σ' (x - α x̂) / σ.

    Args: see the module.

    Returns:
        Images of the shape of `noise`, float32.

    Raises:
        InputError: `log_snrs` is not a vector of 1 or more numbers.

    Reference: Song et al., Denoising Diffusion Implicit Models, 2021, equation 12 with
    η = 0.
    """
    log_snrs, signal, sigma = _levels(log_snrs)

    def step(index, noisy):
        ratio = ops.take(sigma, index + 1) / ops.take(sigma, index)
        # α' - σ' α / σ, the whole step's share of the estimate.
        share = ops.take(signal, index + 1) - ratio * ops.take(signal, index)
        return ratio * noisy + share * _estimate(denoise, noisy, log_snrs, index)

    return ops.fori_loop(0, ops.shape(log_snrs)[0], step, _start(noise, sigma))


def dpm_solver(denoise: Callable, noise, log_snrs):
    """DPM-Solver++(2M): second order from the estimates of this step and the last.

    x' = σ'/σ x - α' (exp(-h) - 1) D with D = (1 + 1/2r) x̂ - 1/2r x̂₋₁, where h is the
    step in λ/2 and r = h₋₁ / h. The first step has no earlier estimate and the last is
    infinitely long in λ; both are of first order, as DDIM.

    Args, Returns, Raises: see `ddim`.

    Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling of Diffusion
    Probabilistic Models, 2022, algorithm 2.
    """
    log_snrs, signal, sigma = _levels(log_snrs)
    gaps = log_snrs[1:] - log_snrs[:-1]
    zero = ops.zeros((1,), "float32")
    # 1/2r of each step; a single step takes the first number.
    extrapolation = ops.concatenate([zero, gaps[1:] / (2 * gaps[:-1]), zero])

    def step(index, state):
        noisy, previous = state
        estimate = _estimate(denoise, noisy, log_snrs, index)
        factor = ops.take(extrapolation, index)
        direction = estimate + factor * (estimate - previous)
        ratio = ops.take(sigma, index + 1) / ops.take(sigma, index)
        # -α' (exp(-h) - 1), for exp(-h) = (σ'/α') (α/σ).
        share = ops.take(signal, index + 1) - ratio * ops.take(signal, index)
        return ratio * noisy + share * direction, estimate

    start = _start(noise, sigma)
    state = start, ops.zeros_like(start)
    return ops.fori_loop(0, ops.shape(log_snrs)[0], step, state)[0]


def heun(denoise: Callable, noise, log_snrs):
    """Heun's second-order method in x/α over σ/α, without added noise.

    Each step predicts with the slope at its beginning and corrects with the mean of
    the slopes at both ends; the last step, to σ = 0, only predicts. The loop runs over
    evaluations: even ones predict, odd ones correct.

    Args, Returns, Raises: see `ddim`.

    Reference: Karras et al., Elucidating the Design Space of Diffusion-Based
    Generative Models, 2022, algorithm 1 (algorithm 2 with S_churn = 0).
    """
    log_snrs, signal, sigma = _levels(log_snrs)
    scaled_sigma = sigma / signal

    def evaluate(index, state):
        begin, current, begin_slope = state
        level = (index + 1) // 2
        noisy = ops.take(signal, level) * current
        estimate = _estimate(denoise, noisy, log_snrs, level)
        level_sigma = ops.take(scaled_sigma, level)
        slope = (current - estimate) / level_sigma
        # At σ' = 0 this is exactly the estimate; current + (σ' - σ) slope is not.
        ratio = ops.take(scaled_sigma, level + 1) / level_sigma
        predicted = ratio * current + (1 - ratio) * estimate
        change = level_sigma - ops.take(scaled_sigma, ops.maximum(level - 1, 0))
        corrected = begin + change * (begin_slope + slope) / 2
        predicts = ops.equal(index % 2, 0)
        # A correction needs the state before the prediction.
        return current, ops.where(predicts, predicted, corrected), slope

    start = _start(noise, sigma) / signal[0]
    state = start, start, ops.zeros_like(start)
    evaluations = 2 * ops.shape(log_snrs)[0] - 1
    return ops.fori_loop(0, evaluations, evaluate, state)[1]


SAMPLERS = {"ddim": ddim, "dpm_solver": dpm_solver, "heun": heun}


def _levels(log_snrs):
    """(log-SNRs, signal rates, noise rates); those of clean images end the rates."""
    log_snrs = ops.cast(ops.convert_to_tensor(log_snrs), "float32")
    if len(log_snrs.shape) != 1 or log_snrs.shape[0] == 0:
        raise InputError(
            f"log_snrs has the shape {tuple(log_snrs.shape)}; a sampler needs a vector "
            "of 1 or more numbers, see sampling_log_snrs."
        )
    signal, sigma = rates(log_snrs)
    signal = ops.concatenate([signal, ops.ones((1,), "float32")])
    return log_snrs, signal, ops.concatenate([sigma, ops.zeros((1,), "float32")])


def _start(noise, sigma):
    return sigma[0] * ops.cast(ops.convert_to_tensor(noise), "float32")


def _estimate(denoise, noisy, log_snrs, index):
    return ops.cast(denoise(noisy, ops.take(log_snrs, index)), "float32")
