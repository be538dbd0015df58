"""What all diffusion models share: sampling, guidance, and the loss of a denoiser."""

import math

import keras
from keras import ops

from hwgen_keras import samplers, schedules
from hwgen_keras.errors import InputError, check_number, described
from hwgen_keras.layers import (
    CheckedInputs,
    ConfigFromSignature,
    ensure_built,
    layer_seed,
)
from hwgen_keras.models.row_loss import RowLoss

# Settings that can change after the training.
SAMPLING = ("sampler", "steps", "spacing", "guidance")


class DenoisingGenerator(CheckedInputs, ConfigFromSignature, keras.Model):
    """The base class of generators that call a denoising network step by step.

    Args: see `DiffusionGenerator`.

    Attributes:
        droppable: the inputs, or groups of inputs, that the network can do without and
            that have a scale of guidance; `drop_NAME` marks rows without one.
        sampling_settings: names of the arguments that `sampling` can change.
    """

    droppable: tuple[str, ...] = ()
    sampling_settings: tuple[str, ...] = SAMPLING

    def __init__(
        self,
        network,
        schedule,
        parameterization,
        sampler,
        steps,
        spacing,
        guidance,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(guidance, dict | None):
            raise InputError(
                f"guidance is {described(guidance)}; give a dict, such as "
                f"{{{self.droppable[-2]!r}: 1.5}}."
            )
        guidance = dict.fromkeys(self.droppable, 1.0) | (guidance or {})
        for name, scale in guidance.items():
            schedules.check_name("guidance of", name, self.droppable)
            check_number(scale, f"guidance of {name!r}", "a number", least=-math.inf)
        schedules.check_name("sampler", sampler, samplers.SAMPLERS)
        schedules.check_name(
            "parameterization", parameterization, schedules.PARAMETERIZATIONS
        )
        samplers.sampling_log_snrs(schedule, steps, spacing)  # Checks its arguments.
        self.network, self.guidance = network, guidance
        self.schedule, self.parameterization = schedule, parameterization
        self.sampler, self.steps, self.spacing = sampler, steps, spacing

    @property
    def condition(self):
        """The condition of the network, or `None`."""
        return self.network.condition

    @property
    def input_names(self):
        """Names of the inputs that a call needs."""
        return (*self.network.input_names, "noise")

    def build(self, input_shape=None):
        ensure_built(self.network)

    def _cleaned(self, prediction, noisy, log_snr):
        """The clean values that a prediction of the network implies.

        Args:
            prediction, noisy: (batch, ...), float32.
            log_snr: (batch,), float32.
        """
        log_snr = _per_row(log_snr, noisy)
        signal, sigma = schedules.rates(log_snr)
        return schedules.to_image(
            prediction, noisy, signal, sigma, self.parameterization
        )

    def _sample(self, predict, inputs, noise, log_snrs=None, limit=None):
        """Denoises step by step, with guidance.

        Args:
            predict: a function (noisy, log-SNR, inputs) → estimate of the clean values.
            inputs: those of a call.
            noise: (batch, ...), the initial noise.
            log_snrs: see `DiffusionGenerator`.
            limit: the estimates are clipped to its negative and to it; None: they are
                not clipped.
        """
        all_rows = ops.ones((ops.shape(noise)[0],), "bool")
        scales = dict(self.guidance)
        if self.condition is None:
            scales.pop("condition")
        absent = {f"drop_{k}": all_rows for k, scale in scales.items() if scale == 0}
        inputs = {**inputs, **absent}
        guided = {k: scale for k, scale in scales.items() if scale not in (0, 1)}

        def denoise(noisy, log_snr):
            conditional = estimate = predict(noisy, log_snr, inputs)
            for name, scale in guided.items():
                dropped = {**inputs, f"drop_{name}": all_rows}
                unconditional = predict(noisy, log_snr, dropped)
                estimate = estimate + (scale - 1.0) * (conditional - unconditional)
            return estimate if limit is None else ops.clip(estimate, -limit, limit)

        if log_snrs is None:
            log_snrs = samplers.sampling_log_snrs(
                self.schedule, self.steps, self.spacing
            )
        noise = ops.cast(noise, "float32")
        return samplers.SAMPLERS[self.sampler](denoise, noise, log_snrs)

    def sampling(self, **settings):
        """A generator with the same trained network and other settings.

        Args:
            settings: of `sampling_settings`, those to change.

        Raises:
            InputError: a setting has a wrong value, see the class.
        """
        names = ("schedule", "parameterization", *self.sampling_settings)
        settings = {name: getattr(self, name) for name in names} | settings
        generator = type(self)(self.network, **settings, dtype=self.dtype_policy)
        generator.build()
        return generator


class DenoisingLoss(RowLoss):
    """The base class of the trainings of a `DenoisingGenerator`.

    Args:
        generator, min_snr_gamma: see `Diffusion`.

    A subclass has an attribute `drop_NAME` for each of the generator's `droppable`
    inputs: the share of rows without it.
    """

    def __init__(self, generator, min_snr_gamma, **kwargs):
        super().__init__(**kwargs)
        self.generator, self.min_snr_gamma = generator, min_snr_gamma
        self.seed_generator = keras.random.SeedGenerator(layer_seed())

    def _draw_levels(self, batch):
        """Log-SNRs (batch,), float32, evenly spaced in the time of the schedule."""
        # One random offset for all rows, which then share the levels evenly.
        start = keras.random.uniform((1,), seed=self.seed_generator, dtype="float32")
        rows = ops.cast(ops.arange(batch), "float32") / ops.cast(batch, "float32")
        return schedules.SCHEDULES[self.generator.schedule]((start + rows) % 1.0)

    def _draw_dropped(self, batch):
        """{`drop_NAME`: (batch,) bool}, drawn independently."""
        names = [f"drop_{name}" for name in self.generator.droppable]
        drawn = {
            name: keras.random.uniform(
                (batch,), seed=self.seed_generator, dtype="float32"
            )
            for name in names
        }
        return {name: drawn[name] < getattr(self, name) for name in names}

    def _draw_noise(self, clean):
        """Standard normal numbers of the shape of `clean`, float32."""
        return keras.random.normal(
            ops.shape(clean), dtype="float32", seed=self.seed_generator
        )

    def _errors(self, clean, noise, log_snr, predict):
        """The squared errors of the network's prediction, and the weights of rows.

        Args:
            clean, noise: (batch, ...), float32.
            log_snr: (batch,), of the noisy values.
            predict: a function, noisy → the prediction of the network.

        Returns:
            (batch, ...) and (batch,), float32.
        """
        kind = self.generator.parameterization
        signal, sigma = schedules.rates(_per_row(log_snr, clean))
        noisy = schedules.diffuse(clean, noise, signal, sigma)
        target = schedules.training_target(clean, noise, signal, sigma, kind)
        squares = ops.square(predict(noisy) - target)
        return squares, schedules.min_snr_weight(log_snr, kind, self.min_snr_gamma)


def _per_row(values, like):
    """(batch,) → (batch, 1, ...), of as many dimensions as `like`."""
    return ops.reshape(values, (-1,) + (1,) * (len(like.shape) - 1))
