"""Noise schedules and parameterizations of diffusion.

A noisy image is x = α · image + σ · noise with α² + σ² = 1 (variance preserving). The
log-SNR λ = log(α² / σ²) determines both rates. All functions return float32.

Rates and log-SNRs broadcast against the images: a scalar, or (batch, 1, 1, 1).
"""

import math

from keras import ops

from hwgen_keras.errors import InputError

# The range of every schedule. At its ends the rates are 4.5e-5 and 1.
LOWEST_LOG_SNR = -20.0
HIGHEST_LOG_SNR = 20.0

# The VP-SDE's β at times 0 and 1.
LINEAR_BETAS = (0.1, 20.0)

# The least divisor, below every rate of the schedules.
SMALLEST_RATE = 1e-5

PARAMETERIZATIONS = ("velocity", "noise", "image")


def cosine(time):
    """λ = -2 log tan(π t / 2), that is α = cos(π t / 2).

    Args:
        time: float tensor of any shape, 0 (clean) to 1 (noise), clipped to this range.

    Returns:
        λ of the shape of `time`, falling from 20 to -20; 0 at time 0.5.

    Reference: Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models,
    2021, equation 17 with s = 0; as log-SNR Hoogeboom et al., Simple Diffusion, 2023,
    section 3.1.
    """
    # The clip leaves |λ| = 22. A sine of 1 - t: cos(π / 2) is negative in float32.
    time = ops.clip(ops.cast(time, "float32"), 1e-5, 1 - 1e-5)
    ratio = ops.sin(math.pi / 2 * (1 - time)) / ops.sin(math.pi / 2 * time)
    return _clip(2 * ops.log(ratio))


def linear(time):
    """λ = -log(exp B(t) - 1), B(t) = ∫₀ᵗ β = 0.1 t + 19.9 t² / 2: α² = exp(-B).

    Args:
        time: see `cosine`.

    Returns:
        λ of the shape of `time`, falling from 20 to -10.05; -2.49 at time 0.5.

    Reference: Song et al., Score-Based Generative Modeling through Stochastic
    Differential Equations, 2021, appendix C, equation 33; it is the continuous limit
    of Ho et al., 2020.
    """
    first, last = LINEAR_BETAS
    time = ops.clip(ops.cast(time, "float32"), 1e-9, 1)
    integral = time * (first + (last - first) / 2 * time)
    return _clip(-ops.log(ops.expm1(integral)))


SCHEDULES = {"cosine": cosine, "linear": linear}


def _clip(log_snr):
    return ops.clip(log_snr, LOWEST_LOG_SNR, HIGHEST_LOG_SNR)


def time_of(schedule, log_snr):
    """The time at which a schedule has a log-SNR, in plain Python.

    Args:
        schedule: a name in `SCHEDULES`.
        log_snr: a number, -20 to 20 ("linear": -10.05 to 20).

    Returns:
        The time, a float, 0 to 1.

    Raises:
        InputError: there is no such schedule.
    """
    check_name("schedule", schedule, SCHEDULES)
    if schedule == "cosine":
        return 2 / math.pi * math.atan(math.exp(-log_snr / 2))
    # B(t) = log(1 + exp(-λ)), a quadratic equation.
    first, last = LINEAR_BETAS
    integral, slope = math.log1p(math.exp(-log_snr)), last - first
    root = math.sqrt(first**2 + 2 * slope * integral)
    return 2 * integral / (first + root)


def rates(log_snr):
    """(signal rate α, noise rate σ) = (√sigmoid(λ), √sigmoid(-λ)); α² + σ² = 1.

    Args:
        log_snr: λ, float tensor of any shape.

    Returns:
        Two tensors of that shape, 0 to 1.

    Reference: Kingma et al., Variational Diffusion Models, 2021, equations 3 and 4.
    """
    log_snr = ops.cast(log_snr, "float32")
    return ops.sqrt(ops.sigmoid(log_snr)), ops.sqrt(ops.sigmoid(-log_snr))


def diffuse(images, noise, signal_rate, noise_rate):
    """The noisy images α · images + σ · noise.

    Args:
        images: clean images (batch, ...), about -1 to 1.
        noise: standard normal numbers of that shape.
        signal_rate, noise_rate: α and σ.

    Reference: Ho et al., Denoising Diffusion Probabilistic Models, 2020, equation 4.
    """
    images, noise = ops.cast(images, "float32"), ops.cast(noise, "float32")
    return signal_rate * images + noise_rate * noise


def training_target(images, noise, signal_rate, noise_rate, parameterization):
    """The target of a network's prediction from noisy images.

    Args:
        images, noise: (batch, ...), as for `diffuse`.
        signal_rate, noise_rate: α and σ.
        parameterization: "velocity": α · noise - σ · images; "noise"; or "image".

    Raises:
        InputError: there is no such parameterization.

    Reference: Salimans and Ho, Progressive Distillation for Fast Sampling of
    Diffusion Models, 2022, section 4 and appendix D.
    """
    check_name("parameterization", parameterization, PARAMETERIZATIONS)
    images, noise = ops.cast(images, "float32"), ops.cast(noise, "float32")
    if parameterization == "velocity":
        return signal_rate * noise - noise_rate * images
    return noise if parameterization == "noise" else images


def to_image(prediction, noisy, signal_rate, noise_rate, parameterization):
    """The clean images that a prediction implies.

    velocity: α x - σ v; noise: (x - σ ε) / α, with α at least `SMALLEST_RATE`.

    Args:
        prediction: the network's output (batch, ...).
        noisy: the network's input x, of that shape.
        signal_rate, noise_rate: α and σ.
        parameterization: one of `PARAMETERIZATIONS`.

    Raises:
        InputError: there is no such parameterization.

    Reference: Salimans and Ho, 2022, section 4.
    """
    check_name("parameterization", parameterization, PARAMETERIZATIONS)
    prediction, noisy = ops.cast(prediction, "float32"), ops.cast(noisy, "float32")
    if parameterization == "velocity":
        return signal_rate * noisy - noise_rate * prediction
    if parameterization == "noise":
        return (noisy - noise_rate * prediction) / ops.maximum(
            signal_rate, SMALLEST_RATE
        )
    return prediction


def to_noise(image_estimate, noisy, signal_rate, noise_rate):
    """The noise that an estimate of the images implies, (x - α · image) / σ.

    Args:
        image_estimate, noisy: (batch, ...).
        signal_rate, noise_rate: α and σ; `SMALLEST_RATE` replaces a smaller σ.

    Reference: Song et al., Denoising Diffusion Implicit Models, 2021, equation 9.
    """
    image_estimate = ops.cast(image_estimate, "float32")
    noisy = ops.cast(noisy, "float32")
    return (noisy - signal_rate * image_estimate) / ops.maximum(
        noise_rate, SMALLEST_RATE
    )


def min_snr_weight(log_snr, parameterization, gamma=5.0):
    """The weight of the squared error of a prediction.

    It is min(SNR, γ) for the image. The error of the noise is √SNR times as long and
    that of the velocity √(SNR + 1) times, so the same loss has the weights
    min(SNR, γ) / SNR and min(SNR, γ) / (SNR + 1).

    Args:
        log_snr: λ, float tensor of any shape.
        parameterization: one of `PARAMETERIZATIONS`.
        gamma: γ, above 0; None: all weights are 1.

    Returns:
        Weights of the shape of `log_snr`, 0 to γ ("image"), 0 to 1 ("noise"), 0 to
        γ / (γ + 1) ("velocity").

    Raises:
        InputError: there is no such parameterization, or γ is not above 0.

    Reference: Hang et al., Efficient Diffusion Training via Min-SNR Weighting
    Strategy, 2023, section 3.4.
    """
    check_name("parameterization", parameterization, PARAMETERIZATIONS)
    log_snr = ops.cast(log_snr, "float32")
    if gamma is None:
        return ops.ones_like(log_snr)
    if not gamma > 0:
        raise InputError(f"gamma is {gamma}; give a number above 0, or None.")
    if parameterization == "noise":
        return ops.minimum(1.0, gamma * ops.exp(-log_snr))
    weight = ops.minimum(ops.exp(log_snr), gamma)
    return weight * ops.sigmoid(-log_snr) if parameterization == "velocity" else weight


def check_name(kind, name, names):
    """Raises InputError unless `name` is in `names`, the names of a `kind`."""
    if name not in names:
        raise InputError(
            f"There is no {kind} {name!r}; use one of {', '.join(map(repr, names))}."
        )
