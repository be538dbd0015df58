"""Deterministic samplers: from noise to images along the probability-flow ODE.

A sampler is a function of a denoiser, as in k-diffusion: `sampler(denoise, noise,
log_snrs)` returns images.

- `denoise(noisy, log_snr)` estimates the clean images: `noisy` (batch, ...) float32,
  `log_snr` a float32 scalar; the estimate has the shape of `noisy`.
- `noise`: (batch, ...), standard normal. The first state is σ(log_snrs[0]) · noise:
  the signal there is neglected.
- `log_snrs`: (steps,) float32, strictly increasing, from almost noise to almost clean,
  see `sampling_log_snrs`. Step i goes from log_snrs[i] to log_snrs[i + 1]; the last
  one goes from log_snrs[-1] to σ = 0, where the state is the denoiser's estimate at
  log_snrs[-1]. That is `steps` evaluations of the denoiser, with "heun" 2 steps - 1.

The loop is one `fori_loop` with one call of the denoiser in its body: a compiler sees
the network once, whatever the number of steps, and in a graph of TensorFlow the length
of `log_snrs` may be unknown.
"""

from collections.abc import Callable

from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.schedules import SCHEDULES, check_name, rates, time_of

# Where sampling begins and ends: σ/α from 148 to 0.0067.
FIRST_LOG_SNR = -10.0
LAST_LOG_SNR = 10.0

SPACINGS = ("time", "log_snr")


def sampling_log_snrs(schedule: str, steps: int, spacing: str = "time"):
    """The log-SNRs at which a sampler calls the denoiser.

    They run from `FIRST_LOG_SNR` to `LAST_LOG_SNR`; a single step has the first alone.

    Args:
        schedule: a name in `SCHEDULES`.
        steps: how many, a Python integer, 1 or more.
        spacing: "time": evenly spaced times of the schedule; "log_snr": evenly spaced
            log-SNRs (Lu et al., DPM-Solver, 2022), the same with every schedule.
            Even times end in long steps of λ: with few of them "dpm_solver" is no
            better than "ddim", with even log-SNRs much.

    Returns:
        (steps,) float32, increasing.

    Raises:
        InputError: there is no such schedule or spacing, or steps is below 1.
    """
    check_name("schedule", schedule, SCHEDULES)
    check_name("spacing", spacing, SPACINGS)
    if steps < 1:
        raise InputError(f"steps is {steps}; a sampler needs 1 or more.")
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

    Args and convention: see the module.

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
    step in λ/2 and r = h₋₁ / h. The first step knows no earlier estimate and the last
    one is infinitely long in λ: both are of first order, as DDIM.

    Args and convention: see the module.

    Returns:
        Images of the shape of `noise`, float32.

    Raises:
        InputError: `log_snrs` is not a vector of 1 or more numbers.

    Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling of Diffusion
    Probabilistic Models, 2022, algorithm 2.
    """
    log_snrs, signal, sigma = _levels(log_snrs)
    gaps = log_snrs[1:] - log_snrs[:-1]
    none = ops.zeros((1,), "float32")
    # 1/2r of each step; of a single step the first number is used.
    extrapolation = ops.concatenate([none, gaps[1:] / (2 * gaps[:-1]), none])

    def step(index, state):
        noisy, previous = state
        estimate = _estimate(denoise, noisy, log_snrs, index)
        further = ops.take(extrapolation, index)
        direction = estimate + further * (estimate - previous)
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
    the slopes at both ends; the last one, to σ = 0, is not corrected. The loop runs
    over evaluations: even ones predict, odd ones correct.

    Args and convention: see the module.

    Returns:
        Images of the shape of `noise`, float32.

    Raises:
        InputError: `log_snrs` is not a vector of 1 or more numbers.

    Reference: Karras et al., Elucidating the Design Space of Diffusion-Based
    Generative Models, 2022, algorithm 1 (algorithm 2 with S_churn = 0).
    """
    log_snrs, signal, sigma = _levels(log_snrs)
    scaled_sigma = sigma / signal

    def evaluate(index, state):
        begin, current, begin_slope = state
        level = (index + 1) // 2
        estimate = _estimate(
            denoise, ops.take(signal, level) * current, log_snrs, level
        )
        here = ops.take(scaled_sigma, level)
        slope = (current - estimate) / here
        # At σ' = 0 this is the estimate to the last bit, current + (σ' - σ) slope not.
        ratio = ops.take(scaled_sigma, level + 1) / here
        predicted = ratio * current + (1 - ratio) * estimate
        gone = here - ops.take(scaled_sigma, ops.maximum(level - 1, 0))
        corrected = begin + gone * (begin_slope + slope) / 2
        predicts = ops.equal(index % 2, 0)
        # A correction needs what the prediction before it set out from.
        return current, ops.where(predicts, predicted, corrected), slope

    start = _start(noise, sigma) / signal[0]
    state = start, start, ops.zeros_like(start)
    evaluations = 2 * ops.shape(log_snrs)[0] - 1
    return ops.fori_loop(0, evaluations, evaluate, state)[1]


SAMPLERS = {"ddim": ddim, "dpm_solver": dpm_solver, "heun": heun}


def _levels(log_snrs):
    """(log-SNRs, signal rates, noise rates), the rates with those of clean images."""
    log_snrs = ops.cast(ops.convert_to_tensor(log_snrs), "float32")
    if len(log_snrs.shape) != 1 or log_snrs.shape[0] == 0:
        raise InputError(
            f"log_snrs has the shape {tuple(log_snrs.shape)}; a sampler needs a vector "
            "of 1 or more numbers, see sampling_log_snrs."
        )
    signal, sigma = rates(log_snrs)
    one = ops.ones((1,), "float32")
    return (
        log_snrs,
        ops.concatenate([signal, one]),
        ops.concatenate([sigma, ops.zeros_like(one)]),
    )


def _start(noise, sigma):
    return sigma[0] * ops.cast(ops.convert_to_tensor(noise), "float32")


def _estimate(denoise, noisy, log_snrs, index):
    return ops.cast(denoise(noisy, ops.take(log_snrs, index)), "float32")
