"""The conditional diffusion model: its generator and its training."""

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
from hwgen_keras.layers.checks import (
    agree,
    check_images,
    check_named,
    check_style,
    shape_and_type,
)
from hwgen_keras.models.row_loss import RowLoss
from hwgen_keras.models.unet import CONDITIONS

# Settings that can change after the training.
SAMPLING = ("sampler", "steps", "spacing", "guidance")


@keras.saving.register_keras_serializable("hwgen_keras")
class DiffusionGenerator(CheckedInputs, ConfigFromSignature, keras.Model):
    """Writes the content image's character in the style image's hand, from noise.

    The initial noise is an input, so equal inputs give equal images.

    Args:
        network: a `UNet`.
        schedule: a key of `schedules.SCHEDULES`.
        parameterization: the network's prediction, of `schedules.PARAMETERIZATIONS`.
        sampler: a key of `samplers.SAMPLERS`.
        steps: evaluations of the network ("heun": twice as many, less one).
        spacing: of the steps, see `samplers.sampling_log_snrs`.
        guidance: scales of `"content"`, `"style"` and `"condition"` by name; 1, the
            default, samples as trained, above 1 exaggerates it, 0 samples without it.
            Each scale except 0 and 1 costs one more evaluation per step.

    Input: a dict of

    - `noise`: (batch, height, width, 1), float32, standard normal;
    - `content`: (batch, height, width, 1), float in [-1, 1], paper +1, ink -1; sides
      divisible by `stride`;
    - `style`, `style_weights` and the inputs of the condition: see `AdaINGenerator`;
    - `drop_content`, `drop_style`, `drop_condition`: (batch,) bool, optional: rows
      without that input.

    A call also takes `log_snrs`, optional float32 (steps,), increasing: the levels in
    place of those of `steps` and `spacing`.

    Output: (batch, height, width, 1), float32 in [-1, 1].

    Raises:
        InputError: an argument is none of these; or an input of a call is missing, or
            has another shape, type or range. The range of tensors is not checked.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> generator = hw.DiffusionGenerator(network, steps=2)
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> noise = np.random.default_rng(0).standard_normal(images.shape, "float32")
        >>> inputs = {"noise": noise, "content": images, "style": images}
        >>> tuple(generator(inputs).shape)
        (2, 16, 16, 1)

    Reference: Ho et al., DDPM, 2020; Ho and Salimans, Classifier-free Diffusion
    Guidance, 2022; Brooks et al., InstructPix2Pix, 2023 (one scale per condition).
    """

    mode = "diffusion"

    def __init__(
        self,
        network,
        schedule="cosine",
        parameterization="velocity",
        sampler="dpm_solver",
        steps=20,
        spacing="log_snr",
        guidance=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(guidance, dict | None):
            raise InputError(
                f"guidance is {described(guidance)}; give a dict, such as "
                "{'style': 1.5}."
            )
        guidance = dict.fromkeys(CONDITIONS, 1.0) | (guidance or {})
        for name, scale in guidance.items():
            schedules.check_name("guidance of", name, CONDITIONS)
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
    def stride(self):
        """The number that divides the sides of an image."""
        return self.network.stride

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

    def check_inputs(self, inputs):
        """Checks the inputs of a call, without the range of tensors.

        Args:
            inputs: those of a call.

        Raises:
            InputError: one is missing, or has another shape, type or range.
        """
        optional = ("style_weights", *(f"drop_{name}" for name in CONDITIONS))
        check_named(inputs, self.input_names, optional)
        check_images(inputs["content"], "content", stride=self.stride)
        check_style(inputs)
        content, _ = shape_and_type(inputs["content"], "content")
        noise, dtype = shape_and_type(inputs["noise"], "noise")
        if "float" not in dtype or not agree(noise, content):
            raise InputError(
                f"noise has the shape {noise} and the type {dtype}; give floats of the "
                f"shape of content, {content}."
            )
        if self.condition is not None:
            self.condition.check_inputs(inputs)

    def predict_image(self, noisy, log_snr, inputs, style):
        """The network's estimate of the clean image, without guidance, unclipped.

        Args:
            noisy: (batch, height, width, 1), float32.
            log_snr: of `noisy`, float32, (batch,) or one number.
            inputs: those of a call; `noise` is not used.
            style: the result of `network.encode_style`.
        """
        log_snr = ops.broadcast_to(log_snr, (ops.shape(noisy)[0],))
        prediction = self.network(noisy, log_snr, inputs, style)
        signal, sigma = schedules.rates(log_snr[:, None, None, None])
        kind = self.parameterization
        return schedules.to_image(prediction, noisy, signal, sigma, kind)

    def call(self, inputs, log_snrs=None):
        style = self.network.encode_style(inputs["style"], inputs.get("style_weights"))
        all_rows = ops.ones((ops.shape(inputs["noise"])[0],), "bool")
        scales = dict(self.guidance)
        if self.condition is None:
            del scales["condition"]
        absent = {f"drop_{k}": all_rows for k, scale in scales.items() if scale == 0}
        inputs = {**inputs, **absent}
        guided = {k: scale for k, scale in scales.items() if scale not in (0, 1)}

        def denoise(noisy, log_snr):
            conditional = image = self.predict_image(noisy, log_snr, inputs, style)
            for name, scale in guided.items():
                dropped = {**inputs, f"drop_{name}": all_rows}
                unconditional = self.predict_image(noisy, log_snr, dropped, style)
                image = image + (scale - 1.0) * (conditional - unconditional)
            return ops.clip(image, -1.0, 1.0)

        if log_snrs is None:
            log_snrs = samplers.sampling_log_snrs(
                self.schedule, self.steps, self.spacing
            )
        noise = ops.cast(inputs["noise"], "float32")
        return samplers.SAMPLERS[self.sampler](denoise, noise, log_snrs)

    def sampling(self, **settings):
        """A generator with the same trained network and other settings.

        Args:
            settings: of `sampler`, `steps`, `spacing` and `guidance`, those to change.

        Raises:
            InputError: a setting has a wrong value, see the class.
        """
        names = ("schedule", "parameterization", *SAMPLING)
        settings = {name: getattr(self, name) for name in names} | settings
        generator = type(self)(self.network, **settings, dtype=self.dtype_policy)
        generator.build()
        return generator


@keras.saving.register_keras_serializable("hwgen_keras")
class Diffusion(RowLoss):
    """Trains a `DiffusionGenerator` to separate images from added noise.

    Compile it with only an optimizer; `fit` minimises the mean of `call`.

    Args:
        generator: a `DiffusionGenerator`.
        min_snr_gamma: the largest weight of a signal-to-noise ratio; `None`: equal
            weights in the network's own parameterization.
        drop_content, drop_style, drop_condition: shares of rows without that input,
            drawn independently, for guidance.

    Data, a dict of one batch: `target`, `content`, `style` and the inputs of the
    generator's condition. The model draws noise, its level and the dropped inputs.

    Output: the weighted squared error of each row, (batch,), float32.

    Example:
        >>> network = hw.UNet(width=8, multipliers=(1, 2), patch=2, style_width=8)
        >>> model = hw.Diffusion(hw.DiffusionGenerator(network))
        >>> model.compile(optimizer="adam")
        >>> images = np.ones((2, 16, 16, 1), "float32")
        >>> batch = {"content": images, "style": images, "target": images}
        >>> tuple(model(batch).shape)
        (2,)

    Reference: Ho et al., 2020; Salimans and Ho, Progressive Distillation, 2022
    (velocity); Hang et al., Min-SNR Weighting, 2023; Kingma et al., Variational
    Diffusion Models, 2021, appendix I (evenly spaced levels in a batch).
    """

    def __init__(
        self,
        generator,
        min_snr_gamma=5.0,
        drop_content=0.1,
        drop_style=0.1,
        drop_condition=0.1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator, self.min_snr_gamma = generator, min_snr_gamma
        self.drop_content, self.drop_style = drop_content, drop_style
        self.drop_condition = drop_condition
        self.seed_generator = keras.random.SeedGenerator(layer_seed())

    def call(self, data, training=False):
        images = ops.cast(data["target"], "float32")
        batch, height, width, _ = ops.shape(images)
        generator, seed = self.generator, self.seed_generator

        # One random offset for all rows, which then share the levels evenly.
        start = keras.random.uniform((1,), seed=seed, dtype="float32")
        rows = ops.cast(ops.arange(batch), "float32") / ops.cast(batch, "float32")
        log_snr = schedules.SCHEDULES[generator.schedule]((start + rows) % 1.0)
        noise = keras.random.normal(
            (batch, height, width, 1), dtype="float32", seed=seed
        )
        inputs = {name: data[name] for name in generator.network.input_names}
        for name in CONDITIONS:
            drawn = keras.random.uniform((batch,), seed=seed, dtype="float32")
            inputs[f"drop_{name}"] = drawn < getattr(self, f"drop_{name}")

        signal, sigma = schedules.rates(log_snr[:, None, None, None])
        noisy = schedules.diffuse(images, noise, signal, sigma)
        prediction = generator.network(
            noisy, log_snr, inputs, generator.network.encode_style(inputs["style"])
        )
        kind = generator.parameterization
        target = schedules.training_target(images, noise, signal, sigma, kind)
        error = ops.mean(ops.square(prediction - target), axis=(1, 2, 3))
        return error * schedules.min_snr_weight(log_snr, kind, self.min_snr_gamma)
